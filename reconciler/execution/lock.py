"""The fleet's lock: one run at a time writes. Who lost it, or slept through its end, writes no more."""

import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from reconciler.execution.holding import kept
from reconciler.execution.ledger import Leases
from reconciler.execution.precedence import now_text
from reconciler.execution.processes import elapsed, is_dead, process_identity
from reconciler.model.errors import ReconcileError, StaleError
from reconciler.model.run import Lease
from reconciler.runtimes.patience import Patience

LEASE_SECONDS = 30.0
"""How long a holder that died keeps others out at most; it is renewed every 10 seconds."""
QUEUED_SECONDS = 120.0
"""The same for a run in the queues: any worker renews it."""
MARGIN_SECONDS = 5.0
"""A call that leaves this long before the end of the lease is over by then."""
LOOK_SECONDS = 1.0


@dataclass
class Held:
    """The lock in this process's hands. ``clock`` counts seconds also while the process is paused."""

    leases: Leases
    lease: Lease
    seconds: float
    clock: Callable[[], float] = elapsed
    _until: float = field(default=0.0, init=False)
    _lost: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds - MARGIN_SECONDS

    def renew(self) -> None:
        """Keep the lock. Raises ReconcileError if the ledger does not answer."""
        began = self.clock()
        if self.leases.renew(self.lease.run, self.seconds):
            self._until = began + self.seconds - MARGIN_SECONDS
        else:
            self._lost = True

    def give_back(self) -> None:
        """Let go of the lock; it lapses by itself where the ledger does not answer."""
        with suppress(ReconcileError):
            self.leases.end(self.lease.run)

    def check(self) -> None:
        """Raise StaleError unless the lock is still ours: called before every call that writes."""
        if not self._lost and self.clock() >= self._until:
            self.renew()  # nobody renewed it: this process, or its machine, was asleep
        if self._lost:
            now = self.leases.current()
            who = f"{now.holder} has it for run {now.run}" if now is not None and now.until else "it was taken away"
            raise StaleError(
                f"run {self.lease.run} lost the fleet's lock ({who}), and writes no more",
                hint="apply again: what is done stays, the rest is tried again",
            )


@contextmanager
def locked(
    leases: Leases,
    run: str,
    timeout: float,
    say: Callable[[str, str], None],
    *,
    queued: bool = False,
    patience: Patience | None = None,
) -> Iterator[Held]:
    """Hold the fleet's lock for ``run``, waiting for it for ``timeout`` seconds at most, and give it back at the end.

    A ``queued`` run keeps it: workers renew it, and whoever ends the run gives it back. Raises StaleError if somebody
    else has it.
    """
    seconds = QUEUED_SECONDS if queued else LEASE_SECONDS
    wanted = Lease(0, run, _holder(), "" if queued else process_identity(), run_link(os.environ), "", "")
    held = Held(leases, _take(leases, wanted, seconds, timeout, say, patience or Patience()), seconds)
    try:
        with kept(held.renew):
            yield held
    except BaseException:
        held.give_back()
        raise
    if not queued:
        held.give_back()


def _take(
    leases: Leases,
    wanted: Lease,
    seconds: float,
    timeout: float,
    say: Callable[[str, str], None],
    patience: Patience,
) -> Lease:
    said, deadline = "", patience.now() + timeout
    while True:
        lease = leases.take(wanted, seconds)
        if lease.run == wanted.run:
            return lease
        if is_dead(lease.process):
            say("", f"the lock of run {lease.run} is free: its process ({lease.holder}) is no more")
            leases.end(lease.run)
            continue
        if patience.now() >= deadline:
            raise StaleError(
                f"the fleet is locked: {lock_words(lease)}",
                hint="wait for it with --lock-timeout SECONDS; if that run is dead, `reconcile unlock` frees the fleet",
            )
        if said != lease.run:
            say("", f"waiting for the lock: {lock_words(lease)}")
            said = lease.run
        patience.sleep(LOOK_SECONDS)


def lock_words(lease: Lease) -> str:
    """Who holds a lease, for which run, since when and until when, and where it can be watched."""
    words = f"{lease.holder} holds it for run {lease.run} since {lease.since}, until {lease.until} unless it is renewed"
    return f"{words} ({lease.link})" if lease.link else words


def is_held(lease: Lease | None) -> bool:
    """Whether somebody has the lock now."""
    return lease is not None and lease.until >= now_text()


def _holder() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"


def run_link(environment: Mapping[str, str]) -> str:
    """Where a run of GitHub Actions is seen, empty elsewhere (GitHub docs, "Default environment variables")."""
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    run = environment.get("GITHUB_RUN_ID")
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
