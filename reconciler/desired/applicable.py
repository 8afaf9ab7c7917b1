"""Keys that one Greengrass knows and the other does not."""

from collections.abc import Mapping

from reconciler.desired.located import LocatedDict
from reconciler.desired.problems import Problems
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2

_TAKE_AWAY = "take it away, or use a template with runtime: "
_ONLY_V1 = _TAKE_AWAY + GREENGRASS_V1
_ONLY_V2 = _TAKE_AWAY + GREENGRASS_V2
_HINTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    GREENGRASS_V1: {
        "template": {"deployment": f"write definitions: {{…}}, or runtime: {GREENGRASS_V2}"},
        "group": {"configuration": _ONLY_V2},
        "thing": {"configuration": _ONLY_V2, "cores": _ONLY_V2},
    },
    GREENGRASS_V2: {
        "template": {
            "definitions": f"write deployment: {{components: …}}, or runtime: {GREENGRASS_V1}",
            "source": f"write deployment: {{components: …}}, or runtime: {GREENGRASS_V1}",
            "deviceSubscriptions": "configure aws.greengrass.clientdevices.mqtt.Bridge in the deployment",
        },
        "group": {
            "forceReset": "take it away: what is deployed is taken off by a deployment, taken up when a core can"
        },
        "deployment": {
            "groupVersionId": "take it away: what is deployed is the template's version",
            "force": "take it away: a reset is a deployment without components, which a core takes up when it can",
        },
        "thing": {
            "subscriptions": "configure aws.greengrass.clientdevices.mqtt.Bridge in the template's deployment",
            "syncShadow": "configure aws.greengrass.ShadowManager (synchronize) in the template's deployment",
        },
    },
}
"""Runtime → section of a document → key that the runtime does not have → what to do."""


def check_applicable(runtime: str, of: str, section: LocatedDict, problems: Problems) -> None:
    """Refuse by name the keys in ``section`` that have no meaning with ``runtime``.

    ``of`` tells what it is a section of: ``template``, ``group``, ``deployment`` or ``thing``.
    """
    for key, hint in _HINTS[runtime].get(of, {}).items():
        if key in section:
            message = f"{key} has no meaning with runtime: {runtime}"
            problems.add(section.key_position(key), "other-runtime", message, hint)
