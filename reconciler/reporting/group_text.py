"""One group of a plan as a block of lines, in the reader's words: a headline, the reasons, and what will happen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.model.plan import DELETION_KINDS, KNOWN_AFTER_APPLY, SENT_AGAIN, Action, Change, GroupPlan
from reconciler.model.template import GREENGRASS_V2
from reconciler.reporting import group_text_v1, group_text_v2
from reconciler.reporting.removal_text import removal_lines
from reconciler.reporting.style import Style
from reconciler.reporting.values import VALUE_WIDTH, before_after, cut_middle, entity_text

SECTION_LIMIT = 20
"""Lines that one section of a block (the subscriptions, say) gets before the rest is only counted."""

SIGNS: Mapping[str, str] = {"create": "+", "update": "~", "deploy": ">", "delete": "-", "none": "="}
_VERBS: Mapping[str, str] = {"none": "unchanged"}
_CHANGE_SIGNS = {"add": "+", "remove": "-", "change": "~"}

_FAMILIES = ("cores", "devices", "functions", "connectors", "loggers", "resources", "subscriptions")
_DOCUMENT = ("publications", "components", "deploymentPolicies", "iotJobConfiguration")
_SECTION_ORDER = ("group", *_FAMILIES, *_DOCUMENT, "other", "group version", "tags", "deployment")
_THING_KINDS = ("provision-thing", "associate-thing")
_THING_FAMILIES = {"cores": "core", "devices": "device"}
_SECTIONS_OF_KINDS = {
    "create-group": "group",
    "create-group-version": "group version",
    "tag-group": "tags",
    "rename-group": "group",
    "deploy": "deployment",
    "redeploy": "deployment",
    "reset-deployments": "deployment",
    **group_text_v2.SECTIONS,
}


@dataclass(frozen=True, slots=True)
class BlockOptions:
    """How a block is written.

    ``width`` is the room for one value and ``limit`` the lines a section may have (None: all of either);
    ``deployments`` counts those of the whole plan that go out together (``deployed_together``).
    """

    style: Style
    verbose: bool = False
    width: int | None = VALUE_WIDTH
    limit: int | None = SECTION_LIMIT
    deployments: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A change's path in its parts: ``functions[press].FunctionConfiguration.Timeout`` and the like."""

    section: str
    entity: str | None
    field: str

    @classmethod
    def of(cls, path: str) -> "Place":
        """Split ``path``; one that has no section we know keeps its whole text as the field of ``other``."""
        cut = min((at for at in (path.find("["), path.find(".")) if at >= 0), default=len(path))
        section, rest = path[:cut], path[cut:]
        if section not in _SECTION_ORDER:
            return cls("other", None, path)
        entity = None
        if rest.startswith("[") and "]" in rest:
            entity, rest = rest[1:].split("]", 1)
        return cls(section, entity, rest.removeprefix("."))


def headline(group: GroupPlan, style: Style) -> str:
    """The group's first line: sign, what happens to it, its name, its target version, and whether it drifted."""
    sign = "!" if group.blocked else SIGNS[group.operation]
    verb = "blocked" if group.blocked else _VERBS.get(group.operation, group.operation)
    version = "" if group.target.version else ", which version is not known"
    target = f"(template {style.text(group.target.name if version else str(group.target))}{version})"
    drift = style.warn(" [drift: changed outside the files]") if group.drift else ""
    return f"{style.sign(sign)} {verb} group {style.bold(style.text(group.name))} {target}{drift}"


def block(group: GroupPlan, options: BlockOptions) -> list[str]:
    """All lines for ``group``; of a blocked one only why, since nothing will happen to it."""
    style = options.style
    lines = [headline(group, style)]
    lines += [f"    because {style.text(reason)}" for reason in group.reasons]
    if not group.blocked:
        lines += [f"    {line}" for line in _section_lines(group, options)]
        lines += [f"    {line}" for line in removal_lines(group, style, verbose=options.verbose)]
    lines += [f"    note: {style.text(note)}" for note in group.notes]
    if options.verbose:
        lines += [
            f"    {style.sign('=')} carried forward untouched: {style.text(carried)}; nobody manages it in the files"
            for carried in group.carried
        ]
    return lines


