"""The sandbox's WSGI application: faults and limits, our own services, moto for the rest, and the log of calls."""

import http
import logging
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.sandbox import cdf, control
from reconciler.sandbox.call_log import Call, is_write
from reconciler.sandbox.cdf.access import refusal
from reconciler.sandbox.cdf.invocation import broken_down, invoked, is_invocation, wrapped
from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.faults import going_on_for
from reconciler.sandbox.moto_bridge import StartResponse
from reconciler.sandbox.naming import Callee, callee_of, cdf_path
from reconciler.sandbox.refusing import broken, throttled, unfit
from reconciler.sandbox.request import Request
from reconciler.sandbox.restjson import Answer, RestJsonService
from reconciler.sandbox.world import Backend, World

log = logging.getLogger(__name__)

# What a WSGI application must leave to its server, or what is wrong once a body was read whole.
SERVER_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})

Response = tuple[int, list[tuple[str, str]], bytes]


class ConnectionCutError(ConnectionAbortedError):
    """Raised to have the server close the connection without an answer.

    waitress takes an OSError from an application for a broken connection: it writes nothing and closes.
    """


class Front:
    """Takes every request of one sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._services = {name: RestJsonService(name) for name in ("greengrass", "greengrassv2", "iot")}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Raises ConnectionCutError where the caller is to get no answer."""
        request = Request.read(environ)
        if request.raw_path.startswith(control.PREFIX):
            status, headers, body = _listed(control.handle(self.world, request))
        else:
            status, headers, body = self._logged(request)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if not has_length:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(f"{status} {_phrase(status)}", headers)
        return [body]

    def _logged(self, request: Request) -> Response:
        callee = callee_of(request, self.world.region)
        began = self.world.clock.time()
        fault, response = self._under_faults(request, callee)
        cut = fault in ("lost", "refused")
        self.world.calls.add(
            Call(
                service=callee.service,
                operation=callee.operation,
                status=0 if cut or response is None else response[0],
                time=began,
                write=is_write(callee.operation),
                region=callee.region,
                fault=fault,
            )
        )
        if cut or response is None:
            raise ConnectionCutError(f"{callee.service}:{callee.operation}: {fault}")
        return response

    def _under_faults(self, request: Request, callee: Callee) -> tuple[str | None, Response | None]:
        """The fault that befell the call, if any, and the answer, if the work was done or refused in words."""
        if not self.world.limits.admit(callee.service, callee.operation):
            return None, _listed(throttled(request, callee))
        strike = self.world.faults.strike(callee.service, callee.operation)
        if strike.seconds:
            time.sleep(strike.seconds)
        if strike.fault == "refused":
            return strike.fault, None
        if strike.fault == "throttle":
            return strike.fault, _listed(throttled(request, callee))
        if strike.fault == "error":
            return strike.fault, _listed(broken(request, callee))
        if strike.fault == "stale" and not is_write(callee.operation):
            key = (callee, request.method, request.raw_path, request.query_string, request.body)
            return strike.fault, self.world.past.answer(key, strike.span, lambda: self._answer(request, callee))
        with going_on_for(strike.span if strike.fault == "lost" else 0.0):
            return strike.fault or ("latency" if strike.seconds else None), self._answer(request, callee)

    def _answer(self, request: Request, callee: Callee) -> Response:
        try:
            if callee.service == "cdf":
                return self._cdf(request)
            if callee.service in ("greengrass", "greengrassv2"):
                return _listed(self._greengrass(request, callee))
            if callee.service == "iot":
                backend = self.world.iot_in(callee.region)
                if callee.operation in backend.handlers:
                    return _listed(self._own(self._services["iot"], backend, request))
            return self._moto(request, callee)
        except NotImplementedError as problem:
            # 501 and not moto's 500, which clients would retry in vain.
            text = f"the sandbox has no {callee.service}:{callee.operation}: {problem}"
            return _listed(unfit(request, callee, 501, "NotImplemented", text))
        except Exception as problem:
            log.exception("%s:%s", callee.service, callee.operation)
            text = f"the sandbox itself is at fault, see its log: {type(problem).__name__}: {problem}"
            return _listed(unfit(request, callee, 500, "InternalFailure", text))

    def _greengrass(self, request: Request, callee: Callee) -> Answer:
        # Both versions of Greengrass answer on this one host; the service that knows the path is the one meant.
        service = self._services[callee.service]
        if callee.operation not in service.operations:
            raise NotImplementedError(f"{request.method} {request.raw_path}")
        is_v2 = callee.service == "greengrassv2"
        backend = (self.world.greengrass_v2_in if is_v2 else self.world.greengrass_in)(callee.region)
        with self.world.lock:
            backend.tick()
            return self._own(service, backend, request)

    def _own(self, service: RestJsonService, backend: Backend, request: Request) -> Answer:
        found = service.match(request.method, request.raw_path)
        if found is None:
            raise NotImplementedError(f"{request.method} {request.raw_path}")
        operation, labels = found
        try:
            params = service.parse(operation, labels, request.query_string, request.headers, request.body)
            handler = backend.handlers.get(operation.name)
            if handler is None:
                raise NotImplementedError(operation.name)
            with self.world.lock:
                status, headers, body = service.render(operation, handler(params))
        except ServiceError as error:
            status, headers, body = service.refuse(error)
        return status, {**headers, "x-amzn-RequestId": str(uuid.uuid4())}, body

    def _cdf(self, request: Request) -> Response:
        if not is_invocation(request):
            return _listed(refusal(self.world, request) or self._cdf_answer(request))
        inner = invoked(request)
        return _listed(wrapped(self._cdf_answer(inner)) if inner is not None else broken_down())

    def _cdf_answer(self, request: Request) -> Answer:
        with self.world.lock:
            return cdf.handle(self.world, request.method, cdf_path(request), request.headers, request.body)

    def _moto(self, request: Request, callee: Callee) -> Response:
        status, headers, body = self.world.moto.call(dict(request.environ), request.body)
        if status == 404 and body.startswith(b"<!doctype html>"):
            raise NotImplementedError(callee.operation)
        # A HEAD answer tells the length of what it does not send.
        kept = SERVER_HEADERS - {"content-length"} if request.method == "HEAD" else SERVER_HEADERS
        return status, [(name, str(value)) for name, value in headers if name.lower() not in kept], body


def _listed(answer: tuple[int, Mapping[str, str], bytes]) -> Response:
    status, headers, body = answer
    return status, list(headers.items()), body


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
