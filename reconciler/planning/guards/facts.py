"""What guards and drift need to know that stands in no plan, as observing found it on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facts:
    """``failing`` maps groups whose devices report a failure now to what they say.

    ``others`` are the names of live groups that are not declared. ``knows_ours`` says that the ledger, or a mark in the
    account, knows a group of this fleet.
    """

    failing: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    knows_ours: bool = False
    waiting: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, more: "Facts") -> "Facts":
        """The facts of two runtimes together."""
        return Facts(
            {**self.failing, **more.failing},
            self.others | more.others,
            self.knows_ours or more.knows_ours,
            {**self.waiting, **more.waiting},
        )
