"""What a plan deletes, as lines in the order of the apply: nobody shall have to guess what goes."""

from collections.abc import Iterator, Sequence

from reconciler.model.plan import Action
from reconciler.reporting.style import Style
from reconciler.reporting.values import short_value

NAMED = 12
"""Things of one group that are named one by one."""


def removal_lines(actions: Sequence[Action], style: Style, *, verbose: bool = False) -> Iterator[str]:
    """A red line for each of the deletions ``actions``; of very many things only the first, unless ``verbose``."""
    things = [action for action in actions if action.kind == "deprovision-thing"]
    shown = things if verbose else things[:NAMED]
    for action in actions:
        if action.kind != "deprovision-thing" or action in shown:
            yield f"{style.sign('-')} {style.remove(_text(action, style))}"
        if len(shown) < len(things) and action is shown[-1]:
            yield style.dim(f"{style.ellipsis} and {len(things) - len(shown):,} more things (--verbose shows them)")


def _text(action: Action, style: Style) -> str:
    name = style.text(action.subject)
    match action.kind:
        case "delete-group":
            return "group: delete it from AWS IoT Greengrass"
        case "delete-deployments":
            return f"deployments to {name}: cancel and delete them"
        case "delete-definition":
            return f"{style.text(str(action.inputs['family']))}: delete definition {name}, which no other group uses"
        case "deprovision-thing":
            return f"thing {name}: delete the certificate, policy and thing that this fleet made for it"
        case _:
            count = len(action.inputs["things"])
            group = short_value(action.inputs["groupId"], style)
            whose = f"{count:,} thing{'s' if count > 1 else ''}"
            return f"keys: delete those of {whose} from the artifact bucket, below group {group}"
