"""Guards that count what a plan does, by number and by share of the fleet. Groups that are created never count."""

import re
from collections.abc import Callable, Iterator, Mapping

from reconciler.model.guards import LIMITS
from reconciler.model.plan import DEPLOYMENT_KINDS, GroupPlan, GuardFinding
from reconciler.model.words import counted, some_of
from reconciler.planning.guards.settings import Checked

MARKS_ONLY = frozenset({"tag-group"})
"""Kinds of action that change nothing but our own marks: no device notices them."""
_COMPONENT = re.compile(r"components\[([^\]]*)\]\Z")


def check_limits(checked: Checked) -> Iterator[GuardFinding]:
    """A finding for each limit that the plan is above."""
    groups = [group for group in checked.plan.changed if group.operation != "create"]
    of_groups, of_devices = checked.size, _devices(list(checked.plan.groups))
    for name in LIMITS:
        if (setting := checked.setting(name)) is None or not setting.has_limit:
            continue
        actual, total = _COUNTS[name](groups), of_devices if name == "devices" else of_groups
        limit: int | str
        if setting.number is not None and actual > setting.number:
            limit, allowed = setting.number, f"{setting.number:,}"
        elif setting.share is not None and name != "components" and actual * 100 > setting.share * total:
            limit, allowed = f"{setting.share}%", f"{setting.share}% ({setting.share * total // 100:,})"
        else:
            continue
        by_default = "" if setting.source else " by default"
        named = f" ({some_of(_components_of(groups))})" if name == "components" else ""
        message = f"{_WORDS[name](actual, total)}{named}, and {allowed} may be{by_default}"
        enough = str(actual) if isinstance(limit, int) else f"{-(-actual * 100 // total)}%" if total else "off"
        yield checked.finding(name, setting, message, value=enough, limit=limit, actual=actual)


def _changes_more_than_marks(group: GroupPlan) -> bool:
    return group.operation == "update" and any(action.kind not in MARKS_ONLY for action in group.actions)


def _is_deployed(group: GroupPlan) -> bool:
    return group.operation != "delete" and bool(group.of_kind(*DEPLOYMENT_KINDS))


def _devices(groups: list[GroupPlan]) -> int:
    """The cores and devices of ``groups`` that were there before."""
    return sum(
        len(group.things) - len(group.of_kind("provision-thing", "associate-thing"))
        for group in groups
        if group.operation != "create"
    )


def _components(groups: list[GroupPlan]) -> int:
    return sum(1 for _ in _taken_out(groups))


def _components_of(groups: list[GroupPlan]) -> list[str]:
    """The components that are taken out, with the groups, and the cores of these that lose them."""
    by_name: dict[str, list[GroupPlan]] = {}
    for component, group in _taken_out(groups):
        by_name.setdefault(component, []).append(group)
    return [_lost(component, by_name[component]) for component in sorted(by_name)]


def _lost(component: str, groups: list[GroupPlan]) -> str:
    cores = sum(len(group.live.get("members", ())) for group in groups)
    return f"{component} from {counted(cores, 'core')} of {some_of([group.name for group in groups])}"


def _taken_out(groups: list[GroupPlan]) -> Iterator[tuple[str, GroupPlan]]:
    for group in groups:
        if group.operation == "delete" or group.of_kind("reset-deployments"):  # which the files ask for
            continue
        for change in group.changes:
            match = _COMPONENT.match(change.path)
            if change.kind == "remove" and match is not None:
                yield match[1], group


_COUNTS: Mapping[str, Callable[[list[GroupPlan]], int]] = {
    "updated": lambda groups: sum(map(_changes_more_than_marks, groups)),
    "deleted": lambda groups: sum(group.operation == "delete" for group in groups),
    "deployed": lambda groups: sum(map(_is_deployed, groups)),
    "devices": lambda groups: _devices(
        [
            group
            for group in groups
            if _changes_more_than_marks(group) or _is_deployed(group) or group.operation == "delete"
        ]
    ),
    "components": _components,
}


def _of(actual: int, total: int, noun: str) -> str:
    """``12 of 40 groups (30%)``; a share that is rounded says so."""
    percent = f" ({'' if actual * 100 % total == 0 else 'about '}{round(actual * 100 / total)}%)" if total else ""
    return f"{actual:,} of {total:,} {noun}{percent}"


_WORDS: Mapping[str, Callable[[int, int], str]] = {
    "updated": lambda actual, total: f"{_of(actual, total, 'groups')} would be updated",
    "deleted": lambda actual, total: f"{_of(actual, total, 'groups')} would be deleted",
    "deployed": lambda actual, total: f"{_of(actual, total, 'groups')} would be sent a deployment or reset",
    "devices": lambda actual, total: f"{_of(actual, total, 'cores and devices')} would be touched",
    "components": lambda actual, _total: f"{counted(actual, 'component')} would be taken out of groups",
}
