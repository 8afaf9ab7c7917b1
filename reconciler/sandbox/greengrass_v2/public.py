"""The components that AWS publishes: any version of what bears one of AWS's names is there, so that whatever a fleet
pins can be had; which versions are listed, and what floats to what, goes by a table.
"""

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.greengrass_v2.recipes import FORMAT
from reconciler.sandbox.greengrass_v2.records import ComponentVersion
from reconciler.sandbox.greengrass_v2.versions import is_version, newest_first

PREFIXES = ("aws.greengrass.", "aws.iot.")
COMMUNITY = "aws.greengrass.labs."
"""What bears this is published by whoever uses it, in the own account."""

NUCLEUS = "aws.greengrass.Nucleus"
LITE = "aws.greengrass.NucleusLite"

# Some versions of each, the oldest and the newest in the middle of 2025: what unpinned dependencies float to.
LISTED: Mapping[str, tuple[str, ...]] = {
    "aws.greengrass.Cli": ("2.0.3", "2.9.0", "2.12.0", "2.14.0"),
    "aws.greengrass.Cloudwatch": ("2.0.0", "3.0.0", "3.1.0", "3.2.0"),
    "aws.greengrass.DiskSpooler": ("1.0.0", "1.0.5"),
    "aws.greengrass.DockerApplicationManager": ("2.0.0", "2.0.9", "2.0.13"),
    "aws.greengrass.LambdaLauncher": ("2.0.0", "2.0.10", "2.0.13"),
    "aws.greengrass.LambdaManager": ("2.0.0", "2.2.0", "2.3.5"),
    "aws.greengrass.LambdaRuntimes": ("2.0.0", "2.0.8"),
    "aws.greengrass.LegacySubscriptionRouter": ("2.0.0", "2.1.0", "2.1.13"),
    "aws.greengrass.LocalDebugConsole": ("2.0.0", "2.2.0", "2.4.3"),
    "aws.greengrass.LogManager": ("2.0.0", "2.2.0", "2.3.9"),
    NUCLEUS: ("2.0.3", "2.9.0", "2.11.0", "2.12.0", "2.13.0", "2.14.3"),
    LITE: ("2.0.0", "2.1.0", "2.2.0"),
    "aws.greengrass.SecretManager": ("2.0.0", "2.1.0", "2.2.2"),
    "aws.greengrass.SecureTunneling": ("1.0.0", "1.1.0", "1.1.3"),
    "aws.greengrass.ShadowManager": ("2.0.0", "2.2.0", "2.3.11"),
    "aws.greengrass.StreamManager": ("2.0.0", "2.1.0", "2.2.1"),
    "aws.greengrass.SystemsManagerAgent": ("1.0.0", "1.2.4"),
    "aws.greengrass.TokenExchangeService": ("2.0.0", "2.0.3"),
    "aws.greengrass.clientdevices.Auth": ("2.0.0", "2.3.0", "2.5.4"),
    "aws.greengrass.clientdevices.IPDetector": ("2.0.0", "2.1.0", "2.2.2"),
    "aws.greengrass.clientdevices.mqtt.Bridge": ("2.0.0", "2.2.0", "2.3.2"),
    "aws.greengrass.clientdevices.mqtt.EMQX": ("1.0.0", "2.0.0", "2.0.3"),
    "aws.greengrass.clientdevices.mqtt.Moquette": ("2.0.0", "2.2.0", "2.3.7"),
    "aws.greengrass.telemetry.NucleusEmitter": ("1.0.0", "1.0.11"),
}
PUBLISHED = datetime(2025, 6, 1, tzinfo=UTC)
_PLUGIN_PARTS = ("clientdevices", "LogManager", "ShadowManager", "StreamManager", "Cli", "LambdaManager")
_WITHOUT_NUCLEUS = (NUCLEUS, LITE)


def is_public(name: str) -> bool:
    """Whether AWS publishes a component of this name."""
    return name.startswith(PREFIXES) and not name.startswith(COMMUNITY)


def names() -> Iterable[str]:
    """The components that lists show."""
    return sorted(LISTED)


def listed(name: str) -> list[str]:
    """The versions that lists show, the greatest first; none for a component that is not in the table."""
    return newest_first(LISTED.get(name, ()))


def find(name: str, version: str, arn: str) -> ComponentVersion | None:
    """A version of a public component, whichever it is; None where AWS publishes none of that name."""
    if not is_public(name) or not is_version(version):
        return None
    return ComponentVersion(name, version, arn, _recipe(name, version), PUBLISHED, {}, {})


@functools.lru_cache(maxsize=1_000)
def _recipe(name: str, version: str) -> Mapping[str, Any]:
    """A recipe that has what devices go by: a type, a configuration, and the nucleus that it needs."""
    recipe: dict[str, Any] = {
        "RecipeFormatVersion": FORMAT,
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentType": _type(name),
        "ComponentDescription": f"{name} as AWS publishes it.",
        "ComponentPublisher": "AWS",
        "ComponentConfiguration": {"DefaultConfiguration": {}},
    }
    if name not in _WITHOUT_NUCLEUS:
        # As AWS's own recipes: any nucleus up to the next that it was not tried with; and so it may be upgraded.
        needed = {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "SOFT"}
        recipe["ComponentDependencies"] = {NUCLEUS: needed}
    return {**recipe, "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {}}], "Lifecycle": {}}


def _type(name: str) -> str:
    if name in _WITHOUT_NUCLEUS:
        return "aws.greengrass.nucleus"
    is_plugin = any(part in name.split(".") for part in _PLUGIN_PARTS)
    return "aws.greengrass.plugin" if is_plugin else "aws.greengrass.generic"
