"""botocore's errors in our words."""

from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from reconciler.aws.errors import (
    BUCKET_HINT,
    CLOCK_HINT,
    CREDENTIALS_HINT,
    EXPIRED_HINT,
    THROTTLED,
    TRANSIENT_CODES,
    TRANSIENT_STATUSES,
    error_code,
    is_throttled,
    may_resend,
    translate,
)
from reconciler.model.errors import AnswerLostError

URL = "https://greengrass.eu-central-1.amazonaws.com/greengrass/groups"


def refusal(code: str, status: int, message: str = "No.", **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response | more, "AnyOperation")


def test_a_refusal_says_who_what_and_why() -> None:
    error = translate(refusal("BadRequestException", 400, "Bad group."), "greengrass:CreateGroup", resendable=False)
    assert str(error) == "greengrass:CreateGroup: BadRequestException: Bad group"
    assert (error.operation, error.code, error.status, error.hint) == (
        "greengrass:CreateGroup",
        "BadRequestException",
        400,
        "",
    )


@pytest.mark.parametrize(
    ("said", "told"), [("We failed. Try again.", "We failed. Try again"), ("Wait...", "Wait..."), ("No", "No")]
)
def test_a_sentence_can_go_on_after_what_was_said(said: str, told: str) -> None:
    error = translate(refusal("InternalFailure", 400, said), "iot:X", resendable=True)
    assert str(error) == f"iot:X: InternalFailure: {told}"


def test_greengrass_detailed_codes_are_kept() -> None:
    rows = [{"DetailedErrorCode": "GG-303", "DetailedErrorMessage": "busy"}, {}]
    error = translate(refusal("BadRequestException", 400, ErrorDetails=rows), "greengrass:X", resendable=False)
    assert error.details == ("GG-303", "")


def test_an_answer_without_words_is_still_a_sentence() -> None:
    error = translate(ClientError({}, "HeadObject"), "s3:HeadObject", resendable=True)
    assert (str(error), error.status) == ("s3:HeadObject: 0: no message", 0)


@pytest.mark.parametrize(
    "code", ["ResourceNotFoundException", "aws.iot#ResourceNotFoundException", "ResourceNotFoundException:http://x/"]
)
def test_what_services_put_around_a_code_is_taken_off(code: str) -> None:
    assert error_code(refusal(code, 404)) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        ("InvalidClientTokenId", 403, CREDENTIALS_HINT),
        ("UnrecognizedClientException", 403, CREDENTIALS_HINT),
        ("InvalidAccessKeyId", 403, CREDENTIALS_HINT),
        ("SignatureDoesNotMatch", 403, CREDENTIALS_HINT),
        ("ExpiredToken", 400, EXPIRED_HINT),
        ("ExpiredTokenException", 403, EXPIRED_HINT),
        ("RequestTimeTooSkewed", 403, CLOCK_HINT),
        ("NoSuchBucket", 404, BUCKET_HINT),
        ("AccessDeniedException", 403, "allow the role to call iot:RegisterThing"),
        ("AccessDenied", 403, "allow the role to call iot:RegisterThing"),
        ("UnauthorizedOperation", 400, "allow the role to call iot:RegisterThing"),
        ("InvalidRequestException", 400, ""),
    ],
)
def test_what_the_user_can_do_is_said(code: str, status: int, hint: str) -> None:
    assert translate(refusal(code, status), "iot:RegisterThing", resendable=False).hint == hint


def test_a_signature_from_a_wrong_clock_is_not_taken_for_wrong_credentials() -> None:
    late = refusal("InvalidSignatureException", 403, "Signature expired: 20261120T100000Z is now earlier than …")
    assert translate(late, "iot:DescribeThing", resendable=True).hint == CLOCK_HINT


