"""Whom CDF Provisioning lets in: its API Gateway, which the sandbox plays when it is told to."""

import hmac
import json
import re
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from reconciler.sandbox.remote import ACCESS_KEY
from reconciler.sandbox.request import Request
from reconciler.sandbox.restjson import Answer
from reconciler.sandbox.world import World

SIGNING_NAME = "execute-api"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?SignedHeaders=(?P<headers>[^,]+), ?"
    r"Signature=(?P<signature>[0-9a-f]+)"
)


def refusal(world: World, request: Request) -> Answer | None:
    """How API Gateway turns ``request`` away; None where it lets it in."""
    match world.cdf.auth:
        case "iam":
            why = _signature_problem(request, world.region)
            return _denied(403, why) if why else None
        case "bearer":
            given = request.headers.get("authorization", "")
            if not given:
                return _denied(401, "Unauthorized")
            is_known = hmac.compare_digest(given.encode(), f"Bearer {world.cdf.secret}".encode())
            return None if is_known else _denied(403, "User is not authorized to access this resource", "Message")
        case "apiKey":
            given = request.headers.get("x-api-key", "")
            return None if hmac.compare_digest(given.encode(), world.cdf.secret.encode()) else _denied(403, "Forbidden")
        case _:
            return None


def _signature_problem(request: Request, region: str) -> str:
    """What is wrong with a request's signature, in API Gateway's words; empty for a sound one."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        return "Missing Authentication Token"
    if found["key"] != ACCESS_KEY:
        return "The security token included in the request is invalid."
    date, _, rest = found["scope"].partition("/")
    if rest != f"{region}/{SIGNING_NAME}/aws4_request":
        return f"Credential should be scoped to a valid region and to service {SIGNING_NAME}: {rest}"
    if not request.headers.get("x-amz-date", "").startswith(date):
        return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
    signed = {name: request.headers.get(name, "") for name in found["headers"].split(";")}
    if not hmac.compare_digest(_signature(request, signed, region), found["signature"]):
        return "The request signature we calculated does not match the signature you provided."
    return ""


def _signature(request: Request, signed: Mapping[str, str], region: str) -> str:
    """The signature that the request should bear, worked out from what arrived."""
    query = f"?{request.query_string}" if request.query_string else ""
    arrived = AWSRequest(
        method=request.method,
        url=f"http://{request.headers.get('host', '')}{request.raw_path}{query}",
        data=request.body,
        headers=dict(signed),
    )
    arrived.context["timestamp"] = request.headers.get("x-amz-date", "")
    auth = SigV4Auth(Credentials(ACCESS_KEY, ACCESS_KEY), SIGNING_NAME, region)
    return str(auth.signature(auth.string_to_sign(arrived, auth.canonical_request(arrived)), arrived))


def _denied(status: int, message: str, member: str = "message") -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({member: message}).encode()
