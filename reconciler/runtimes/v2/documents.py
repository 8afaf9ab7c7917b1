"""Deployment documents: one form in which the files' and AWS's can be compared, and the form that AWS takes. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.desired.wire import on_the_wire
from reconciler.model.canonical import digest, plain

Document = Mapping[str, Any]
"""``components``, ``deploymentPolicies`` and ``iotJobConfiguration``, in the form of ``comparable``."""

DEFAULT_POLICIES: Mapping[str, Any] = {
    # API reference, DeploymentPolicies and its members: what counts where a deployment says nothing.
    "failureHandlingPolicy": "ROLLBACK",
    "componentUpdatePolicy": {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 60},
    "configurationValidationPolicy": {"timeoutInSeconds": 30},
}
NOTHING: Document = {"components": {}, "deploymentPolicies": DEFAULT_POLICIES, "iotJobConfiguration": {}}
"""What takes everything off its target."""


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """``document``, as files have it or as GetDeployment gives it, so that equal meaning is equal data.

    Policies that are left out are the defaults; what is empty is as good as absent; the order of resets means nothing;
    values to merge are data and not JSON text; numbers without a fraction are whole, for AWS gives some back as floats.
    """
    components = document.get("components") or {}
    return {
        "components": {name: _component(component) for name, component in components.items()},
        "deploymentPolicies": _policies(document.get("deploymentPolicies") or {}),
        "iotJobConfiguration": _bare(document.get("iotJobConfiguration") or {}),
    }


def _component(component: Mapping[str, Any]) -> dict[str, Any]:
    compared: dict[str, Any] = {"componentVersion": component["componentVersion"]}
    update = component.get("configurationUpdate") or {}
    configuration: dict[str, Any] = {}
    if reset := sorted(set(update.get("reset") or ())):
        configuration["reset"] = reset
    if (merge := _merge(update.get("merge"))) not in (None, {}):
        configuration["merge"] = merge
    if configuration:
        compared["configurationUpdate"] = configuration
    if run_with := _bare(component.get("runWith") or {}):
        compared["runWith"] = run_with
    return compared


def _merge(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:  # a device would refuse it, and it equals nothing that files can say
            return value
    return _whole(plain(value))


def _policies(policies: Mapping[str, Any]) -> dict[str, Any]:
    given = _bare(policies)
    return {
        name: {**default, **given.get(name, {})} if isinstance(default, Mapping) else given.get(name, default)
        for name, default in DEFAULT_POLICIES.items()
    }


def _bare(value: Any) -> Any:
    """``value`` without what is empty, and with numbers that are whole as such."""
    if isinstance(value, Mapping):
        kept = {str(name): _bare(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item not in ({}, [])}
    if isinstance(value, list | tuple):
        return [_bare(item) for item in value]
    return _whole(value)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def document_digest(document: Document) -> str:
    """The digest of a document, by which equal ones are found."""
    return digest(document)


def parameters(document: Document) -> dict[str, Any]:
    """The parameters of CreateDeployment that stand for ``document``."""
    return {name: value for name, value in plain(on_the_wire(document)).items() if value or name == "components"}
