"""Pages of lists: ``MaxResults`` and ``NextToken``, both strings in Greengrass V1.

A token is opaque to clients and names the list and the place in it, so that items which come or go between
two calls are neither repeated nor skipped.
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from reconciler.sandbox.greengrass_v1.refusals import bad_request

MOST = 250
"""The largest page (V1 API reference: MaxResults is 1 to 250)."""
USUAL = 50
"""The page of who asks for no size. AWS publishes no number; small enough that clients have to page."""

Item = TypeVar("Item")


def page(
    items: Iterable[Item],
    params: Mapping[str, Any],
    *,
    scope: str,
    serial: Callable[[Item], int],
    newest_first: bool = False,
) -> tuple[list[Item], dict[str, str]]:
    """The page that ``params`` ask for, and ``{"NextToken": …}`` when there is more, else ``{}``.

    ``items`` come in rising order of ``serial``. ``scope`` names the list: a token of another list is
    refused. Raises BadRequestException for a bad size or token.
    """
    every = list(items)
    size = _size(params.get("MaxResults"))
    token = params.get("NextToken")
    if newest_first:
        end = len(every) if token is None else bisect_left(every, read_token(token, scope), key=serial)
        start = max(0, end - size)
        found, more = every[start:end][::-1], start > 0
    else:
        start = 0 if token is None else bisect_right(every, read_token(token, scope), key=serial)
        found, more = every[start : start + size], start + size < len(every)
    return found, {"NextToken": make_token(scope, serial(found[-1]))} if more else {}


def make_token(scope: str, place: int) -> str:
    """An opaque token for ``place`` in the list ``scope``."""
    return base64.urlsafe_b64encode(json.dumps([scope, place]).encode()).decode()


def read_token(token: str, scope: str) -> int:
    """The place that a token of the list ``scope`` names; BadRequestException for any other text."""
    try:
        found, place = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        found, place = None, None
    if found != scope or not isinstance(place, int) or isinstance(place, bool) or place < 0:
        raise bad_request("The NextToken is invalid.")
    return place


def _size(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise bad_request(f"MaxResults must be a number from 1 to {MOST}, but got: {text}")
    return int(text)