def test_s3_hides_what_is_not_there_from_those_who_may_not_list() -> None:
    denied = translate(refusal("AccessDenied", 403), "s3:GetObject", resendable=True)
    assert denied.hint == "allow the role to call s3:GetObject and s3:ListBucket"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (exceptions.NoCredentialsError(), CREDENTIALS_HINT),
        (exceptions.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), CREDENTIALS_HINT),
        (exceptions.ProfileNotFound(profile="plant"), CREDENTIALS_HINT),
        (exceptions.ConfigParseError(path="~/.aws/config", error="?"), CREDENTIALS_HINT),
        (exceptions.CredentialRetrievalError(provider="process", error_msg="?"), CREDENTIALS_HINT),
        (exceptions.NoRegionError(), CREDENTIALS_HINT),
        (exceptions.UnauthorizedSSOTokenError(), EXPIRED_HINT),
        (exceptions.SSOTokenLoadError(error_msg="?"), EXPIRED_HINT),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="?"), EXPIRED_HINT),
        (exceptions.ParamValidationError(report="?"), ""),
    ],
)
@pytest.mark.parametrize("resendable", [True, False])
def test_what_never_left_is_no_lost_answer(error: BotoCoreError, hint: str, resendable: bool) -> None:
    ours = translate(error, "iot:RegisterThing", resendable=resendable)
    assert not isinstance(ours, AnswerLostError)
    assert (ours.hint, ours.status, ours.code) == (hint, 0, type(error).__name__)
    assert not may_resend(error, resendable=True)


UNSENT = [exceptions.EndpointConnectionError(endpoint_url=URL), exceptions.ConnectTimeoutError(endpoint_url=URL)]
LOST = [
    exceptions.ConnectionClosedError(endpoint_url=URL),
    exceptions.ReadTimeoutError(endpoint_url=URL),
    exceptions.HTTPClientError(error="?"),
    exceptions.ResponseStreamingError(error="?"),
    exceptions.SSLError(endpoint_url=URL, error=OSError("?")),
]


@pytest.mark.parametrize("error", UNSENT)
def test_no_connection_names_the_address_and_what_to_check(error: BotoCoreError) -> None:
    ours = translate(error, "greengrass:ListGroups", resendable=False)
    assert not isinstance(ours, AnswerLostError)
    assert URL in ours.message
    assert "check the network, and the address: the region, AWS_ENDPOINT_URL" in ours.message
    assert may_resend(error, resendable=False)


@pytest.mark.parametrize("error", LOST)
def test_an_answer_that_did_not_come_is_lost_where_it_matters(error: BotoCoreError) -> None:
    lost = translate(error, "iot:RegisterThing", resendable=False)
    assert isinstance(lost, AnswerLostError)
    assert lost.hint.startswith("nobody knows whether it was done")
    assert not isinstance(translate(error, "iot:DescribeThing", resendable=True), AnswerLostError)
    assert may_resend(error, resendable=True)
    assert not may_resend(error, resendable=False)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_of_aws_own_may_have_done_the_work(status: int) -> None:
    error = refusal("InternalFailureException", status)
    assert isinstance(translate(error, "iot:RegisterThing", resendable=False), AnswerLostError)
    assert not isinstance(translate(error, "iot:DescribeThing", resendable=True), AnswerLostError)
    assert may_resend(error, resendable=True)
    assert not may_resend(error, resendable=False)


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("ThrottlingException", 400), ("", 429), ("TooManyRequestsException", 429)]
)
def test_a_throttled_call_did_nothing(code: str, status: int) -> None:
    error = refusal(code, status)
    assert is_throttled(error)
    assert may_resend(error, resendable=False)
    assert not isinstance(translate(error, "iot:RegisterThing", resendable=False), AnswerLostError)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ResourceNotFoundException", 404),
        ("LimitExceededException", 410),
        ("NotImplemented", 501),
        ("PreconditionFailed", 412),
    ],
)
def test_an_answer_that_will_not_change_is_not_asked_for_again(code: str, status: int) -> None:
    assert not may_resend(refusal(code, status), resendable=True)


def test_the_codes_are_botocores() -> None:
    throttled, transient = vars(ThrottledRetryableChecker), vars(TransientRetryableChecker)
    assert set(throttled["_THROTTLED_ERROR_CODES"]) >= THROTTLED
    assert set(transient["_TRANSIENT_ERROR_CODES"]) == TRANSIENT_CODES
    assert set(transient["_TRANSIENT_STATUS_CODES"]) == TRANSIENT_STATUSES
