"""boto3's session and clients, and botocore's HTTP session, each made when it is first asked for.

boto3 is imported then, too: that takes a quarter of a second, which commands without AWS need not pay.
"""

import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

from reconciler import __version__
from reconciler.aws.budgets import Budgets
from reconciler.aws.errors import translate
from reconciler.aws.http import HttpAnswer, read_json, sign
from reconciler.model.errors import AwsError

CONNECTIONS = 32
BUDGETED = "reconciler-budgets"
"""Names what a client does before each attempt, so that it can be put in place of another's."""


class Clients:
    """What speaks to AWS in one region, for threads to share. It sends each request once.

    A client waits for ``budgets`` before each request: each costs the account one of its calls.
    """

    def __init__(self, region: str, budgets: Budgets) -> None:
        self._region, self._budgets = region, budgets
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._http: Any = None

    def of(self, service: str) -> Any:
        """The client of ``service`` (boto3 name). Raises AwsError where none can be made."""
        with self._lock:
            if (client := self._clients.get(service)) is None:
                client = self._clients[service] = self._make(service)
            return client

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, signed_in: str
    ) -> HttpAnswer:
        """Send one plain HTTP request; it is signed for API Gateway in the region ``signed_in``, unless that is empty.

        Raises what botocore raises.
        """
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 (as boto3)

        request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
        if signed_in:
            with self._lock:
                session = self._get_session()
            sign(request, session, signed_in)
        response = self._http_session().send(request.prepare())
        return HttpAnswer(response.status_code, read_json(response.content))

    def _make(self, service: str) -> Any:
        client = self._new(service)

        def before_send(event_name: str, **_: Any) -> None:
            self._budgets.take(service, event_name.rsplit(".", 1)[-1])

        client.meta.events.register("before-send", before_send, unique_id=BUDGETED)
        return client

    def _new(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 (as boto3)

        try:
            return self._get_session().client(
                service,
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 1},
                    max_pool_connections=CONNECTIONS,
                    connect_timeout=10,
                    read_timeout=60,
                    user_agent_extra=f"greengrass-reconciler/{__version__}",
                ),
            )
        except BotoCoreError as error:
            raise translate(error, f"{service} client", resendable=True) from error
        except ValueError as error:  # botocore's word for an endpoint that is no URL
            hint = "AWS_ENDPOINT_URL is a whole URL, such as http://127.0.0.1:4566; unset it to reach AWS itself"
            raise AwsError(
                f"{service} client: {error}", operation=service, code="InvalidEndpoint", hint=hint
            ) from error

    def _get_session(self) -> Any:
        """The boto3 session. Only for whoever holds the lock."""
        import boto3  # noqa: PLC0415 (see above)

        if self._session is None:
            self._session = boto3.session.Session(region_name=self._region)
        return self._session

    def _http_session(self) -> Any:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 (as boto3)

        with self._lock:
            if self._http is None:
                self._http = URLLib3Session(timeout=60, max_pool_connections=CONNECTIONS)
            return self._http
