"""botocore's exceptions told apart by what a caller has to do about them, and put into words."""

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError as BotoConnectionError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The codes that botocore's standard retry mode takes for throttling (botocore/retries/standard.py).

Without LimitExceededException, which in Greengrass and AWS IoT is a quota: waiting does not mend that.
"""
TRANSIENT_CODES = frozenset({"PriorRequestNotComplete", "RequestTimeout", "RequestTimeoutException"})
TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
"""The same file, TransientRetryableChecker."""

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
SKEW_WORDS = ("Signature expired", "Signature not yet current")
"""How AWS words that the clocks differ; the code is that of any bad signature."""

CREDENTIALS_HINT = (
    "set AWS credentials (`aws configure`, AWS_PROFILE, the role of the machine, or `reconcile sandbox env` for a "
    "sandbox) and try again"
)
EXPIRED_HINT = "the credentials have expired: sign in again (`aws sso login`, or take on the role anew) and try again"
CLOCK_HINT = "set the clock of this machine, which differs from that of AWS, and try again"
BUCKET_HINT = "make the bucket, or correct its name in the Fleet"
LOST_HINT = "nobody knows whether it was done: run the same again, which looks before it does anything twice"
UNREACHABLE = "check the network, and the address: the region, AWS_ENDPOINT_URL, or the URL in the Fleet"

_UNSENT = (ConnectTimeoutError, EndpointConnectionError)
_BAD_CREDENTIALS = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
_EXPIRED = (SSOError, TokenRetrievalError)


def error_code(error: ClientError) -> str:
    """The error code of an answer, without a namespace or URL that some services put around it."""
    return str(error.response.get("Error", {}).get("Code", "")).split("#")[-1].split(":")[0]


def http_status(error: ClientError) -> int:
    """The HTTP status of an answer, 0 if botocore kept none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_throttled(error: ClientError) -> bool:
    """Whether the call was turned away for coming too often, so that nothing was done."""
    return http_status(error) == 429 or error_code(error) in THROTTLED


def is_unreachable(error: ClientError | BotoCoreError) -> bool:
    """Whether no connection came about: waiting rarely mends that."""
    return isinstance(error, (*_UNSENT, SSLError))


def may_resend(error: ClientError | BotoCoreError, *, resendable: bool) -> bool:
    """Whether sending the call again can help, and does no harm.

    That holds for whatever was turned away or never left; for lost answers and AWS's own errors only if ``resendable``.
    """
    if isinstance(error, ClientError):
        if is_throttled(error):
            return True
        is_transient = error_code(error) in TRANSIENT_CODES or http_status(error) in TRANSIENT_STATUSES
    elif isinstance(error, _UNSENT):
        return True
    else:
        is_transient = isinstance(error, HTTPClientError | BotoConnectionError | IncompleteReadError)
    return resendable and is_transient


def may_pass(error: ReconcileError) -> bool:
    """Whether the cause of an error is AWS as a whole, overrun, at fault or not reached: that may pass."""
    return isinstance(error, AwsError) and (error.status in {0, 429} or error.status >= 500 or error.code in THROTTLED)


def translate(error: ClientError | BotoCoreError, operation: str, *, resendable: bool) -> AwsError:
    """``error`` of ``operation`` (``service:Operation``) as ours.

    With ``resendable`` false, an answer that did not come, or a 5xx, is an AnswerLostError: the work may be done.
    """
    if isinstance(error, ClientError):
        return _refusal(error, operation, resendable=resendable)
    code = type(error).__name__
    text = f"{operation}: {_unended(' '.join(str(error).split()))}"
    if isinstance(error, _UNSENT):
        return AwsError(f"{text}: {UNREACHABLE}", operation=operation, code=code)
    if isinstance(error, _BAD_CREDENTIALS):
        return AwsError(text, operation=operation, code=code, hint=CREDENTIALS_HINT)
    if isinstance(error, _EXPIRED):
        return AwsError(text, operation=operation, code=code, hint=EXPIRED_HINT)
    if isinstance(error, HTTPClientError | BotoConnectionError) and not resendable:
        return AnswerLostError(text, operation=operation, code=code, hint=LOST_HINT)
    return AwsError(text, operation=operation, code=code)


def _refusal(error: ClientError, operation: str, *, resendable: bool) -> AwsError:
    code, status = error_code(error), http_status(error)
    message = str(error.response.get("Error", {}).get("Message", "")).strip() or "no message"
    text = f"{operation}: {code or status}: {_unended(message)}"
    if status >= 500 and not resendable and not is_throttled(error):
        return AnswerLostError(text, operation=operation, code=code, status=status, hint=LOST_HINT)
    rows: Any = error.response.get("ErrorDetails") or ()
    details = tuple(str(row.get("DetailedErrorCode", "")) for row in rows)
    hint = _refusal_hint(code, status, message, operation)
    return AwsError(text, operation=operation, code=code, status=status, hint=hint, details=details)


def _unended(text: str) -> str:
    """``text`` without the full stop that it may end in: more of a sentence follows where it is told."""
    return text if text.endswith("..") else text.removesuffix(".")


def _refusal_hint(code: str, status: int, message: str, operation: str) -> str:
    if code == "RequestTimeTooSkewed" or any(words in message for words in SKEW_WORDS):
        return CLOCK_HINT
    if code in EXPIRED_CODES:
        return EXPIRED_HINT
    if code in CREDENTIAL_CODES:
        return CREDENTIALS_HINT
    if code == "NoSuchBucket":
        return BUCKET_HINT
    if status == 403 or "AccessDenied" in code or code == "UnauthorizedOperation":
        # S3 hides from those who may not list a bucket that an object is not there (API reference, GetObject).
        beside = " and s3:ListBucket" if operation == "s3:GetObject" else ""
        return f"allow the role to call {operation}{beside}"
    return ""
