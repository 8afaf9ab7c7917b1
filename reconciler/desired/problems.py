"""Collects everything that is wrong, so that it can be told at once; and the words that messages share."""

import json
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from reconciler.model.errors import Problem
from reconciler.model.position import Position

_LONGEST_QUOTE = 60
_COMPARISONS = 200_000
"""How many names one load compares at most for its "did you mean": ten thousand typos among ten thousand names would
take minutes."""


class Problems:
    """The problems found so far."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._in_groups: dict[Problem, dict[str, None]] = {}
        self._comparisons_left = _COMPARISONS

    def add(self, position: Position, rule: str, message: str, hint: str) -> None:
        """Note one problem."""
        self._found.append(Problem(position, rule, message, hint))

    def add_in_group(self, group: str, position: Position, rule: str, message: str, hint: str) -> None:
        """Note a mistake of a template that shows in ``group``: told once, with the names of the groups."""
        self._in_groups.setdefault(Problem(position, rule, message, hint), {})[group] = None

    def __len__(self) -> int:
        return len(self._found) + len(self._in_groups)

    def all(self) -> tuple[Problem, ...]:
        """Every problem once, in no order."""
        shown = (
            Problem(problem.position, problem.rule, f"{problem.message} in {_groups(groups)}", problem.hint)
            for problem, groups in self._in_groups.items()
        )
        return tuple(dict.fromkeys((*self._found, *shown)))

    def did_you_mean(self, word: str, known: Collection[str], otherwise: str) -> str:
        """A hint that names the entry of ``known`` that looks like ``word``, or else is ``otherwise``."""
        if self._comparisons_left < len(known):
            return otherwise
        self._comparisons_left -= len(known)
        match = closest(word, known)
        return f"did you mean {match}?" if match else otherwise


def closest(word: str, known: Iterable[str]) -> str | None:
    """The entry of ``known`` that looks most like ``word``, if one does (case does not count)."""
    folded = {entry.casefold(): entry for entry in known}
    matches = get_close_matches(word.casefold()[:256], folded, n=1, cutoff=0.7)
    return folded[matches[0]] if matches else None


def quote(value: Any) -> str:
    """``value`` as it stands in a message: JSON, on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"


def names(entries: Iterable[str], most: int = 12) -> str:
    """``entries`` as a list in a sentence, shortened to ``most``."""
    listed = list(entries)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")


def _groups(groups: Collection[str]) -> str:
    return f"group{'s' if len(groups) > 1 else ''} {names(groups, most=3)}"
