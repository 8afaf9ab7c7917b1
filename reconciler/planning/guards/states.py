"""Guards that look for one state of things: nothing declared, others about, edited templates, failing devices."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from reconciler.model.plan import DEPLOYMENT_KINDS, GroupPlan, GuardFinding
from reconciler.model.position import Position
from reconciler.model.template import TemplateRef
from reconciler.model.words import counted, some_of
from reconciler.planning.guards.facts import Facts
from reconciler.planning.guards.settings import Checked

DIGEST_PATH = "tags.reconciler:template-digest"
"""The change of the mark that holds a digest of the template version that a group was last brought to."""
_OTHER_VERSION = frozenset({"tags.reconciler:template", "tags.reconciler:template-version"})


def check_empty(checked: Checked, declared: int) -> Iterator[GuardFinding]:
    """A finding where the files declare no group at all, and the plan deletes some."""
    setting = checked.setting("empty")
    deleted = [group.name for group in checked.plan.changed if group.operation == "delete"]
    if setting is not None and deleted and not declared:
        message = (
            f"the files declare no group at all, and {len(deleted):,} would be deleted ({some_of(deleted)}): the path "
            "may be wrong"
        )
        yield checked.finding("empty", setting, message, value="off", actual=len(deleted))


def check_others(checked: Checked, facts: Facts) -> Iterator[GuardFinding]:
    """A finding where nothing says that this fleet was ever applied here, and there are groups of others."""
    setting = checked.setting("others")
    if setting is not None and facts.others and not facts.knows_ours and checked.plan.changed:
        plan, count = checked.plan, len(facts.others)
        message = (
            f"fleet {plan.fleet} was never applied to account {plan.account} in {plan.region}, where others have "
            f"{counted(count, 'group')} ({some_of(facts.others)}): account or region may be wrong"
        )
        yield checked.finding("others", setting, message, value="off", actual=count)


def check_edited(checked: Checked, places: Mapping[TemplateRef, Position]) -> Iterator[GuardFinding]:
    """A finding for each template version that groups are at already, and that says something else now.

    ``places`` are those of the templates, as far as files are at hand.
    """
    if (setting := checked.setting("edited")) is None:
        return
    by_version: dict[TemplateRef, list[str]] = defaultdict(list)
    for group in checked.plan.changed:
        if _is_edited(group):
            by_version[group.target].append(group.name)
    for target, names in sorted(by_version.items()):
        place = places.get(target)
        message = (
            f"template {target}{f' ({place.line_only})' if place else ''} was edited after its release: "
            f"{len(names):,} group{'s are' if len(names) != 1 else ' is'} at it ({some_of(names)}); undo that, and "
            "give what is new a version of its own"
        )
        source = place.line_only if place else ""
        yield checked.finding("edited", setting, message, value="off", source=source, actual=str(target))


def _is_edited(group: GroupPlan) -> bool:
    paths = {change.path: change.kind for change in group.changes if change.path.startswith("tags.")}
    return paths.get(DIGEST_PATH) == "change" and not paths.keys() & _OTHER_VERSION


def check_failing(checked: Checked, facts: Facts) -> Iterator[GuardFinding]:
    """A finding where groups are sent a deployment whose devices report a failure now. A fix has to get through."""
    if (setting := checked.setting("failing")) is None or not facts.failing:
        return
    names = [
        group.name
        for group in checked.plan.changed
        if group.name in facts.failing and group.operation != "delete" and group.of_kind(*DEPLOYMENT_KINDS)
    ]
    if names:
        said = facts.failing[names[0]]
        message = (
            f"{counted(len(names), 'group')} would be sent a deployment while "
            f"{'their' if len(names) != 1 else 'its'} last one has failed ({some_of(names)}"
            f"{f'; {names[0]} says: {said}' if said else ''})"
        )
        yield checked.finding("failing", setting, message, value="warning", actual=len(names))


def check_clashing(checked: Checked, facts: Facts) -> Iterator[GuardFinding]:
    """A finding for each version of a component that cores would be brought while others bring them another one."""
    if (setting := checked.setting("clashing")) is not None:
        for clash in facts.clashes:
            yield checked.finding("clashing", setting, clash.message, value="warning", actual=clash.cores)
