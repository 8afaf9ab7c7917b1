"""Parts of a Markdown page in which what comes from outside stays text, and the room that a page has.

Names, reasons and errors come from files, AWS and devices. They only ever stand in code spans, fenced blocks and
escaped HTML: there neither Markdown nor GitHub (mentions, ``#123``, emoji, links) does anything with them. Pipes are
the exception, which part the cells of a table even in a code span, so these stand between spans as an entity.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.canonical import canonical_json
from reconciler.reporting.style import Style, clean
from reconciler.reporting.values import cut_middle

TEXT_WIDTH = 400
"""Characters that a sentence from outside gets."""
NAME_WIDTH = 100
"""Characters that a name from outside gets."""

_MARKER = "<!-- reconcile:v1 "
_MARKER_END = " -->"
_STYLE = Style(colour=False)
_BACKTICKS = re.compile("`+")


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a page may be, in characters and in bytes of UTF-8; None: as long as it likes."""

    characters: int | None = None
    size: int | None = None


UNLIMITED = Budget()
# GitHub refuses a comment of more than 65,536 characters (422, "body is too long").
COMMENT = Budget(60_000, 60_000)
# GitHub drops a whole job summary above 1,024 KiB ("supports content up to a size of 1024k").
SUMMARY = Budget(900 * 1024, 900 * 1024)


class Room:
    """What is left of a budget."""

    __slots__ = ("characters", "size")

    def __init__(self, budget: Budget) -> None:
        self.characters = budget.characters
        self.size = budget.size

    def take(self, lines: Sequence[str]) -> bool:
        """Take the room for whole ``lines``; False, and nothing is taken, if there is not enough of it."""
        characters = sum(len(line) + 1 for line in lines)
        size = sum(len(line.encode()) + 1 for line in lines)
        if self.characters is not None and characters > self.characters:
            return False
        if self.size is not None and size > self.size:
            return False
        self.characters = None if self.characters is None else self.characters - characters
        self.size = None if self.size is None else self.size - size
        return True

    def copy(self) -> "Room":
        """The same room, to try what would fit."""
        return Room(Budget(self.characters, self.size))

    def half(self) -> "Room":
        """Half of what is left, to fill; what is filled has to be taken from the whole, too."""
        return Room(
            Budget(
                None if self.characters is None else self.characters // 2, None if self.size is None else self.size // 2
            )
        )

    def taking(self, parts: Iterable[Sequence[str]]) -> list[Sequence[str]]:
        """As many of ``parts`` as there is room for, from the first on; the room is taken."""
        taken = []
        for part in parts:
            if not self.take(part):
                break
            taken.append(part)
        return taken


def code(text: str, width: int = NAME_WIDTH) -> str:
    """``text`` from outside as code, at most ``width`` characters of it; fit for a cell of a table."""
    cleaned = cut_middle(clean(text), _STYLE, width=width)
    if not cleaned:
        return "(empty)"
    return "&#124;".join(_span(part) for part in cleaned.split("|"))


def _span(text: str) -> str:
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    # CommonMark takes one space off either end where both have one, and a backtick must not touch the delimiter.
    edges = text[0] + text[-1]
    padding = " " if "`" in edges or (edges == "  " and text.strip(" ")) else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def names(values: Sequence[str], shown: int, more: str = "more") -> str:
    """A list of names from outside: the first ``shown`` of them, and how many ``more`` there are."""
    text = ", ".join(code(value) for value in values[:shown])
    left = len(values) - shown
    return f"{text} and {left:,} {more}" if left > 0 else text


def fence(lines: Sequence[str], language: str = "") -> list[str]:
    """``lines`` (each without a line break) as a block of code, its fence longer than any run of backticks in it."""
    ticks = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return [f"{ticks}{language}", *lines, ticks]


def folded(summary_html: str, lines: Sequence[str]) -> list[str]:
    """``lines`` behind a line that one clicks; ``summary_html`` is HTML, with what comes from outside ``escaped``."""
    return [f"<details><summary>{summary_html}</summary>", "", *lines, "", "</details>", ""]


def escaped(text: str, width: int = NAME_WIDTH) -> str:
    """``text`` from outside as code in HTML."""
    return f"<code>{html.escape(cut_middle(clean(text), _STYLE, width=width))}</code>"


def row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def table_head(headings: Sequence[str]) -> list[str]:
    """The first two lines of a table."""
    return [row(headings), row("---" for _ in headings)]


def alert(kind: str, lines: Sequence[str]) -> list[str]:
    """A box that stands out on GitHub (``CAUTION``, ``WARNING``, ``NOTE``) and is a quotation elsewhere."""
    return [f"> [!{kind}]", *(f"> {line}" for line in lines), ""]


def link(text: str, url: str) -> str:
    """A link with our own ``text``; the text alone where ``url`` is no web address."""
    if not re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+", url):
        return text
    return f"[{text}](<{url}>)"


def marker_line(facts: Mapping[str, Any]) -> str:
    """A line that no reader sees and ``read_marker`` finds again; it is the first of a page."""
    # Neither the end of the comment nor two dashes may stand in it (HTML, 13.1.6).
    text = canonical_json(facts).replace("-", "\\u002d").replace("<", "\\u003c").replace(">", "\\u003e")
    return f"{_MARKER}{text}{_MARKER_END}"


def read_marker(body: str) -> dict[str, Any] | None:
    """What the marker of a page says; None for a page that has none, or one that nobody can read."""
    first = body.split("\n", 1)[0].rstrip()
    if not (first.startswith(_MARKER) and first.endswith(_MARKER_END)):
        return None
    try:
        facts = json.loads(first[len(_MARKER) : -len(_MARKER_END)])
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
