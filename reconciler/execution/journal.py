"""The journal of one run: the ledger as runtimes see it, in which each action has an id."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

from reconciler.execution.holding import claimed
from reconciler.execution.ledger import Ledger
from reconciler.execution.precedence import now_text
from reconciler.model.run import BroughtIn
from reconciler.runtimes.base import Begun

ALONE_SECONDS = 30.0
"""How long an action that a killed process was at is kept from others at most."""
ALONE_POLL = 0.5


@dataclass(frozen=True, slots=True)
class RunJournal:
    """The journal of one run, as runtimes see it. ``among_others``: other processes carry the run out, too."""

    ledger: Ledger
    run: str
    among_others: bool = False

    @contextmanager
    def alone(self, action_id: str) -> Iterator[None]:
        """Wait until nobody else is at an action, and keep it to oneself; one that was killed loses it by itself."""
        if not self.among_others:
            yield
            return
        name, holder = f"step/{action_id}", token_hex(8)
        while True:
            with claimed(self.ledger.sharing, name, holder, ALONE_SECONDS) as is_alone:
                if is_alone:
                    yield
                    return
            time.sleep(ALONE_POLL)

    def begin(self, action_id: str, *, of_run: bool = False) -> Begun | None:
        """Note that an action begins; what was noted of it before, in this run or, unless it is ``of_run``, in any."""
        return self.ledger.begin(self.run, self._key(action_id, of_run))

    def finish(self, action_id: str, result: str, *, of_run: bool = False) -> None:
        """Note the result of an action."""
        self.ledger.finish(self._key(action_id, of_run), result)

    def brought_in(self, group: str) -> dict[str, str]:
        """The things that this run has brought into a group already: thing name to certificate ARN."""
        return {thing: brought.certificate_arn for thing, brought in self.ledger.brought_in(self.run, group).items()}

    def bring_in(self, group: str, thing: str, *, provisioned: bool, certificate_arn: str) -> None:
        """Note that a thing is brought in."""
        state: Literal["associated", "provisioned"] = "provisioned" if provisioned else "associated"
        self.ledger.bring_in(BroughtIn(self.run, group, thing, state, now_text(), certificate_arn))

    def forget(self, group: str) -> None:
        """Note that there is no group of that name any more."""
        self.ledger.forget_group(group)

    def to_remove(self, group_id: str, document: str) -> None:
        """Note what is to be deleted with a group, before the first of it is."""
        self.ledger.note_removal(group_id, document)

    def removed(self, group_id: str) -> None:
        """Note that all of it is deleted."""
        self.ledger.end_removal(group_id)

    def _key(self, action_id: str, of_run: bool) -> str:
        return f"{self.run}/{action_id}" if of_run else action_id
