"""What was reviewed, and whether a plan that is made later does nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.github.checks import reviewed_facts
from reconciler.github.client import GitHub
from reconciler.github.group_facts import groups_of, new_places, read_groups, read_marks
from reconciler.model.desired import DesiredState
from reconciler.model.plan import GuardFinding, Plan
from reconciler.reporting.markdown import code, names

_NAMED, _PLACES = 20, 5


@dataclass(frozen=True, slots=True)
class Review:
    """What people agreed to by merging: the pull request's number (None: there was none), and the plan's facts."""

    pull_request: int | None
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan against the reviewed one: groups that the review did not see, saw otherwise, and that are done by now.

    ``unlike`` are of the first or second kind, where that cannot be told. ``places`` are those where a group changes,
    and did not in the reviewed plan. ``unknown`` says that there is nothing to compare with.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: str = ""

    @property
    def is_covered(self) -> bool:
        """Whether everything that the plan does was reviewed."""
        return not (self.added or self.changed or self.unlike or self.unknown)

    def lines(self) -> Iterator[str]:
        """What is different, as items of a Markdown list."""
        if self.unknown:
            yield f"- {self.unknown}"
        for groups, words in (
            (self.added, "not in the reviewed plan"),
            (self.changed, "changed otherwise than reviewed"),
            (self.unlike, "not in the reviewed plan, or changed otherwise than reviewed"),
            (self.done, "reviewed, and already as they should be"),
        ):
            if groups:
                yield f"- {words}: {names(groups, _NAMED)}"
            for group in groups[:_NAMED]:
                if places := self.places.get(group):
                    yield f"  - {code(group)} now also at {names(places, _PLACES)}"


def check_name(fleet: str) -> str:
    """The name of the check that says what a fleet's plan came to."""
    return f"reconcile plan: {fleet}"


def unapproved(plan: Plan) -> list[GuardFinding]:
    """What policies want approved of a plan, and nobody has."""
    return [finding for finding in plan.errors if finding.severity == "needs-approval"]


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
    now = groups_of(plan, desired)
    reviewed, marks = read_groups(facts), read_marks(facts)
    if reviewed is not None:
        changed = {name for name in now.keys() & reviewed.keys() if not now[name].is_in(reviewed[name])}
        return Comparison(
            added=tuple(sorted(now.keys() - reviewed.keys())),
            changed=tuple(sorted(changed)),
            done=tuple(sorted(reviewed.keys() - now.keys())),
            places={
                group.name: places
                for group in plan.changed
                if group.name in changed and (places := new_places(group, reviewed[group.name]))
            },
        )
    if marks is not None:
        return Comparison(unlike=tuple(sorted(name for name, group in now.items() if not group.is_marked(name, marks))))
    return Comparison(unknown="the plan is another than the reviewed one, which was too large to say in what")