def field_lines(group: GroupPlan, options: BlockOptions) -> list[str]:
    """What differs about ``group`` and nothing else: a line for each change, and for each thing that it deletes."""
    lines = [headline(group, options.style), *change_lines(group.changes, options.style, options.width, options.limit)]
    return [*lines, *(f"    {line}" for line in removal_lines(group, options.style))]


def change_lines(
    changes: Sequence[Change], style: Style, width: int | None = VALUE_WIDTH, limit: int | None = SECTION_LIMIT
) -> list[str]:
    """An indented line for each of the first ``limit`` changes, values cut to ``width``; how many more there are."""
    shown = changes if limit is None else changes[:limit]
    lines = []
    for change in shown:
        text = f"    {style.sign(_CHANGE_SIGNS[change.kind])} {cut_middle(style.text(change.path), style, width=width)}"
        if change.kind == "change":
            text += f"  {before_after(change.before, change.after, style, width=width)}"
        lines.append(text)
    if len(shown) < len(changes):
        lines.append(f"    {style.ellipsis} and {len(changes) - len(shown):,} more")
    return lines


def _section_lines(group: GroupPlan, options: BlockOptions) -> Iterator[str]:
    changes: dict[str, list[tuple[Place, Change]]] = {}
    for change in group.changes if group.operation != "delete" else ():
        place = Place.of(change.path)
        changes.setdefault(place.section, []).append((place, change))
    actions: dict[str, list[Action]] = {}
    for action in group.actions:
        if action.kind in DELETION_KINDS:
            continue
        actions.setdefault(_section_of(action), []).append(action)
    for section in _SECTION_ORDER:
        if section in changes or section in actions:
            yield from _section(group, section, changes.get(section, []), actions.get(section, []), options)


def _section_of(action: Action) -> str:
    if action.kind in _THING_KINDS:
        return "cores" if action.inputs.get("role") == "core" else "devices"
    if action.kind in ("publish-definition", "rename-definition"):
        family = str(action.inputs.get("family", ""))
        return family if family in _FAMILIES else "other"
    return _SECTIONS_OF_KINDS.get(action.kind, "other")


def _section(
    group: GroupPlan,
    section: str,
    changes: list[tuple[Place, Change]],
    actions: list[Action],
    options: BlockOptions,
) -> Iterator[str]:
    style = options.style
    thing_actions = {
        str(action.inputs.get("thingName", action.subject)): action for action in actions if action.kind in _THING_KINDS
    }
    other_actions = [action for action in actions if action.kind not in _THING_KINDS]
    details = list(_details(group, section, changes, thing_actions, options))
    if section == "tags" and not details:
        details = [line for action in other_actions for line in _tags_to_come(action, style)]
    if group.runtime == GREENGRASS_V2:
        heads = group_text_v2.heads(other_actions, group, style)
    else:
        heads = group_text_v1.heads(other_actions, options.deployments, style)
    # What the action's own line says already is not said again: a new group, a deployment that starts from nothing.
    if heads and section in ("group", "deployment"):
        details = [line for (_, change), line in zip(changes, details, strict=True) if not _says_nothing_new(change)]
    if not heads and section != "other":
        heads = [(_common_sign([change.kind for _, change in changes]) if changes else "+", section)]
    yield from (f"{style.sign(sign)} {text}" for sign, text in heads)
    indent = "" if section == "other" else "    "
    shown = details if options.limit is None else details[: options.limit]
    yield from (indent + line for line in shown)
    if len(shown) < len(details):
        yield style.dim(f"{indent}{style.ellipsis} and {len(details) - len(shown):,} more (--verbose shows them)")


