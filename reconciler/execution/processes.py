"""Whether a process of this machine is still there, told apart from a later one with the same id."""

import os
import time
from pathlib import Path


def elapsed() -> float:
    """Seconds since some moment in the past, those that the machine slept through included, where the system counts."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(boottime) if boottime is not None else time.monotonic()


def process_identity(pid: int | None = None) -> str:
    """This process (or ``pid``) among all that ever ran: machine since its start, process namespace, id, start.

    Empty where the system does not tell (/proc is Linux's), or where there is no such process.
    """
    process = Path("/proc") / (str(pid) if pid is not None else "self")
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = (Path("/proc") / "self" / "ns" / "pid").readlink()
        # Behind the command's name, which may hold anything: the state is field 3, the start field 22 (proc(5)).
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    if fields[0] in {"Z", "X"}:  # dead, and not yet noticed by its parent
        return ""
    return f"{boot}/{namespace}/{pid if pid is not None else os.getpid()}/{fields[19]}"


def is_dead(identity: str) -> bool:
    """Whether a process of this machine is certain to be gone; false for one of another machine, or of none."""
    parts, own = identity.split("/"), process_identity().split("/")
    if len(parts) != len(own) or len(own) < 4 or parts[:-2] != own[:-2]:
        return False
    return process_identity(int(parts[-2])) != identity
