"""Which CDF Provisioning answers, and whom it lets in: what ``PUT /_sandbox/cdf`` tells."""

from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.errors import ControlError

VERSIONS = ("v1", "head")
OPEN = "none"
SECRETS = ("bearer", "apiKey")
AUTHS = (OPEN, "iam", *SECRETS)


class CdfSettings:
    """``version`` is ``v1`` or ``head`` (CDF's main branch); ``auth`` one of AUTHS, with its ``secret`` if it has one.

    They are about requests over HTTP; whoever invokes CDF's function is let in.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As at the start: CDF's first versions, open to everybody."""
        self.version, self.auth, self.secret = VERSIONS[0], OPEN, ""

    def told(self) -> dict[str, Any]:
        """What is in force, as ``replace`` takes it."""
        auth = {"type": self.auth} | ({"secret": self.secret} if self.secret else {})
        return {"version": self.version, "auth": auth}

    def replace(self, told: Any) -> None:
        """Put in force what was told, and the defaults for what was not. Raises ControlError, and changes nothing."""
        if not isinstance(told, Mapping) or set(told) - {"version", "auth"}:
            raise ControlError('cdf takes {"version": "v1" or "head", "auth": {"type": …, "secret": …}}')
        version, auth = told.get("version", VERSIONS[0]), told.get("auth", {"type": OPEN})
        if version not in VERSIONS:
            raise ControlError(f"cdf: version is {' or '.join(VERSIONS)}, not {version!r}")
        if not isinstance(auth, Mapping) or set(auth) - {"type", "secret"} or auth.get("type") not in AUTHS:
            raise ControlError(f'cdf: auth takes {{"type": one of {", ".join(AUTHS)}, "secret": text}}')
        secret = auth.get("secret", "")
        if not isinstance(secret, str) or bool(secret) != (auth["type"] in SECRETS):
            raise ControlError(f"cdf: {' and '.join(SECRETS)} come with a secret (text), the other types without")
        self.version, self.auth, self.secret = version, auth["type"], secret
