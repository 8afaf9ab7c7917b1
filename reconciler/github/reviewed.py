"""What was reviewed, and whether a plan that is made later does nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.desired.digest import group_digest
from reconciler.github.checks import reviewed_facts
from reconciler.github.client import GitHub
from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.plan import GuardFinding, Plan
from reconciler.reporting.markdown import names

_DIGEST = 16  # hex digits of a group's digests in a check: 64 bits, to be compared for one group at a time
_PLACE = 6  # hex digits of a place's: 24 bits, to be compared within one group
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Review:
    """What people agreed to by merging: the pull request's number (None: there was none), and the plan's facts."""

    pull_request: int | None
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan against the reviewed one: groups that the review did not see, saw otherwise, and that are done by now.

    ``unknown`` says that there is nothing to compare with.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def is_covered(self) -> bool:
        """Whether everything that the plan does was reviewed."""
        return not (self.added or self.changed or self.unknown)

    def lines(self) -> Iterator[str]:
        """What is different, as items of a Markdown list."""
        if self.unknown:
            yield f"- {self.unknown}"
        for groups, words in (
            (self.added, "not in the reviewed plan"),
            (self.changed, "changed otherwise than reviewed"),
            (self.done, "reviewed, and already as they should be"),
        ):
            if groups:
                yield f"- {words}: {names(groups, _NAMED)}"


def check_name(fleet: str) -> str:
    """The name of the check that says what a fleet's plan came to."""
    return f"reconcile plan: {fleet}"


def unapproved(plan: Plan) -> list[GuardFinding]:
    """What policies want approved of a plan, and nobody has."""
    return [finding for finding in plan.errors if finding.severity == "needs-approval"]


def plan_facts(plan: Plan, desired: DesiredState) -> dict[str, Any]:
    """What a check keeps of a plan, for ``compare``.

    ``groups`` maps each changed group to a digest of what happens to it, a digest of what the files ask of it, and the
    number of its places in ``places``: groups that are alike change in the same ones.
    """
    places: dict[str, int] = {}
    groups = {
        name: [group.digest, group.asked, places.setdefault(" ".join(sorted(group.places)), len(places))]
        for name, group in _groups(plan, desired).items()
    }
    return {"digest": plan.digest, "fleet": plan.fleet, "groups": groups, "places": list(places)}


def find_review(api: GitHub, commit: str, fleet: str, app: str) -> Review:
    """What was reviewed of the pull request whose merge made ``commit``. Raises GitHubError.

    A merge queue has made the plan of that very commit; else it is the one of the pull request's head.
    """
    merged = [
        pull
        for pull in api.pages(f"/commits/{commit}/pulls")
        if pull.get("merged_at") and pull.get("merge_commit_sha") == commit
    ]
    pull = max(merged, key=lambda one: int(one["number"]), default=None)
    facts = reviewed_facts(api, commit, check_name(fleet), app)
    if facts is None and pull is not None:
        facts = reviewed_facts(api, pull["head"]["sha"], check_name(fleet), app)
    return Review(int(pull["number"]) if pull is not None else None, facts)


def compare(plan: Plan, desired: DesiredState, facts: Mapping[str, Any] | None) -> Comparison:
    """``plan``, made of ``desired``, against the facts of the reviewed one (None: there was none).

    A group is covered if just the same happens to it. It is also if an apply of the reviewed plan has begun with it:
    if the files ask the same of it as then, and it changes in no other place, and nobody else has changed it.
    """
    if facts is None:
        return Comparison(unknown="no reviewed plan was found for this commit")
    if facts.get("digest") == plan.digest:
        return Comparison()
    reviewed = _read(facts)
    if reviewed is None:
        return Comparison(unknown="the plan is another than the reviewed one, which was too large to say in what")
    now = _groups(plan, desired)
    return Comparison(
        added=tuple(sorted(now.keys() - reviewed.keys())),
        changed=tuple(sorted(name for name in now.keys() & reviewed.keys() if not now[name].is_in(reviewed[name]))),
        done=tuple(sorted(reviewed.keys() - now.keys())),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of a plan in digests: what happens to it, what the files ask of it, and the places where it changes."""

    digest: str
    asked: str
    places: frozenset[str]
    drift: bool = False

    def is_in(self, reviewed: "_Group") -> bool:
        """Whether what happens now was part of what was reviewed."""
        same_wish = self.asked == reviewed.asked and self.places <= reviewed.places and not self.drift
        return self.digest == reviewed.digest or same_wish


def _groups(plan: Plan, desired: DesiredState) -> dict[str, _Group]:
    declared = {group.name: group for group in desired.groups}
    return {
        group.name: _Group(
            group.digest[:_DIGEST],
            group_digest(desired, declared[group.name])[:_DIGEST] if group.name in declared else group.operation,
            frozenset(digest(_nameless(change.path, group.things))[:_PLACE] for change in group.changes),
            group.drift,
        )
        for group in plan.changed
    }


def _nameless(path: str, things: Sequence[str]) -> str:
    """``path`` without the name of the thing that it is about."""
    for thing in things:
        if f"[{thing}]" in path:
            return path.replace(f"[{thing}]", "[]")
    return path


def _read(facts: Mapping[str, Any]) -> dict[str, _Group] | None:
    """The groups of a check's facts; None where they were left out."""
    groups, places = facts.get("groups"), facts.get("places")
    if not isinstance(groups, Mapping) or not isinstance(places, list):
        return None
    read = {}
    for name, entry in groups.items():
        match entry:
            case [str(what), str(asked), int(number)] if 0 <= number < len(places):
                read[name] = _Group(what, asked, frozenset(str(places[number]).split()))
            case _:
                return None
    return read
