"""A digest of what a fleet's files mean: equal for files that say the same in another order, place or layout. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.guards import GuardSetting
from reconciler.model.position import Position


def desired_digest(state: DesiredState) -> str:
    """32 hex digits over everything that ``state`` says, but for where in the files it stands."""
    return digest(_meaning(state))


def group_digests(state: DesiredState, groups: Iterable[Group]) -> dict[str, str]:
    """The like over what ``state`` says of each of ``groups``, by name.

    That is the group itself, its target version, its components, and its things' templates.
    """
    templates = {ref: digest(_meaning(template)) for ref, template in state.templates.items()}
    bodies = {name: digest(_meaning(template.body)) for name, template in state.provisioning_templates.items()}
    components: dict[str, list[str]] = {}
    for ref, component in sorted(state.components.items()):
        components.setdefault(ref.name, []).append(digest(_meaning(component)))
    return {
        group.name: digest(
            [
                _meaning(group),
                templates.get(group.template),
                [bodies[name] for name in sorted(_templates_of(group) & bodies.keys())],
                [components.get(name) for name in sorted(group.document.get("components", {}))],
            ]
        )
        for group in groups
    }


def _templates_of(group: Group) -> set[str]:
    return {thing.provisioning_template for thing in group.things if thing.provisioning_template}


def _meaning(value: Any) -> Any:
    """``value`` as JSON knows it, without places: what a file holds is known by its own digest (``sha256``)."""
    if isinstance(value, Position | Path):
        return None
    if isinstance(value, GuardSetting):
        return [value.share, value.number, value.severity]
    if is_dataclass(value):
        return {field.name: _meaning(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _meaning(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple | list):
        return [_meaning(item) for item in value]
    if isinstance(value, date | timedelta):
        return str(value)
    return value
