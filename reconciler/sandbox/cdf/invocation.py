"""CDF Provisioning's Lambda function: a request in the shape of API Gateway's event, and the answer likewise."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from reconciler.sandbox.request import Request
from reconciler.sandbox.restjson import Answer

FUNCTION = "cdf-provisioning"
"""The one function that there is without anybody having made it."""
_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_NAME = re.compile(rf"(arn:[a-z-]+:lambda:[a-z0-9-]+:\d{{12}}:function:)?{FUNCTION}(:[^:]+)?")


def is_invocation(request: Request) -> bool:
    """Whether a request invokes the function, by name or ARN, with a version or alias or without."""
    found = _INVOKE.fullmatch(request.raw_path)
    scope = request.scope
    return (
        found is not None
        and scope is not None
        and scope[1] == "lambda"
        and request.method == "POST"
        and _NAME.fullmatch(unquote(found[1])) is not None
    )


def invoked(request: Request) -> Request | None:
    """The request that the event in an invocation stands for; None for an event that is no such thing."""
    try:
        event = json.loads(request.body)
        body = event.get("body") or ""
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        method, path = event["httpMethod"], event["path"]
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    if not isinstance(method, str) or not isinstance(path, str):
        return None
    return Request(method.upper(), path, "", headers, content, request.environ)


def wrapped(answer: Answer) -> Answer:
    """``answer`` as the function hands it to API Gateway, and Lambda to whoever invoked it."""
    status, headers, body = answer
    document = {"statusCode": status, "headers": dict(headers), "body": body.decode(), "isBase64Encoded": False}
    return _payload(document, {})


def broken_down() -> Answer:
    """The answer of Lambda where the function broke down over its event."""
    document = {"errorType": "TypeError", "errorMessage": "the event is not one of API Gateway's"}
    return _payload(document, {"X-Amz-Function-Error": "Unhandled"})


def _payload(document: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    told = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST", **headers}
    return 200, told, json.dumps(document).encode()
