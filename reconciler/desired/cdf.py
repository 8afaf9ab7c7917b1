"""The Fleet's ``provisioning`` section → who makes things, and how a CDF Provisioning service learns who calls."""

from typing import Any
from urllib.parse import urlsplit

from reconciler.desired.located import LocatedDict
from reconciler.desired.problems import Problems, names
from reconciler.model.fleet import CdfAuth, Provisioning

_KEYS_OF_AUTH = {
    "none": (),
    "iam": (),
    "bearer": ("variable",),
    "apiKey": ("variable",),
    "lambda": ("function",),
}
"""What each type of ``auth`` needs beside ``type``, and takes."""
_EXAMPLES = {"variable": "CDF_TOKEN", "function": "cdf-provisioning"}
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


def build_provisioning(spec: LocatedDict, problems: Problems) -> Provisioning:
    """The ``provisioning`` section of a Fleet's spec, which fits its schema, or the default where there is none."""
    section = spec.get("provisioning")
    if not isinstance(section, LocatedDict):
        return Provisioning()
    provider, url, auth = section.get("provider", "iot"), section.get("url"), section.get("auth")
    if provider == "iot":
        for key in ("url", "auth"):
            if key in section:
                message = f"spec.provisioning.{key} has no meaning with provider: iot"
                problems.add(section.key_position(key), "unknown-key", message, "take it away, or write provider: cdf")
        return Provisioning(provider, position=section.position())
    if not isinstance(auth, LocatedDict) and "auth" in section.places:
        return Provisioning(provider, url, position=section.position())  # it has problems of its own
    built = _auth(auth, problems) if isinstance(auth, LocatedDict) else CdfAuth()
    _check_url(spec, section, built, problems)
    return Provisioning(provider, url, built, section.position())


def _auth(auth: LocatedDict, problems: Problems) -> CdfAuth:
    kind: Any = auth.get("type")
    if kind is None:  # there was a problem with it, and nothing follows from that
        return CdfAuth()
    for key in _KEYS_OF_AUTH[kind]:
        if key not in auth.places:  # one that was written and left out, as it does not fit, has its own problem
            hint = f"add {key}: {_EXAMPLES[key]}, or what it is called"
            problems.add(auth.position(), "missing-key", f"spec.provisioning.auth lacks the key {key}", hint)
    for key in auth:
        if key not in {"type", *_KEYS_OF_AUTH[kind]}:
            takes = names(_KEYS_OF_AUTH[kind])
            message = f"spec.provisioning.auth.{key} has no meaning with type: {kind}"
            hint = "take it away" + (f"; it takes {takes}" if takes else "")
            problems.add(auth.key_position(key), "unknown-key", message, hint)
    return CdfAuth(kind, auth.get("variable", ""), auth.get("function", ""), auth.position())


def _check_url(spec: LocatedDict, section: LocatedDict, auth: CdfAuth, problems: Problems) -> None:
    url = section.get("url")
    if auth.type == "lambda":
        if url is not None:
            message = "spec.provisioning.url has no meaning with auth: {type: lambda}, which invokes the function"
            problems.add(section.key_position("url"), "unknown-key", message, "take it away, or choose another type")
        return
    if url is None and "url" in section.places:
        return
    if url is None:
        hint = "add url: https://… of the CDF Provisioning service"
        problems.add(spec.key_position("provisioning"), "missing-key", "spec.provisioning lacks the key url", hint)
        return
    try:
        parts = urlsplit(url)
        host, has_user = parts.hostname or "", parts.username is not None or parts.password is not None
    except ValueError:
        problems.add(section.position("url"), "bad-name", "spec.provisioning.url is no URL", "write https://HOST/PATH")
        return
    if has_user:  # the URL itself is not told: it may hold a password
        hint = "take the part before the @ away, and say with auth: {type: …} how the service learns who calls"
        problems.add(section.position("url"), "secret-in-url", "the URL holds a user name or password", hint)
    if auth.type in {"bearer", "apiKey"} and parts.scheme == "http" and host not in _THIS_MACHINE:
        message = f"a secret for {host} would travel in the open: the URL begins with http://"
        problems.add(section.position("url"), "secret-in-the-open", message, "write https://")
