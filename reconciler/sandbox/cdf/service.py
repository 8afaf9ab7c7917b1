"""CDF Provisioning's requests and answers: media type, routes, bodies and errors.

Its two generations differ in errors only (``World.cdf``): ``v1`` answers ``{"error": message}`` and 500 for
whatever is not there; ``head``, CDF's main branch, answers ``{}``, 404 for a thing and 400 for a template.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from reconciler.sandbox.cdf.provision import provision
from reconciler.sandbox.cdf.refusals import CdfError, argument_error
from reconciler.sandbox.cdf.templates import find_template
from reconciler.sandbox.cdf.things import delete_thing, describe_thing, switch_certificates
from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.world import World

MEDIA_TYPE = "application/vnd.aws-cdf-v1.0+json"
HEAD = "head"

Answer = tuple[int, dict[str, str], bytes]

_THING = re.compile(r"/things/([^/]+)/?")
_CERTIFICATES = re.compile(r"/things/([^/]+)/certificates/?")


def handle(world: World, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Answer one request: status, headers and body. ``path`` is without base path, still percent-encoded."""
    lower = {name.lower(): value for name, value in headers.items()}
    if lower.get("accept") != MEDIA_TYPE:
        return 415, {}, b""
    try:
        with world.lock:
            status, content = _route(world, method, path.partition("?")[0], _document(lower, body))
    except (CdfError, ServiceError) as problem:
        return _refuse(problem, head=world.cdf.version == HEAD)
    if content is None:
        return status, {}, b""
    return status, {"Content-Type": MEDIA_TYPE}, json.dumps(content).encode()


def _route(world: World, method: str, path: str, document: Mapping[str, Any]) -> tuple[int, dict[str, Any] | None]:
    call = _caller(world)
    thing, certificates = _THING.fullmatch(path), _CERTIFICATES.fullmatch(path)
    if method == "POST" and path.rstrip("/") == "/things":
        template_id = _text(document, "provisioningTemplateId")
        template = find_template(world, template_id, head=world.cdf.version == HEAD)
        return 201, provision(call, template, document, world.clock.now())
    if thing and method == "GET":
        return 200, describe_thing(call, unquote(thing[1]))
    if thing and method == "DELETE":
        delete_thing(call, unquote(thing[1]))
        return 204, None
    if certificates and method == "PATCH":
        switch_certificates(call, unquote(certificates[1]), _text(document, "certificateStatus"))
        return 204, None
    raise CdfError(404, f"Cannot {method} {path}")


def _caller(world: World) -> Any:
    """CDF's own client of AWS IoT, as a function of operation and parameters."""
    handlers = world.iot_in(world.region).handlers
    return lambda operation, params: handlers[operation](params)


def _document(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The body; nothing where its Content-Type is not CDF's, since CDF does not read it then."""
    if headers.get("content-type", "").partition(";")[0].strip() != MEDIA_TYPE or not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as problem:
        raise CdfError(400, f"the body is not JSON: {problem}") from problem
    return document if isinstance(document, dict) else {}


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise argument_error(f"Expected `{key}` to be a string that is not empty")
    return value


def _refuse(problem: CdfError | ServiceError, *, head: bool) -> Answer:
    if isinstance(problem, CdfError):
        status = problem.status
    else:
        status = 404 if head and problem.code == "ResourceNotFoundException" else 500
    content = {} if head else {"error": problem.message}
    return status, {"Content-Type": MEDIA_TYPE}, json.dumps(content).encode()
