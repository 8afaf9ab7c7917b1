"""What is said of the actions of a Greengrass V1 group."""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.plan import Action, Plan
from reconciler.model.template import GREENGRASS_V1
from reconciler.model.words import counted
from reconciler.reporting.style import Style
from reconciler.reporting.values import short_value


def deployed_together(plan: Plan) -> int:
    """How many new deployments of a plan go out in one bulk deployment, which only Greengrass V1 has."""
    return sum(len(group.of_kind("deploy")) for group in plan.changed if group.runtime == GREENGRASS_V1)


def heads(actions: Sequence[Action], deployments: int, style: Style) -> list[tuple[str, str]]:
    """The signs and texts of the actions' own lines; ``deployments`` of the whole plan go out together."""
    return [_head(action, deployments, style) for action in actions]


def _head(action: Action, deployments: int, style: Style) -> tuple[str, str]:
    inputs = action.inputs
    match action.kind:
        case "create-group":
            return "+", "group: create it in AWS IoT Greengrass"
        case "publish-definition":
            return "+", _publish_text(inputs, style)
        case "create-group-version":
            return "+", "group version: create a new one from these definitions"
        case "tag-group":
            return "~", "tags of the group"
        case "rename-group":
            return "~", "group: rename it in AWS IoT Greengrass"
        case "rename-definition":
            return "~", f"{style.text(str(inputs['family']))}: rename its definition to {style.text(action.subject)}"
        case "deploy":
            return ">", _deploy_text(inputs, deployments, style)
        case "redeploy":
            return ">", _redeploy_text(inputs, style)
        case "reset-deployments":
            force = ", forced: even if the core does not answer" if inputs.get("force") else ""
            if inputs.get("deploymentId"):
                return ">", f"deployment: wait for reset {style.text(str(inputs['deploymentId']))}, which is on its way"
            return ">", f"deployment: reset, the core gives up what it runs (ResetDeployments{force})"
        case kind:
            removes = kind.startswith(("delete", "dissociate", "remove"))
            return "-" if removes else "~", style.text(f"{kind}: {action.subject}")


def _publish_text(inputs: Mapping[str, Any], style: Style) -> str:
    family = style.text(str(inputs.get("family", "definition")))
    name = f" {style.text(str(inputs['name']))}" if inputs.get("name") else ""
    shared = ", published once for all groups that share it" if inputs.get("shared") else ""
    what = "new version of definition" if inputs.get("definitionId") else "new definition"
    return f"{family}: {what}{name}{shared}"


def _deploy_text(inputs: Mapping[str, Any], deployments: int, style: Style) -> str:
    version = inputs.get("groupVersionId")
    name = "the new group version"
    if inputs.get("pinned"):
        name = f"the pinned group version {style.text(str(version))}"
    elif isinstance(version, str) and not version.startswith("("):
        name = f"group version {style.text(version)}"
    others = deployments - 1
    together = f", in one bulk deployment with {counted(others, 'other')}" if others > 0 else ""
    return f"deployment: send {name} to the core (NewDeployment{together})"


def _redeploy_text(inputs: Mapping[str, Any], style: Style) -> str:
    value = f" as {short_value(inputs['value'], style)} asks for" if inputs.get("value") is not None else ""
    which = f" {style.text(str(inputs['deploymentId']))}" if inputs.get("deploymentId") else ""
    return f"deployment: send deployment{which} again{value} (Redeployment)"
