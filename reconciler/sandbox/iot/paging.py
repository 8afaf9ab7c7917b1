"""Pages of lists: AWS IoT's nextToken/maxResults, and the older marker/pageSize with ascendingOrder.

A token says after which key to go on, and is bound to the operation and its filters: one that was made up, cut or
taken from another list is refused, as AWS does. What is made or deleted between two pages neither repeats nor hides
others.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from reconciler.sandbox.errors import ServiceError

T = TypeVar("T")

DEFAULT_PAGE = (
    25  # what AWS IoT hands out unless told is not documented; a small page shows callers that forget to page
)
_PAGING_PARAMETERS = frozenset({"nextToken", "maxResults", "marker", "pageSize"})


class Sequenced(Protocol):
    """A record that knows its place in the order of creation."""

    @property
    def sequence(self) -> int:
        """Counts up with every record made."""
        ...


def next_page(
    operation: str, params: Mapping[str, Any], after: Callable[[str], Iterable[tuple[str, T]]]
) -> tuple[list[T], dict[str, str]]:
    """One page of a list keyed by name, with ``{"nextToken": …}`` where there is more.

    ``after(key)`` gives (key, item) of everything behind ``key``, in order; the empty key means all.
    """
    size = params.get("maxResults", DEFAULT_PAGE)
    items, last = _take(after(_decode(operation, params, params.get("nextToken"))), size)
    return items, {"nextToken": _encode(operation, params, last)} if last else {}


def marked_page(
    operation: str, params: Mapping[str, Any], after: Callable[[str], Iterable[tuple[str, T]]]
) -> tuple[list[T], dict[str, str]]:
    """As ``next_page``, for the operations with ``marker`` and ``pageSize``."""
    size = params.get("pageSize", DEFAULT_PAGE)
    items, last = _take(after(_decode(operation, params, params.get("marker"))), size)
    return items, {"nextMarker": _encode(operation, params, last)} if last else {}


S = TypeVar("S", bound=Sequenced)


def by_creation(records: Sequence[S], params: Mapping[str, Any]) -> Callable[[str], Iterable[tuple[str, S]]]:
    """The ``after`` of a list in order of creation: newest first, oldest first with ``ascendingOrder``.

    ``records`` come oldest first.
    """
    ascending = bool(params.get("ascendingOrder"))

    def after(key: str) -> Iterable[tuple[str, S]]:
        place = int(key) if key else None
        for record in records if ascending else reversed(records):
            if place is None or (record.sequence > place if ascending else record.sequence < place):
                yield str(record.sequence), record

    return after


def _take(items: Iterable[tuple[str, T]], size: int) -> tuple[list[T], str]:
    """The first ``size`` items, and the last one's key if there are more, else the empty string."""
    taken = list(islice(items, size + 1))
    page = taken[:size]
    return [item for _, item in page], page[-1][0] if len(taken) > size else ""


def _fingerprint(operation: str, params: Mapping[str, Any]) -> str:
    filters = {name: value for name, value in params.items() if name not in _PAGING_PARAMETERS}
    text = json.dumps([operation, filters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _encode(operation: str, params: Mapping[str, Any], key: str) -> str:
    return base64.b64encode(json.dumps([_fingerprint(operation, params), key]).encode()).decode()


def _decode(operation: str, params: Mapping[str, Any], token: str | None) -> str:
    if token is None:
        return ""
    try:
        fingerprint, key = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError, TypeError):
        fingerprint, key = None, None
    if fingerprint != _fingerprint(operation, params) or not isinstance(key, str):
        raise ServiceError("InvalidRequestException", "Invalid pagination token")
    return key
