"""The ways to CDF Provisioning: over HTTP, open, signed, or with a secret from the environment; or by its function."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.aws.client import Aws, is_not_found
from reconciler.aws.http import HttpAnswer
from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError
from reconciler.model.fleet import CdfAuth, Provisioning

MEDIA_TYPE = "application/vnd.aws-cdf-v1.0+json"
"""Mandatory in Accept; a body is read only under this Content-Type (CDF Provisioning answers 415 otherwise)."""

MASK = "***"
_REGIONAL_HOST = re.compile(r"^https?://[^/]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
"""What a token or key is made of (RFC 9110, 5.5, without spaces): anything else would end the header early."""


class Transport(Protocol):
    """A way to CDF Provisioning. ``denied`` says what to do about its answers 401 and 403."""

    @property
    def denied(self) -> str:
        """What to do when CDF Provisioning, or the gateway in front of it, lets nobody in."""

    @property
    def place(self) -> str:
        """What names the service in the Fleet, to be checked when something else answers."""

    def send(self, operation: str, method: str, path: str, document: Any = None) -> HttpAnswer:
        """Send one request and count it as ``cdf:operation``. Raises AwsError, and AnswerLostError as ``Aws.http``."""

    def masked(self, text: str) -> str:
        """``text`` of an answer without the secret that was sent, should the answer repeat it."""


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """CDF Provisioning at ``url``, called as ``auth`` says. Secrets are read from ``environment`` when they are sent.

    ``send`` raises ReconcileError if the environment lacks the secret.
    """

    aws: Aws
    url: str
    auth: CdfAuth = field(default_factory=CdfAuth)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def denied(self) -> str:
        """What to do about 401 and 403, by the kind of authentication."""
        match self.auth.type:
            case "iam":
                return (
                    "allow the role to call execute-api:Invoke on the API of CDF Provisioning; the request was signed "
                    f"for {self._region()}"
                )
            case "bearer":
                return f"get a new token and put it into {self.auth.variable}: this one is not accepted, or has expired"
            case "apiKey":
                return f"put a key that the API's usage plan knows into {self.auth.variable}: this one is not accepted"
            case _:
                return (
                    "let this machine call CDF Provisioning, or say in the Fleet who calls it (`provisioning: {auth: "
                    "{type: iam}}`, or bearer, apiKey): it is called without credentials"
                )

    @property
    def place(self) -> str:
        """The key of the Fleet that names the service."""
        return "provisioning: {url: …}"

    def send(self, operation: str, method: str, path: str, document: Any = None) -> HttpAnswer:
        """Send one request over HTTP."""
        return self.aws.http(
            "cdf",
            operation,
            method,
            self.url.rstrip("/") + path,
            headers=_headers(document) | self._credentials(),
            document=document,
            signed_in=self._region() if self.auth.type == "iam" else "",
        )

    def masked(self, text: str) -> str:
        """``text`` without the token or key."""
        secret = self.environment.get(self.auth.variable, "").strip() if self.auth.variable else ""
        return text.replace(secret, MASK) if secret else text

    def _credentials(self) -> dict[str, str]:
        if self.auth.type == "bearer":
            return {"Authorization": f"Bearer {self._secret()}"}
        return {"x-api-key": self._secret()} if self.auth.type == "apiKey" else {}

    def _secret(self) -> str:
        what = "token" if self.auth.type == "bearer" else "API key"
        secret = self.environment.get(self.auth.variable, "").strip()
        if not secret:
            raise ReconcileError(
                f"{self.auth.position}: the environment variable {self.auth.variable}, which holds the {what} for CDF "
                "Provisioning, is not set",
                hint=f"set it where reconcile runs: export {self.auth.variable}=…",
            )
        if not _HEADER_VALUE.fullmatch(secret):
            raise ReconcileError(
                f"{self.auth.position}: what the environment variable {self.auth.variable} holds is no {what}: it has "
                "spaces, line breaks or other characters that no HTTP header may have",
                hint=f"put the {what} alone into it, without a word such as Bearer in front",
            )
        return secret

    def _region(self) -> str:
        """The region that the API is in, which its own host tells; behind a domain of one's own, the fleet's."""
        found = _REGIONAL_HOST.match(self.url)
        return found[1] if found else self.aws.region


@dataclass(frozen=True, slots=True)
class LambdaTransport:
    """CDF Provisioning's Lambda ``function``, invoked past API Gateway, as CDF's own services invoke each other."""

    aws: Aws
    function: str

    @property
    def denied(self) -> str:
        """What to do about 401 and 403: the function itself lets everybody in who may invoke it."""
        return "look at the logs of CDF Provisioning's function: it refused the request itself"

    @property
    def place(self) -> str:
        """The key of the Fleet that names the service."""
        return "provisioning: {auth: {function: …}}"

    def send(self, operation: str, method: str, path: str, document: Any = None) -> HttpAnswer:
        """Send one request as the event that API Gateway would make of it."""
        try:
            return self.aws.invoke(
                "cdf", operation, self.function, method, path, headers=_headers(document), document=document
            )
        except AnswerLostError:
            raise
        except AwsError as error:
            if is_not_found(error):
                # Not as 404, which would say of a thing that it is not there.
                raise _refused(error, f"name CDF Provisioning's function in `{self.place}`", status=0) from error
            if error.status == 403:
                hint = f"allow the role to call lambda:InvokeFunction on {self.function}"
                raise _refused(error, error.hint if "aws" in error.hint else hint, status=403) from error
            raise

    def masked(self, text: str) -> str:
        """``text`` itself: no secret is sent."""
        return text


def transport_for(aws: Aws, provisioning: Provisioning) -> Transport | None:
    """The way to CDF Provisioning that the Fleet names; None if it lacks the URL or the function."""
    if provisioning.auth.type == "lambda":
        return LambdaTransport(aws, provisioning.auth.function) if provisioning.auth.function else None
    return HttpTransport(aws, provisioning.url, provisioning.auth) if provisioning.url else None


def _headers(document: Any) -> dict[str, str]:
    headers = {"Accept": MEDIA_TYPE}
    return headers if document is None else headers | {"Content-Type": MEDIA_TYPE}


def _refused(error: AwsError, hint: str, *, status: int) -> AwsError:
    return AwsError(
        f"{error.message}: invoking CDF Provisioning's function",
        operation="lambda:Invoke",
        code="NoSuchFunction" if not status else error.code,
        status=status,
        hint=hint,
    )
