"""Throttles and server errors, each in the words of the service that it is put into the mouth of."""

import json
import uuid
from xml.sax.saxutils import escape

from reconciler.sandbox.cdf.invocation import is_invocation
from reconciler.sandbox.naming import Callee
from reconciler.sandbox.request import Request
from reconciler.sandbox.restjson import Answer

# Codes as the services send them; botocore retries each of them as a throttle.
THROTTLES = {
    "greengrass": (429, "TooManyRequestsException"),
    "s3": (503, "SlowDown"),
    "sqs": (400, "RequestThrottled"),
    "sts": (400, "Throttling"),
    "iam": (400, "Throttling"),
}
REST_THROTTLE = (429, "ThrottlingException")
JSON_THROTTLE = (400, "ThrottlingException")
ERRORS = {
    "greengrass": "InternalServerErrorException",
    "greengrassv2": "InternalServerException",
    "iot": "InternalFailureException",
    "s3": "InternalError",
    "dynamodb": "InternalServerError",
}


def throttled(request: Request, callee: Callee) -> Answer:
    """The answer to one call too many."""
    usual = JSON_THROTTLE if "x-amz-target" in request.headers else REST_THROTTLE
    status, code = THROTTLES.get(callee.service, usual)
    status, headers, body = _answer(request, callee, status, code, "Too Many Requests")
    if callee.service == "greengrassv2":
        headers = {**headers, "Retry-After": "1"}  # its retryAfterSeconds
    return status, headers, body


def broken(request: Request, callee: Callee) -> Answer:
    """The answer of a service that has an error of its own (500)."""
    code = ERRORS.get(callee.service, "InternalFailure")
    return _answer(request, callee, 500, code, "We encountered an internal error. Please try again.")


def unfit(request: Request, callee: Callee, status: int, code: str, message: str) -> Answer:
    """Any other refusal, in the protocol of the service."""
    return _answer(request, callee, status, code, message)


def _answer(request: Request, callee: Callee, status: int, code: str, message: str) -> Answer:
    request_id = str(uuid.uuid4())
    if callee.service == "cdf" and not is_invocation(request):
        name = "message" if status == 429 else "error"  # API Gateway throttles, CDF's own code fails
        return status, {"Content-Type": "application/json"}, json.dumps({name: message}).encode()
    if callee.service == "s3":
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message>'
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        body = b"" if request.method == "HEAD" else text.encode()
        return status, {"Content-Type": "application/xml", "x-amz-request-id": request_id}, body
    headers = {"x-amzn-RequestId": request_id}
    if "x-amz-target" in request.headers:
        headers["Content-Type"] = request.headers.get("content-type", "application/x-amz-json-1.1")
        return status, headers, json.dumps({"__type": code, "message": message}).encode()
    if "Action" in request.form or "Action" in request.query:
        fault = "Receiver" if status >= 500 else "Sender"
        text = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return status, {**headers, "Content-Type": "text/xml"}, text.encode()
    headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"message": message, "Message": message}).encode()
