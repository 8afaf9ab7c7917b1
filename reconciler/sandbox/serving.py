"""The process behind ``reconcile sandbox start``: ``python -m reconciler.sandbox.serving HOME PORT REGION PIPE``."""

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from reconciler.sandbox.daemon import Home, Running
from reconciler.sandbox.server import SandboxServer
from reconciler.sandbox.world import World

WATCH_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    """Serve one home until SIGTERM; what became of the start goes to the descriptor PIPE as one JSON object."""
    directory, port, region, pipe = arguments
    if os.fork():
        # The parent of the server goes at once: whoever started us waits for no child, and none stays a zombie.
        os._exit(0)
    home = Home(Path(directory))
    os.chdir(home.directory)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    with os.fdopen(int(pipe), "w", encoding="utf-8") as report, home.locked() as ours:
        if not ours:
            json.dump({"running": True}, report)
            return 0
        home.state_file.unlink(missing_ok=True)  # of one that ended without being stopped
        return _serve(home, int(port), region, report)


def _serve(home: Home, port: int, region: str, report: Any) -> int:
    world = World(region=region)
    try:
        world.moto.load()
        server = SandboxServer(world, port)
    except ModuleNotFoundError as problem:
        json.dump({"problem": "missing", "text": problem.name or str(problem)}, report)
        return 1
    except OSError as problem:
        json.dump({"problem": "port", "text": problem.strerror or str(problem)}, report)
        return 1
    home.write_state(Running(url=server.url, region=region, pid=os.getpid(), instance=world.instance))
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    threading.Thread(target=_watch, args=(home, world.instance), name="sandbox-watch", daemon=True).start()
    # It listens already: whoever comes now is served as soon as the loop below turns.
    json.dump({"started": True}, report)
    report.close()
    server.serve()
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    # All state is in memory and ends here; waiting for long polls to finish would serve nobody.
    os._exit(0)


def _watch(home: Home, instance: str) -> None:
    """End with the home: nobody could find, or stop, a sandbox whose directory was removed."""
    gone = threading.Event()
    while not gone.wait(WATCH_SECONDS):
        state = home.read_state()
        if state is None or state.instance != instance:
            os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
