"""Pages of lists: ``maxResults`` and ``nextToken``, 50 items unless told (API reference)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v2.refusals import invalid
from reconciler.sandbox.iot.paging import next_page

USUAL = 50

Item = TypeVar("Item")


def page(
    operation: str, params: Mapping[str, Any], after: Callable[[str], Iterable[tuple[str, Item]]]
) -> tuple[list[Item], dict[str, str]]:
    """One page of a list, and ``{"nextToken": …}`` where there is more.

    ``after(key)`` gives (key, item) of everything behind ``key``, in order; the empty key means all. Raises
    ValidationException for a token of another list, or none at all.
    """
    try:
        return next_page(operation, {"maxResults": USUAL, **params}, after)
    except ServiceError as problem:
        raise invalid(problem.message, "nextToken") from problem


def by_key(items: Mapping[str, Item]) -> Callable[[str], Iterable[tuple[str, Item]]]:
    """The ``after`` of a list that is sorted by its keys."""
    return lambda after: ((key, items[key]) for key in sorted(items) if key > after)
