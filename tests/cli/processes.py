"""``reconcile`` as a process: with pipes, and on a terminal of its own."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.fleets import Ran

PROGRAM = [sys.executable, "-c", "from reconciler.cli.main import main; main()"]
DEADLINE = 60


def run_process(*arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
    """Run a command to its end, its output piped and no terminal in sight."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
        check=False,
        env={**os.environ, **(env or {})},
        encoding="utf-8",
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class OnTerminal(NamedTuple):
    """What a command left that ran on a terminal: its exit code, and all that the terminal showed."""

    code: int
    shown: str


def run_on_terminal(
    *arguments: str | Path, answer: str = "", interrupted: bool = False, meanwhile: Callable[[], object] = dict
) -> OnTerminal:
    """Run a command on a terminal; once it asks, do what Ctrl-C does if it is to be ``interrupted``, call
    ``meanwhile``, and type ``answer``.

    An interrupt may come just before Python waits for the answer, and is heeded after it then: only then is it typed.
    """
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
        start_new_session=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 # it takes no lock
    )
    os.close(terminal)
    shown, deadline, asked = b"", time.monotonic() + DEADLINE, False
    try:
        while chunk := _read(controller, deadline):
            shown += chunk
            if not asked and b"Only `yes` goes on" in shown:
                asked = True
                if not (interrupted and _interrupt(process)):
                    meanwhile()
                    os.write(controller, answer.encode())
        return OnTerminal(process.wait(DEADLINE), shown.decode())
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(controller)


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores Ctrl-C, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(process: subprocess.Popen[bytes]) -> bool:
    """Do what Ctrl-C does; whether that has ended the process."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        return False
    return True


def _read(controller: int, deadline: float) -> bytes:
    """What the terminal shows next, nothing once the process has let go of it."""
    ready, _, _ = select.select([controller], [], [], max(0.0, deadline - time.monotonic()))
    assert ready, "the command neither said anything nor ended"
    try:
        return os.read(controller, 65536)
    except OSError:  # Linux: nobody holds the other end any more
        return b""