def _says_nothing_new(change: Change) -> bool:
    if change.after in (change.before, SENT_AGAIN):
        return True
    return change.before is None and not isinstance(change.after, Mapping) and "." not in change.path


def _common_sign(kinds: list[Literal["add", "remove", "change"]]) -> str:
    return _CHANGE_SIGNS[kinds[0]] if len(set(kinds)) == 1 else "~"


def _tags_to_come(action: Action, style: Style) -> list[str]:
    """The tags that only the apply knows the value of; all others are as they were."""
    tags = action.inputs.get("tags", {})
    names = sorted(name for name, value in tags.items() if value == KNOWN_AFTER_APPLY)
    return [f"{style.sign('~')} {style.text(name)}  {KNOWN_AFTER_APPLY}" for name in names]


def _details(
    group: GroupPlan,
    section: str,
    changes: list[tuple[Place, Change]],
    thing_actions: Mapping[str, Action],
    options: BlockOptions,
) -> Iterator[str]:
    """A line for each change, then one for each thing that is made or taken in without being a change."""
    style, role, told = options.style, _THING_FAMILIES.get(section), set[str]()
    deleted = {action.subject for action in group.of_kind("deprovision-thing")}
    for place, change in changes:
        sign = style.sign(_CHANGE_SIGNS[change.kind])
        if section == "components" and place.entity is not None and not place.field and change.kind != "change":
            yield group_text_v2.component_line(place.entity, change, group, style, width=options.width)
        elif role is not None and place.entity is not None and not place.field and change.kind != "change":
            told.add(place.entity)
            action = thing_actions.get(place.entity)
            text = _thing_text(change, action, options, stays=place.entity not in deleted)
            yield f"{sign} {role} thing {style.text(place.entity)}{text}"
        else:
            yield f"{sign} {_change_text(place, change, role, options)}"
    for name, action in thing_actions.items():
        if name not in told:
            yield f"{style.sign('+')} {role} thing {style.text(name)}{_thing_text(None, action, options)}"


def _thing_text(change: Change | None, action: Action | None, options: BlockOptions, *, stays: bool = True) -> str:
    if change is not None and change.kind == "remove":
        return f": dissociate (it leaves the group{'; the thing itself stays in AWS IoT' if stays else ''})"
    text = ": associate"
    if action is not None and action.kind == "provision-thing":
        text = f": provision ({_provision_text(action.inputs)})"
    elif action is not None:
        text = ": associate (exists already)"
    if action is not None and action.inputs.get("thingType"):
        text += f", thing type {options.style.text(str(action.inputs['thingType']))}"
    if change is not None and isinstance(change.after, Mapping) and change.after.get("SyncShadow") is False:
        text += ", its shadow is not synced"
    return text


def _provision_text(inputs: Mapping[str, Any]) -> str:
    """Who makes the key and the certificate of a thing."""
    maker = "CDF Provisioning" if "provisioningTemplateId" in inputs else "AWS IoT"
    exists = "it exists without an active certificate; " if inputs.get("exists") else ""
    if inputs.get("csr"):
        return f"{exists}the device keeps its own key, certificate from {maker}"
    if inputs.get("csrParameter"):
        return f"{exists}key made here, certificate from {maker}"
    if "cdfProvisioningParameters" in inputs:
        return f"{exists}key and certificate from {maker}"
    return f"{exists}with the certificate that its template names"


def _change_text(place: Place, change: Change, role: str | None, options: BlockOptions) -> str:
    style, width = options.style, options.width
    name = ""
    if place.entity is not None:
        name = f"{role} thing {style.text(place.entity)}" if role else style.text(place.entity)
    field = cut_middle(style.text(place.field), style, width=width)
    place_text = ": ".join(part for part in (name, field) if part) or place.section
    if change.kind == "change":
        return f"{place_text}  {before_after(change.before, change.after, style, width=width)}"
    value = change.after if change.kind == "add" else change.before
    if value is None:
        return place_text
    return f"{place_text}  {entity_text(value, style, width=width)}"
