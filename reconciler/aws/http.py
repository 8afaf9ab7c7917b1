"""Requests to JSON services that are no AWS API: over HTTP, signed or not, or by way of their Lambda function."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GATEWAY = "execute-api"
"""The name under which API Gateway wants requests signed (API Gateway guide, "Signing requests")."""
BAD_GATEWAY = 502
"""Stands for a function that broke down or answered in no form that API Gateway knows, as API Gateway has it."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The answer of a plain HTTP service: status and decoded JSON (None where there was none).

    What a service says is kept out of its representation, for it may hold a private key.
    """

    status: int
    document: Any = field(repr=False)


def sign(request: Any, session: Any, region: str) -> None:
    """Sign botocore's ``request`` for API Gateway in ``region`` (Signature Version 4) as the boto3 ``session``.

    Raises NoCredentialsError where the session has no credentials, and whatever getting hold of them raises.
    """
    from botocore.auth import SigV4Auth  # noqa: PLC0415 (as boto3: commands without AWS need not pay for it)
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    SigV4Auth(credentials.get_frozen_credentials(), GATEWAY, region).add_auth(request)


def gateway_event(method: str, path: str, headers: Mapping[str, str], document: Any = None) -> dict[str, Any]:
    """A request as API Gateway hands it to a function (API Gateway guide, "Lambda proxy integrations")."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "body": None if document is None else json.dumps(document),
        "isBase64Encoded": False,
    }


def function_answer(payload: bytes, function_error: str | None) -> HttpAnswer:
    """What a function's ``payload`` means over HTTP. A function that broke down (``function_error``) is a 502."""
    answer = read_json(payload)
    if function_error:
        words = answer.get("errorMessage") if isinstance(answer, Mapping) else None
        return HttpAnswer(BAD_GATEWAY, {"error": f"the function broke down: {words or function_error}"})
    status = answer.get("statusCode") if isinstance(answer, Mapping) else None
    if not isinstance(status, int):
        return HttpAnswer(BAD_GATEWAY, {"error": "the function's answer has no statusCode: is it the right function?"})
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        body = _decoded(body)
    return HttpAnswer(status, read_json(body))


def read_json(content: bytes | str) -> Any:
    """The JSON in ``content``, None where there is none."""
    try:
        return json.loads(content) if content else None
    except (ValueError, TypeError):
        return None


def _decoded(body: Any) -> bytes:
    try:
        return base64.b64decode(body)
    except (ValueError, TypeError):
        return b""
