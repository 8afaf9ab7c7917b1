"""What is said of the actions and components of a Greengrass V2 group, where that is not as in V1."""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.plan import DEPLOYMENT_KINDS, Action, Change, GroupPlan
from reconciler.model.words import counted, some_of
from reconciler.reporting.style import Style
from reconciler.reporting.values import entity_text, short_value

SECTIONS: Mapping[str, str] = {
    "update-members": "cores",
    "associate-devices": "devices",
    "publish-component": "publications",
    "deploy-cores": "deployment",
}


def heads(actions: Sequence[Action], group: GroupPlan, style: Style) -> list[tuple[str, str]]:
    """The signs and texts of the actions' own lines; those of client devices of many cores are one line."""
    found = []
    if associating := [action for action in actions if action.kind == "associate-devices"]:
        names = [style.text(action.subject) for action in associating]
        text = f"client devices of {some_of(names)}"
        if group.operation == "delete":
            number = len({name for action in associating for name in action.inputs["disassociate"]})
            text = style.remove(f"{text}: {number:,} taken from {'it' if len(names) == 1 else 'them'}")
        found.append(("-" if group.operation == "delete" else "~", text))
    return found + [_head(action, group, style) for action in actions if action.kind != "associate-devices"]


def _head(action: Action, group: GroupPlan, style: Style) -> tuple[str, str]:
    inputs = action.inputs
    match action.kind:
        case "create-group":
            return "+", "group: create its thing group in AWS IoT"
        case "update-members":
            joins, leaves = len(inputs["join"]), len(inputs["leave"])
            parts = [f"{joins:,} join{'s' if joins == 1 else ''} the thing group"] if joins else []
            parts += [f"{leaves:,} leave{'s' if leaves == 1 else ''} it"] if leaves else []
            return "~", f"cores: {', '.join(parts)}"
        case "publish-component":
            return "+", _publish_text(inputs, style)
        case "deploy-cores":
            names = [style.text(core["thingName"]) for core in inputs["cores"]]
            what = f"what is for {'it' if len(names) == 1 else 'each'} alone"
            return ">", f"deployment: once that has succeeded, send {some_of(names)} {what}"
        case "tag-group":
            return "~", "tags of the thing group"
        case kind if kind in DEPLOYMENT_KINDS:
            return ">", _deployment_text(action, group, style)
        case kind:
            return "~", style.text(f"{kind}: {action.subject}")


def _publish_text(inputs: Mapping[str, Any], style: Style) -> str:
    name = style.text(f"{inputs['name']} {inputs['version']}")
    if state := inputs.get("state"):
        if state == "FAILED":
            return f"component {name}: publish it again, as AWS could not take it in"
        return f"component {name}: wait until AWS has taken it in"
    count = len(inputs.get("artifacts", ()))
    artifacts = f" with {counted(count, 'artifact')}" if count else ""
    return f"component {name}: publish it{artifacts}, once for all groups that need it"


def _deployment_text(action: Action, group: GroupPlan, style: Style) -> str:
    inputs = action.inputs
    alone = len(inputs["cores"])
    to_cores = f"{counted(alone, 'core')} alone" if alone else ""
    if action.kind == "reset-deployments":
        return f"deployment: an empty one, which takes all components off {_cores(group)}"
    release = [style.text(core["thingName"]) for core in inputs["release"]]
    first = f"take from {some_of(release)} what {'each has' if len(release) > 1 else 'it has'} alone"
    if "document" not in inputs:
        parts = [first] if release else []
        parts += [f"send what {to_cores} get{'s' if alone == 1 else ''}"] if alone else []
        return f"deployment: {', then '.join(parts) or _going_on(group)}"
    value = f" as {short_value(inputs['value'], style)} asks for" if inputs.get("value") is not None else ""
    again = " again" if action.kind == "redeploy" else ""
    also = f", and to {to_cores} what is for {'it' if alone == 1 else 'each'}" if alone else ""
    before = f"{first}, then " if release else ""
    return f"deployment: {before}send it{again} to {_cores(group)}{value}, by way of the thing group{also}"


def _going_on(group: GroupPlan) -> str:
    """What is said where the newest deployment is only waited for."""
    joining = sum(len(action.inputs["join"]) for action in group.of_kind("update-members"))
    if not joining:
        return "wait for the one that is on its way"
    cores = f"{joining:,} cores that join" if joining > 1 else "core that joins"
    return f"what the group was sent last comes to the {cores}"


def _cores(group: GroupPlan) -> str:
    """``its 3 cores``, those that the thing group has once the plan is carried out."""
    members = set(group.live.get("members", ()))
    for action in group.of_kind("update-members"):
        members = (members | set(action.inputs["join"])) - set(action.inputs["leave"])
    return _count(len(members))


def _count(number: int) -> str:
    if number == 0:
        return "whatever cores will be in it"
    return f"its {number:,} cores" if number > 1 else "its core"


def component_line(name: str, change: Change, group: GroupPlan, style: Style, *, width: int | None) -> str:
    """A component that comes or goes as a whole; what devices lose is in red."""
    value = change.after if change.kind == "add" else change.before
    version = style.text(str(value.get("componentVersion", "")))
    if change.kind == "remove":
        number = len(group.live.get("members", ()))
        cores = counted(number, "core")
        return f"{style.sign('-')} {style.remove(f'{style.text(name)} {version}: remove it from {cores}')}"
    rest = {key: item for key, item in value.items() if key != "componentVersion"}
    more = f"  {entity_text(rest, style, width=width)}" if rest else ""
    return f"{style.sign('+')} {style.text(name)} {version}{more}"
