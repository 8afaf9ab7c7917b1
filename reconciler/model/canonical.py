"""One text and one digest for equal content, whatever the order of keys."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def canonical_json(value: Any) -> str:
    """The one JSON text of ``value``: sorted keys, no spaces, tuples as lists.

    Raises TypeError for what JSON does not know, and ValueError for NaN and infinities.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """A digest of ``value`` over its canonical JSON: 32 hex digits (BLAKE2b, 128 bits), for names and comparison."""
    return hashlib.blake2b(canonical_json(value).encode(), digest_size=16).hexdigest()


def plain(value: Any) -> Any:
    """``value`` with every mapping a plain dict and every sequence a list, as JSON would give it back."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value
