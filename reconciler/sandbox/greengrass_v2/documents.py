"""What CreateDeployment takes: everything about a deployment's document that the service looks at before it acts."""

import json
import re
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.greengrass_v2.records import Target
from reconciler.sandbox.greengrass_v2.refusals import invalid
from reconciler.sandbox.greengrass_v2.versions import is_version

LARGEST = 6 * 1024 * 1024
"""Bytes of a document (Greengrass quotas; a release note says 10 MB)."""

SMALL = {"thing": 7 * 1024, "thinggroup": 31 * 1024}
"""Up to so many bytes a document needs no support for large configurations (Greengrass quotas)."""

POLICIES: Mapping[str, Any] = {
    "failureHandlingPolicy": "ROLLBACK",
    "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
    "configurationValidationPolicy": {"timeoutInSeconds": 30},
}
"""What holds where the caller says nothing (API reference)."""

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_LONGEST_TIMEOUT = 10_080  # minutes: a week (IoTJobTimeoutConfig)


def check_document(params: Mapping[str, Any], target: Target) -> None:
    """Raise ValidationException for what the service model does not see and the service refuses."""
    for name, wanted in params.get("components", {}).items():
        _check_component(name, wanted)
    _check_job(params.get("iotJobConfiguration", {}))
    size = size_of(params.get("components", {}))
    if size > LARGEST:
        raise invalid(f"The deployment document has {size} bytes, more than {LARGEST}", "components")
    if "parentTargetArn" in params and target.kind != "thinggroup":
        raise invalid("The target of a subdeployment must be a thing group", "targetArn")


def size_of(components: Mapping[str, Any]) -> int:
    """The bytes of a document with these components."""
    return len(json.dumps(components, separators=(",", ":"), ensure_ascii=False).encode())


def with_defaults(policies: Mapping[str, Any]) -> dict[str, Any]:
    """Deployment policies with everything that the caller left out."""
    return {
        name: {**usual, **policies.get(name, {})} if isinstance(usual, Mapping) else policies.get(name, usual)
        for name, usual in POLICIES.items()
    }


def _check_component(name: str, wanted: Mapping[str, Any]) -> None:
    field = f"components.{name}"
    if not _NAME.fullmatch(name):
        raise invalid(f"{name} is no name of a component", field)
    if not is_version(wanted["componentVersion"]):
        text = f"The version {wanted['componentVersion']} of {name} is no semantic version"
        raise invalid(text, f"{field}.componentVersion")
    update = wanted.get("configurationUpdate", {})
    if "merge" in update:
        _check_merge(update["merge"], f"{field}.configurationUpdate.merge")
    for pointer in update.get("reset", []):
        if pointer and not pointer.startswith("/"):
            text = f"{pointer} is no JSON pointer: it must be empty or start with a slash"
            raise invalid(text, f"{field}.configurationUpdate.reset")


def _check_merge(text: str, field: str) -> None:
    try:
        merged = json.loads(text)
    except ValueError as problem:
        raise invalid(f"The configuration to merge is not JSON: {problem}", field) from problem
    if not isinstance(merged, dict):
        raise invalid("The configuration to merge is no JSON object", field)


def _check_job(configuration: Mapping[str, Any]) -> None:
    minutes = configuration.get("timeoutConfig", {}).get("inProgressTimeoutInMinutes")
    if minutes is not None and not 1 <= minutes <= _LONGEST_TIMEOUT:
        field = "iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes"
        raise invalid(f"A timeout is 1 to {_LONGEST_TIMEOUT} minutes, not {minutes}", field)
    rate = configuration.get("jobExecutionsRolloutConfig", {}).get("exponentialRate")
    if rate is not None and len(rate["rateIncreaseCriteria"]) != 1:
        field = "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria"
        raise invalid("Exactly one of numberOfNotifiedThings and numberOfSucceededThings must be given", field)
