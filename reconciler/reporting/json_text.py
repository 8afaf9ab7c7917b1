"""The one form of JSON that commands print and write."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

# What JSON leaves as it is and a terminal or a reader of a diff would not: C1 controls, zero width and bidirectional
# characters, line separators, surrogates without their partner. Outside strings JSON is ASCII, so only those change.
_UNSAFE = re.compile("[\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


# Of the encoder's pieces, most a few characters long, so many are put together to one.
_TOGETHER = 10_000


def json_text(document: Any) -> str:
    """``document`` as JSON, two spaces deep, keys in their order, with a newline at the end.

    Raises TypeError for what JSON does not know, and ValueError for NaN and infinities.
    """
    return "".join(json_pieces(document))


def json_pieces(document: Any) -> Iterator[str]:
    """The text of ``json_text`` piece by piece: a large document need not be there as a text as well."""
    pieces = json.JSONEncoder(indent=2, ensure_ascii=False, sort_keys=False, allow_nan=False).iterencode(document)
    while piece := "".join(islice(pieces, _TOGETHER)):
        yield _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", piece)
    yield "\n"
