"""What a plan deletes, as lines in the order of the apply: nobody shall have to guess what goes."""

from collections.abc import Iterator

from reconciler.model.plan import Action, GroupPlan
from reconciler.model.template import GREENGRASS_V2
from reconciler.model.words import counted
from reconciler.reporting.style import Style
from reconciler.reporting.values import short_value

NAMED = 12
"""Things of one group that are named one by one."""


def removal_lines(group: GroupPlan, style: Style, *, verbose: bool = False) -> Iterator[str]:
    """A red line for each of the deletions of ``group``; of very many things only the first, unless ``verbose``."""
    actions, is_v2 = group.deletions, group.runtime == GREENGRASS_V2
    things = [action for action in actions if action.kind == "deprovision-thing"]
    shown = things if verbose else things[:NAMED]
    for action in actions:
        if action.kind != "deprovision-thing" or action in shown:
            yield f"{style.sign('-')} {style.remove(_text(action, style, is_v2=is_v2))}"
        if len(shown) < len(things) and action is shown[-1]:
            yield style.dim(f"{style.ellipsis} and {len(things) - len(shown):,} more things (--verbose shows them)")


def _text(action: Action, style: Style, *, is_v2: bool) -> str:
    name = style.text(action.subject)
    match action.kind:
        case "delete-group":
            return f"group: delete {'its thing group from AWS IoT' if is_v2 else 'it from AWS IoT Greengrass'}"
        case "delete-deployments":
            return f"deployments to {name}: cancel and delete them"
        case "delete-definition":
            return f"{style.text(str(action.inputs['family']))}: delete definition {name}, which no other group uses"
        case "deprovision-thing":
            return f"thing {name}: delete the certificate, policy and thing, as far as this fleet made them"
        case _:
            count = len(action.inputs["things"])
            group = short_value(action.inputs["groupId"], style)
            whose = counted(count, "thing")
            return f"keys: delete those of {whose} from the artifact bucket, below group {group}"
