"""What files would have to say so that a live group is as they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import ReconcileError


class UnsayableError(ReconcileError):
    """Something live that no file can say, or that none should."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What the files have to say of one group. ``spec`` is its spec; None: the group is gone, and so is its document.

    ``template`` is the spec of a template, without a version, that there is not yet: the group's target version is to
    be one of that content. ``left`` has what cannot be said, each a reason in words.
    """

    group: str
    spec: Mapping[str, Any] | None = None
    template: Mapping[str, Any] | None = None
    left: tuple[str, ...] = ()
