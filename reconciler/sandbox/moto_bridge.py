"""moto, in this process: its WSGI application, and the few of its calls that the sandbox's own services make."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.moto_mending import mend, on_clock

StartResponse = Callable[..., Any]
log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def partition_of(region: str) -> str:
    """The AWS partition that a region lies in."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


class MotoBridge:
    """moto's services for one account; loaded when first used, since that takes half a second."""

    def __init__(self, account: str, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._app: WsgiApp | None = None
        self._loading = threading.Lock()
        # moto's DynamoDB loses updates and lets two conditional writes win when threads meet in it.
        self._dynamodb = threading.Lock()

    def load(self) -> None:
        """Import moto. Raises ModuleNotFoundError where it is not installed."""
        with self._loading:
            if self._app is None:
                # What this module calls by itself is imported here, and never by two threads at once.
                import moto.moto_api._internal.models  # noqa: PLC0415 - as above
                import moto.s3.models  # noqa: PLC0415 - as above
                import moto.sqs.models  # noqa: F401, PLC0415 - as above
                from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - half a second
                    DomainDispatcherApplication,
                    create_backend_app,
                )

                mend()
                self._app = DomainDispatcherApplication(create_backend_app)

    def call(self, environ: dict[str, Any], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Let moto answer a WSGI request, whose body was read already: status, headers and body."""
        self.load()
        assert self._app is not None  # noqa: S101 - load() saw to it
        environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        answer: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            answer.update(status=int(status.split(" ", 1)[0]), headers=headers)

        atomic = str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith("DynamoDB")
        with on_clock(self._clock), self._dynamodb if atomic else nullcontext():
            content = _read(self._app(environ, start_response))
        return answer["status"], answer["headers"], content

    def read_object(self, bucket: str, key: str, region: str = "us-east-1") -> bytes:
        """An object's content. Raises ServiceError ``NoSuchBucket`` or ``NoSuchKey`` (404)."""
        self.load()
        from moto.s3.exceptions import MissingBucket  # noqa: PLC0415 - loaded when first used
        from moto.s3.models import s3_backends  # noqa: PLC0415 - loaded when first used

        try:
            found = s3_backends[self._account][partition_of(region)].get_object(bucket, key)
        except MissingBucket as problem:
            raise ServiceError(
                "NoSuchBucket", f"The specified bucket does not exist: {bucket}", status=404
            ) from problem
        if found is None:
            raise ServiceError("NoSuchKey", f"The specified key does not exist: {bucket}/{key}", status=404)
        return bytes(found.value)

    def put_event(
        self,
        region: str,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        time: datetime,
        resources: Sequence[str] = (),
    ) -> None:
        """Put an event on the region's default bus, from where rules take it to their targets.

        ``time`` is the event's own, ``resources`` the ARNs of what it is about. Never raises: what cannot be
        delivered is lost, and said in the log.
        """
        if self._app is None:
            return  # nobody has spoken to moto yet, so there are no rules
        from moto.events.models import events_backends  # noqa: PLC0415 - loaded when first used

        event = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Time": time.timestamp(),
            "Resources": list(resources),
        }
        try:
            with on_clock(self._clock):
                events_backends[self._account][region].put_events([event])
        except Exception:
            # A target that is gone is nothing to whoever puts an event.
            log.exception("delivering %s in %s", detail_type, region)

    def reset(self) -> None:
        """Forget all that moto knows."""
        if self._app is None:
            return
        from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - loaded when first used

        with self._dynamodb:
            moto_api_backend.reset()


def _read(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
