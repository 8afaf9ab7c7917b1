"""The one way to AWS: every call goes through the budgets, is counted, retried where that is safe, and explained.

Calls that are not idempotent are never resent when their answer is lost: that raises AnswerLostError, and the caller
looks up what was done before it decides. Throttling is different: nothing was done, so they are sent again.

botocore resends nothing here. Its own retries share a quota per client that drains under steady throttling and then
fails calls at their first attempt; they cannot be counted where a call fails; and they know nothing of what is safe.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from io import IOBase
from typing import Any, NoReturn, TypeVar

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from reconciler.aws.budgets import Budgets
from reconciler.aws.clients import Clients
from reconciler.aws.errors import is_unreachable, may_resend, translate
from reconciler.aws.http import HttpAnswer, function_answer, gateway_event
from reconciler.aws.stats import Stats, is_write
from reconciler.model.errors import AwsError
from reconciler.model.secrets import NO_SECRETS

Answer = TypeVar("Answer")

ATTEMPTS = 8
"""With the pauses between them some 26 seconds on average: what AWS's own throttling and restarts take to pass."""
CONNECT_ATTEMPTS = 4
"""Where nothing listens, or no name resolves, people would rather know soon."""
LONGEST_PAUSE = 20.0
"""Seconds (botocore's standard retry mode, ExponentialBackoff)."""
PAGE = "250"
"""The largest page of Greengrass V1 (API reference: MaxResults 1 to 250; a string in the model)."""

NOT_IDEMPOTENT = ("Create", "Register", "Associate", "Reset", "Start")
"""Beginnings of operations whose second sending could do their work twice."""
TOKENED = frozenset({"CreateDeployment", "StartBulkDeployment", "CreateComponentVersion"})
"""V1 honours AmznClientToken at the first two, and only there (Developer Guide, "Deployments" and "Create bulk
deployments"); V2 honours clientToken at the first and the last, for eight hours (API reference)."""
TOKENS = frozenset({"AmznClientToken", "clientToken"})
PASSING_STATUSES = frozenset({502, 503, 504})
"""Of a gateway in front of a service that is no AWS API: the service itself said nothing."""
OF_THE_LEDGER = frozenset({"dynamodb", "sqs"})
"""Services that hold what a run itself remembers: they may be written to also by who lost the fleet's lock."""


