"""A digest of what a fleet's files mean: equal for files that say the same in another order, place or layout. Pure."""

from collections.abc import Mapping
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


def group_digest(state: DesiredState, group: Group) -> str:
    """The like over what ``state`` says of one of its groups: its target version, components, and things' templates."""
    used = {thing.provisioning_template for thing in group.things}
    bodies = [template.body for name, template in sorted(state.provisioning_templates.items()) if name in used]
    named = group.document.get("components", {})
    components = [component for ref, component in sorted(state.components.items()) if ref.name in named]
    return digest(_meaning([group, state.templates.get(group.template), bodies, components]))


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
