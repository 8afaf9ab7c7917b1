"""Whether groups of a runtime are looked for of which the files have none any more.

A fleet that never had any must not pay for it with every plan. So that there are none is remembered for the machine,
until its files have some; what the ledger knows of comes before that. A machine that remembers nothing looks.
"""

from collections.abc import Iterable

from reconciler.aws.cache import Cache
from reconciler.model.fleet import Fleet

_NONE_LEFT = "no-groups"


def may_be_left(cache: Cache, fleet: Fleet, runtime: str, known: Iterable[str]) -> bool:
    """Whether there may be groups of ``runtime``; ``known`` are the ids of those that the ledger remembers."""
    return any(known) or not cache.get(_NONE_LEFT, _key(fleet, runtime))


def note_left(cache: Cache, fleet: Fleet, runtime: str, *, some: bool) -> None:
    """Remember whether there are ``some``, in the files or in the account."""
    key = _key(fleet, runtime)
    if bool(cache.get(_NONE_LEFT, key)) == some:
        cache.put(_NONE_LEFT, key, not some)


def _key(fleet: Fleet, runtime: str) -> str:
    return f"{fleet.account}/{fleet.region}/{fleet.name}/{runtime}"
