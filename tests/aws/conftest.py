"""Fixtures for the client: one that never really pauses, and a server that says one thing."""

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.aws.client import Aws
from reconciler.sandbox.testing import Sandbox

Answering = Callable[..., str]


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client would have waited."""
    return []


@pytest.fixture
def client(aws: Sandbox, pauses: list[float]) -> Aws:
    """The product's client of an empty sandbox."""
    return Aws(aws.region, sleep=pauses.append)


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Start a server that answers every request alike; its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer  # noqa: N815 (the names that http.server calls)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in http.server)
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
