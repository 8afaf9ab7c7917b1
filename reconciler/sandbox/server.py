"""One sandbox behind a port of 127.0.0.1."""

import logging
import threading
from typing import Any

from reconciler.sandbox.front import Front
from reconciler.sandbox.world import World

HOST = "127.0.0.1"
TICK_SECONDS = 0.05
# Long polls and calls that were told to be slow hold a thread each.
THREADS = 64

log = logging.getLogger(__name__)


class SandboxServer:
    """Serves one world, listening from the moment it is made; raises OSError where the port cannot be had."""

    def __init__(self, world: World, port: int = 0) -> None:
        import waitress.server  # noqa: PLC0415 - of the extra "sandbox", which may be missing

        # A request that waits for a thread is nothing to warn of here.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.world = world
        self._server: Any = waitress.server.create_server(
            Front(world),
            host=HOST,
            port=port,
            threads=THREADS,
            connection_limit=1000,
            ident="reconcile-sandbox",
            log_socket_errors=False,  # how the front cuts a connection, see ConnectionCutError
            asyncore_use_poll=True,
        )
        self._server.channel_class = _channel_class()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self.port}"

    def serve(self) -> None:
        """Serve until ``close`` is called from another thread, or the process ends."""
        ticker = threading.Thread(target=self._tick, name="sandbox-ticker", daemon=True)
        self._threads.append(ticker)
        ticker.start()
        self._server.run()

    def start(self) -> None:
        """Serve from a thread of its own."""
        thread = threading.Thread(target=self._serve_until_closed, name="sandbox-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Stop serving and close all connections."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        trigger = self._server.trigger
        # Under the lock that the server takes before it closes the trigger: or it may be closed before it is pulled.
        with trigger.lock:
            trigger.thunks.append(self._close_all)
            trigger._physical_pull()  # noqa: SLF001 - pull_trigger lets go of the lock in between
        for thread in self._threads:
            thread.join(timeout=10)

    def _close_all(self) -> None:
        from waitress import wasyncore  # noqa: PLC0415 - as above

        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._server._map)  # noqa: SLF001 - waitress offers no way to stop from outside

    def _serve_until_closed(self) -> None:
        try:
            self.serve()
        except OSError:
            if not self._stopped.is_set():
                raise

    def _tick(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            try:
                self.world.tick()
            except Exception:
                log.exception("letting the simulated cores move on")


def _channel_class() -> Any:
    """waitress's channel, but for requests that announce a body of no bytes, as S3's clients do for empty objects.

    It would ask for that body ("100 Continue") and wait for it for ever.
    """
    from waitress.channel import HTTPChannel  # noqa: PLC0415 - as above
    from waitress.parser import HTTPRequestParser  # noqa: PLC0415 - as above

    class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if not self.chunked and not self.content_length:
                self.expect_continue = False

    class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
        parser_class = Parser

    return Channel
