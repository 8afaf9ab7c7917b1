"""The sandbox as a process of its own: started, found again and stopped by way of its home directory.

Three files lie in a home: ``sandbox.json`` says where the sandbox is reached, ``sandbox.log`` is what it printed, and
``sandbox.lock`` is locked for as long as it lives. The lock tells whether one runs: the system frees it however the
process ends, so a state file that was left behind, or a process id that means another process by now, misleads nobody.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from reconciler.model.errors import ReconcileError
from reconciler.sandbox.remote import Remote

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOCK_SECONDS = 0.5
POLL_SECONDS = 0.02

INSTALL_HINT = "install the extra: pip install 'greengrass-reconciler[sandbox]'"


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that runs: its address, its region, its process and which instance it is."""

    url: str
    region: str
    pid: int
    instance: str


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one sandbox. Two homes are two sandboxes that know nothing of each other."""

    directory: Path

    @property
    def state_file(self) -> Path:
        """Where the sandbox is reached; there while it runs."""
        return self.directory / "sandbox.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the process that serves this home."""
        return self.directory / "sandbox.lock"

    @property
    def log_file(self) -> Path:
        """What the sandboxes of this home printed."""
        return self.directory / "sandbox.log"

    def read_state(self) -> Running | None:
        """What the state file says, whether or not it is still true; None where there is none that can be read."""
        try:
            content = json.loads(self.state_file.read_text(encoding="utf-8"))
            return Running(str(content["url"]), str(content["region"]), int(content["pid"]), str(content["instance"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_state(self, running: Running) -> None:
        """Say where the sandbox is reached."""
        draft = self.state_file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(running)) + "\n", encoding="utf-8")
        draft.replace(self.state_file)

    def is_locked(self) -> bool:
        """Whether a sandbox serves this home. Raises ReconcileError where that cannot be told."""
        try:
            file = self.lock_file.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as problem:
            raise ReconcileError(
                f"opening {self.lock_file}: {problem.strerror}", hint="give a --home of your own"
            ) from problem
        with file:
            return not _try_lock(file, fcntl.LOCK_SH)

    def was_left_behind(self) -> bool:
        """Whether a sandbox served this home and ended without being stopped."""
        return self.state_file.exists() and not self.is_locked()

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the lock for as long as the block lasts; gives False where another process has it."""
        with self.lock_file.open("ab") as file:
            # Whoever asks is_locked() has it for a moment, too: that is no reason to give up.
            deadline = time.monotonic() + LOCK_SECONDS
            while not (ours := _try_lock(file, fcntl.LOCK_EX)) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            yield ours


def _try_lock(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def find(home: Home) -> Running | None:
    """The sandbox that runs in this home; None where none does. Waits for one that is just starting."""
    deadline = time.monotonic() + START_SECONDS
    while home.is_locked():
        running = home.read_state()
        if running is not None and _answers(running):
            return running
        if time.monotonic() > deadline:
            raise ReconcileError(
                f"a sandbox holds {home.lock_file} and does not answer",
                hint=f"look into {home.log_file}; `reconcile sandbox stop` ends it",
            )
        time.sleep(POLL_SECONDS)
    return None


def start(home: Home, *, port: int, region: str) -> tuple[Running, bool]:
    """Start a sandbox in ``home`` and wait until it answers; port 0 takes a free one.

    Gives the running sandbox, and whether it was started now (False: it ran already, whatever its port and region).
    Raises ReconcileError where the home cannot be written, the port is taken, or the extra is not installed.
    """
    running = find(home)
    if running is not None:
        return running, False
    try:
        home.directory.mkdir(parents=True, exist_ok=True)
        report = _spawn(home, port, region)
    except OSError as problem:
        raise ReconcileError(
            f"starting a sandbox in {home.directory}: {problem.strerror or problem}",
            hint="--home takes a directory that can be written",
        ) from problem
    _raise_for(report, home, port)
    running = find(home)
    if running is None:
        raise ReconcileError("the sandbox ended as soon as it had started", hint=f"look into {home.log_file}")
    return running, not report.get("running", False)


def stop(home: Home) -> bool:
    """Stop the sandbox of this home and wait for its end; gives False where none ran.

    Raises ReconcileError where it cannot be ended.
    """
    if not home.is_locked():
        home.state_file.unlink(missing_ok=True)
        return False
    running = home.read_state()
    if running is None:
        running = find(home)
    if running is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(running.pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while home.is_locked():
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        else:
            home.state_file.unlink(missing_ok=True)
            return True
    raise ReconcileError(f"the sandbox with process id {running.pid} does not end", hint="end it by hand")


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as problem:
        raise ReconcileError(
            f"the sandbox with process id {pid} belongs to someone else", hint="stop it as the user who started it"
        ) from problem


def _spawn(home: Home, port: int, region: str) -> dict[str, Any]:
    """Start the serving process, in a session of its own and with no descriptor of ours; what it reports.

    ``-P``: nothing in the directory that we are called from is to be imported. The report comes through a pipe,
    which it closes once it answers or gives up. An empty one: it died.
    """
    reading, writing = os.pipe()
    arguments = [sys.executable, "-P", "-m", "reconciler.sandbox.serving", str(home.directory), str(port), region]
    try:
        with home.log_file.open("ab") as output:
            child = subprocess.Popen(  # noqa: S603 - our own module
                [*arguments, str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[writing],
                start_new_session=True,
            )
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        report = pipe.read()
    child.wait()
    try:
        return dict(json.loads(report))
    except ValueError:
        return {}


def _raise_for(report: dict[str, Any], home: Home, port: int) -> None:
    problem = report.get("problem")
    if problem == "port":
        raise ReconcileError(
            f"port {port} of 127.0.0.1 cannot be had: {report['text']}",
            hint="give another --port, or none to get a free one",
        )
    if problem == "missing":
        raise ReconcileError(f"the sandbox needs {report['text']}, which is not installed", hint=INSTALL_HINT)
    if not report.get("started") and not report.get("running"):
        raise ReconcileError("the sandbox ended before it answered", hint=f"look into {home.log_file}")


def _answers(running: Running) -> bool:
    try:
        return bool(Remote(running.url, timeout=5).health()["instance"] == running.instance)
    except (OSError, ValueError, KeyError):
        return False
