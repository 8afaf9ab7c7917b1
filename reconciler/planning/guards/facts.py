"""What guards and drift need to know that stands in no plan, as observing found it on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Clash(NamedTuple):
    """What groups are about to bring to so many ``cores`` does not go with what others bring to these, in words."""

    message: str
    cores: int


@dataclass(frozen=True, slots=True)
class Facts:
    """``failing`` maps groups whose devices report a failure now to what they say.

    ``others`` are the names of live groups that are not declared. ``knows_ours`` says that the ledger, or a mark in the
    account, knows a group of this fleet. ``clashes`` is what does not go with what others deploy.
    """

    failing: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    knows_ours: bool = False
    waiting: Mapping[str, str] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()

    def __or__(self, more: "Facts") -> "Facts":
        """The facts of two runtimes together."""
        return Facts(
            {**self.failing, **more.failing},
            self.others | more.others,
            self.knows_ours or more.knows_ours,
            {**self.waiting, **more.waiting},
            self.clashes + more.clashes,
        )
