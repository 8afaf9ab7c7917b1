"""What every Markdown page about a fleet has around its subject: a marker, where it comes from, and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.reporting.markdown import UNLIMITED, Budget, code, folded, link, marker_line

HISTORY = 10
"""Earlier pages that a page tells of."""


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier form of a page: the commit, the address of the run, and its summary line."""

    commit: str
    run: str
    summary: str

    def facts(self) -> dict[str, str]:
        """For the marker."""
        return {"commit": self.commit, "run": self.run, "summary": self.summary}


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page is shown. All but ``past`` is our own text.

    ``identity`` is what the page is found again by (None: it needs not be), ``facts`` what its marker says besides;
    ``whole`` says where all is that the page has no room for; ``next_step`` says how to go on.
    """

    budget: Budget = UNLIMITED
    identity: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    commit: str = ""
    run: str = ""
    whole: str = "`reconcile plan` prints all of it"
    next_step: str = ""
    past: Sequence[Past] = field(default_factory=tuple)

    def marker(self, summary: str, **facts: Any) -> list[str]:
        """The marker of a page whose summary line is ``summary``; it carries the history on."""
        if self.identity is None:
            return []
        now = Past(self.commit, self.run, summary)
        past = [entry.facts() for entry in [*self.past, now][-HISTORY:]]
        return [marker_line({**self.identity, **self.facts, **facts, "history": past})]

    def foot(self, digest: str | None) -> list[str]:
        """What is below a line: the plan's digest (None: no plan), commit, run, how to go on, and the history."""
        facts = [f"Plan {code(digest)}"] if digest is not None else []
        facts += [f"commit {code(self.commit)}"] if self.commit else []
        facts += [link("run", self.run)] if self.run else []
        lines = ["---", "", " · ".join(facts), ""] if facts else ["---", ""]
        lines += [self.next_step, ""] if self.next_step else []
        if self.past:
            entries = [
                " · ".join([f"- {code(entry.commit)}", code(entry.summary, 200), link("run", entry.run)])
                for entry in reversed(self.past[-HISTORY + 1 :])
            ]
            lines += folded("History", entries)
        return lines


def past_of(marker: Mapping[str, Any]) -> list[Past]:
    """The history that a marker carries; what does not look like one is left out: anybody may edit a comment."""
    history = marker.get("history")
    entries = []
    for entry in history if isinstance(history, list) else ():
        if isinstance(entry, dict):
            commit, run, summary = (str(entry.get(key, ""))[:300] for key in ("commit", "run", "summary"))
            entries.append(Past(commit, run, summary))
    return entries[-HISTORY:]
