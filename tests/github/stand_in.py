"""GitHub on this machine: keeps comments, checks, issues, labels, branches and pull requests, as GitHub does.

Every request and every answer is held against GitHub's own description; what does not fit is in ``mismatches``, and a
request that does not fit is answered with 500. What each operation does is in ``tests.github.operations`` and
``git_operations``.
"""

import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.github.description import check_answer, check_request, find
from tests.github.git_operations import GIT_OPERATIONS
from tests.github.operations import OPERATIONS, RefusedError, State, add_comment


@dataclass
class Fault:
    """An answer in place of what ``method`` and ``template`` would do, so many ``times``; status 0 cuts the line."""

    method: str
    template: str
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "a fault"
    after: bool = False


class _Quiet(WSGIRequestHandler):
    """Says nothing of requests: they are in ``requests``."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Keep quiet."""


class StandIn:
    """A GitHub with one repository, served by threads of this process; a context manager."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.mismatches: list[str] = []
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.state = State(self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, method: str, template: str, status: int, **more: Any) -> None:
        """Answer the next request of that kind with an error (see ``Fault``)."""
        self.faults.append(Fault(method, template, status, **more))

    def bodies(self, number: int) -> list[str]:
        """The comments of an issue or pull request, the oldest first."""
        return [comment["body"] for comment in self.state.comments.values() if comment["_issue"] == number]

    def add_pull(self, pull: Mapping[str, Any], **changes: Any) -> None:
        """Take in a pull request as a webhook's payload describes it."""
        self.state.pulls[int(pull["number"])] = {**pull, **changes}

    def add_comment(self, number: int, body: str, login: str) -> int:
        """Somebody's comment; its id."""
        return add_comment(self.state, number, body, login)

    def _answer(self, environment: Any, start: Any) -> Any:
        request = Request(environment)
        with self._lock:
            response = self._serve(request)
        if response is None:  # the line is cut
            environment["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response(status=500)(environment, start)
        return response(environment, start)

    def _serve(self, request: Request) -> Response | None:
        found = find(request.method, request.path)
        if found is None:
            self.mismatches.append(f"{request.method} {request.path} is not described")
            return _json(404, {"message": "Not Found"})
        operation, (*parts,) = found
        self.requests.append((request.method, operation.template))
        self.tokens.append(request.headers.get("Authorization", "").removeprefix("Bearer "))
        fault = next((one for one in self.faults if (one.method, one.template) == operation[:2] and one.times), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                return self._fault(fault)
        body = json.loads(request.get_data()) if request.get_data() else None
        wrong = check_request(operation, request.args, body)
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _json(401, {"message": "Requires authentication"})
        if wrong:
            self.mismatches += [f"{request.method} {request.path}: {what}" for what in wrong]
            return _json(500, {"message": "; ".join(wrong)})
        try:
            handler = {**OPERATIONS, **GIT_OPERATIONS}[request.method, operation.template]
            in_repository = parts[2:] if operation.template.startswith("/repos/") else parts
            status, answer = handler(self.state, in_repository, body if body is not None else dict(request.args))
        except RefusedError as refused:
            status, answer = refused.status, refused.body
        headers: dict[str, str] = {}
        if isinstance(answer, list | dict) and "page" in operation_parameters(operation.declared):
            answer, headers = self._page(request, answer)
        self.mismatches += [
            f"answer to {request.method} {request.path}: {what}" for what in check_answer(operation, status, answer)
        ]
        if fault is not None:
            return self._fault(fault)
        return _json(status, answer, headers)

    def _fault(self, fault: Fault) -> Response | None:
        return _json(fault.status, {"message": fault.message}, fault.headers) if fault.status else None

    def _page(self, request: Request, answer: Any) -> tuple[Any, dict[str, str]]:
        size, number = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
        key = next((name for name in answer if isinstance(answer[name], list)), "") if isinstance(answer, dict) else ""
        rows = answer[key] if key else answer
        part = rows[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(rows):
            query = "&".join(f"{name}={value}" for name, value in {**request.args, "page": number + 1}.items())
            headers["Link"] = f'<{self.url}{request.path}?{query}>; rel="next", <{self.url}/last>; rel="last"'
        return ({**answer, key: part} if key else part), headers


def operation_parameters(declared: Mapping[str, Any]) -> set[str]:
    """The names of what a request may ask, as far as they are shared parameters."""
    return {parameter.get("$ref", "").rpartition("/")[2] for parameter in declared.get("parameters", ())}


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    text = "" if body is None else json.dumps(_public(body))
    return Response(text, status, {"Content-Type": "application/json", **(headers or {})})


def _public(value: Any) -> Any:
    if isinstance(value, list):
        return [_public(item) for item in value]
    if isinstance(value, dict):
        return {key: _public(item) for key, item in value.items() if not key.startswith("_")}
    return value