class Aws:
    """AWS in one account and region. Threads share it; boto3 is imported at the first call.

    ``before_write`` is called before each call that may change something, and may raise ReconcileError. ``secrets`` are
    hidden in errors.
    """

    def __init__(
        self,
        region: str,
        *,
        limits: Mapping[str, float] | None = None,
        share: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.region = region
        self.stats = Stats()
        self._budgets = Budgets(region, limits, share=share)
        self._sleep = sleep
        self._clients = Clients(region, self._budgets)
        self.before_write: Callable[[], None] = _may_write
        self.secrets = NO_SECRETS

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call ``operation`` (API name) of ``service`` (boto3 name) and return the answer without its metadata.

        A streamed ``Body`` comes as bytes. Raises AwsError, and AnswerLostError for a call that is not idempotent and
        whose answer did not come.
        """

        body = parameters.get("Body")

        def send() -> dict[str, Any]:
            if isinstance(body, IOBase):
                body.seek(0)  # of a file, an earlier attempt may have sent a part
            answer = dict(getattr(self._clients.of(service), xform_name(operation))(**parameters))
            answer.pop("ResponseMetadata", None)
            if hasattr(answer.get("Body"), "read"):
                answer["Body"] = answer["Body"].read()
            return answer

        if is_write(operation) and service not in OF_THE_LEDGER:
            self.before_write()
        self.stats.count(service, operation)
        resendable = is_resendable(operation, tokened=not TOKENS.isdisjoint(parameters))
        return self._until_done(f"{service}:{operation}", send, resendable=resendable)

    def back_off(self, attempt: int) -> None:
        """Pause before the attempt after ``attempt`` (from 1): twice as long each time, and by chance, to spread."""
        self._sleep(random.uniform(0, min(LONGEST_PAUSE, 0.25 * 2**attempt)))  # noqa: S311 (jitter, no secret)

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every item under ``key`` of a paged Greengrass V1 list, page by page, in the order of the answers."""
        token: dict[str, str] = {}
        while True:
            answer = self.call(service, operation, MaxResults=PAGE, **parameters, **token)
            yield from answer.get(key, [])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def listed(self, service: str, operation: str, key: str, *, page: int, **parameters: Any) -> Iterator[Any]:
        """Every item under ``key`` of a list of Greengrass V2 or AWS IoT, ``page`` of them a call."""
        token: dict[str, str] = {}
        while True:
            answer = self.call(service, operation, maxResults=page, **parameters, **token)
            yield from answer.get(key, [])
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def account(self) -> str:
        """The account that the credentials belong to. Raises AwsError when there are none or AWS does not answer."""
        return str(self.call("sts", "GetCallerIdentity")["Account"])

    def clock_skew(self) -> float:
        """By how many seconds AWS's clock is ahead of this machine's. Raises AwsError if AWS does not answer."""

        def send() -> float:
            answer = self._clients.of("sts").get_caller_identity()
            stated = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            return stated.timestamp() - time.time()

        self.stats.count("sts", "GetCallerIdentity")
        return self._until_done("sts:GetCallerIdentity", send, resendable=True)

    def http(
        self,
        service: str,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        document: Any = None,
        signed_in: str = "",
    ) -> HttpAnswer:
        """Send one request to a JSON service that is no AWS API, and count it as ``service:operation``.

        It is signed with the session's credentials for API Gateway in the region ``signed_in``, if one is given. Sent
        again when it was throttled (429), and a GET also when its answer is lost or a gateway's. What other
        status the service answers with is for the caller. Raises AnswerLostError when no answer came to another method.
        """
        body = None if document is None else json.dumps(document).encode()

        def send() -> HttpAnswer:
            self._budgets.take(service, operation)
            return self._clients.send(method, url, headers=headers, body=body, signed_in=signed_in)

        return self._exchange(service, operation, method, send)

    def invoke(
        self,
        service: str,
        operation: str,
        function: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        document: Any = None,
    ) -> HttpAnswer:
        """As ``http``, but the service is asked by way of its Lambda ``function``, past API Gateway.

        Raises AwsError also where Lambda itself refuses.
        """
        event = json.dumps(gateway_event(method, path, headers, document)).encode()

        def send() -> HttpAnswer:
            self._budgets.take(service, operation)
            made = self._clients.of("lambda").invoke(
                FunctionName=function, InvocationType="RequestResponse", Payload=event
            )
            return function_answer(made["Payload"].read(), made.get("FunctionError"))

        return self._exchange(service, operation, method, send)

    def _exchange(self, service: str, operation: str, method: str, send: Callable[[], HttpAnswer]) -> HttpAnswer:
        resendable = method == "GET"
        if not resendable:
            self.before_write()

        def is_passing(answer: HttpAnswer) -> bool:
            return answer.status == 429 or (resendable and answer.status in PASSING_STATUSES)

        self.stats.count(service, operation)
        return self._until_done(f"{service}:{operation}", send, resendable=resendable, is_passing=is_passing)

    def _until_done(
        self,
        name: str,
        send: Callable[[], Answer],
        *,
        resendable: bool,
        is_passing: Callable[[Answer], bool] = lambda _: False,
    ) -> Answer:
        """The answer that ``send`` brings, sent again as long as that helps and does no harm."""
        attempt = 1
        while True:
            try:
                answer = send()
            except (ClientError, BotoCoreError) as error:
                most = CONNECT_ATTEMPTS if is_unreachable(error) else ATTEMPTS
                if attempt >= most or not may_resend(error, resendable=resendable):
                    self._give_up(error, name, resendable=resendable)
            else:
                if attempt >= ATTEMPTS or not is_passing(answer):
                    return answer
            self.stats.retried()
            self.back_off(attempt)
            attempt += 1

    def _give_up(self, error: ClientError | BotoCoreError, name: str, *, resendable: bool) -> NoReturn:
        """Raise ``error`` as ours; where its text tells a secret, nothing leads back to it."""
        translated = translate(error, name, resendable=resendable)
        hidden = self.secrets.hide(translated.message)
        if hidden == translated.message:
            raise translated from error
        translated.message, translated.args = hidden, (hidden,)
        raise translated from None


def _may_write() -> None:
    """Nothing stands against writing."""


def is_resendable(operation: str, *, tokened: bool = True) -> bool:
    """Whether sending ``operation`` twice does no more than sending it once.

    ``tokened`` says whether it bears a client token, which makes it so where the service honours one.
    """
    return (tokened and operation in TOKENED) or not operation.startswith(NOT_IDEMPOTENT)


def is_not_found(error: AwsError) -> bool:
    """Whether AWS says that a thing, group, version or object is not there."""
    return error.status == 404 or error.code in {"404", "NoSuchKey", "ResourceNotFoundException"}
