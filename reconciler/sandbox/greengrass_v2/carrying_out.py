"""One deployment carried out by one core device: what it has on it afterwards, and what it reports."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v2.configuration import merged, updated
from reconciler.sandbox.greengrass_v2.devices import Core, Installed
from reconciler.sandbox.greengrass_v2.documents import SMALL
from reconciler.sandbox.greengrass_v2.records import ComponentVersion, Deployment
from reconciler.sandbox.greengrass_v2.resolution import UnresolvableError, resolve
from reconciler.sandbox.greengrass_v2.versions import best

if TYPE_CHECKING:
    from reconciler.sandbox.behaviours import Behaviour
    from reconciler.sandbox.greengrass_v2.components import Components

LARGE_CONFIGURATIONS = ">=2.3.0"
SUBDEPLOYMENTS = ">=2.9.0"
"""Which nuclei can do what (greengrass-release-2021-06-29.md, create-subdeployments.md)."""

UNEXPLAINED = "a component did not start"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a core device reports of a deployment; ``status`` is the nucleus's ``detailed-deployment-status``."""

    status: str
    reason: str
    stack: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    changed: bool = False
    """Whether there is anything else on it now."""

    @property
    def succeeded(self) -> bool:
        """Whether it runs what it was to run."""
        return self.status == "SUCCESSFUL"

    def details(self) -> dict[str, str]:
        """The ``statusDetails`` of the job execution."""
        details = {"detailed-deployment-status": self.status}
        if self.succeeded:
            return details
        return {
            **details,
            "deployment-failure-cause": self.reason,
            "deployment-error-stack": json.dumps(self.stack),
            "deployment-error-types": json.dumps(self.types),
        }


def carry_out(
    core: Core,
    others: Iterable[Deployment],
    deployment: Deployment,
    components: "Components",
    behaviour: "Behaviour",
    moment: datetime,
) -> Outcome:
    """Bring a core device to what the deployment and those of its other targets want together, as far as it can."""
    roots = {other.target.arn: other for other in (*others, deployment)}
    missing = _missing_capabilities(core, deployment)
    if missing:
        reason = f"The nucleus does not support: {', '.join(missing)}"
        return _unchanged(reason, "NUCLEUS_MISSING_REQUIRED_CAPABILITIES", types=("NUCLEUS_ERROR",))
    try:
        wanted = resolve(components, roots.values(), core.nucleus.name, core.platform)
    except UnresolvableError as problem:
        codes = ("NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET")
        return _unchanged(str(problem), *codes, types=("DEPENDENCY_ERROR",))
    if behaviour.outcome != "fail":
        _install(core, roots, deployment, wanted, moment)
        core.is_healthy = True
        return Outcome("SUCCESSFUL", "SUCCESSFUL", changed=True)
    return _broken(core, roots, deployment, wanted, behaviour.error or UNEXPLAINED, moment)


def _broken(
    core: Core,
    roots: Mapping[str, Deployment],
    deployment: Deployment,
    wanted: Mapping[str, ComponentVersion],
    error: str,
    moment: datetime,
) -> Outcome:
    """A component breaks; what was there before comes back, unless the deployment says to leave it."""
    broken = min(deployment.components, default=None)
    stack = ("DEPLOYMENT_FAILURE", "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN")
    types = ("COMPONENT_ERROR", "USER_COMPONENT_ERROR")
    if deployment.policies["failureHandlingPolicy"] == "ROLLBACK":
        return Outcome("FAILED_ROLLBACK_COMPLETE", f"FAILED_ROLLBACK_COMPLETE: {error}", stack, types)
    _install(core, roots, deployment, wanted, moment)
    core.is_healthy = False
    if broken is not None:
        installed = core.installed[broken]
        installed.state, installed.details, installed.codes = "BROKEN", error, ("STARTUP_ERROR",)
    reason = f"FAILED_ROLLBACK_NOT_REQUESTED: {error}"
    return Outcome("FAILED_ROLLBACK_NOT_REQUESTED", reason, stack, types, changed=True)


def _unchanged(reason: str, *codes: str, types: tuple[str, ...]) -> Outcome:
    reason = f"FAILED_NO_STATE_CHANGE: {reason}"
    return Outcome("FAILED_NO_STATE_CHANGE", reason, ("DEPLOYMENT_FAILURE", *codes), types)


def _missing_capabilities(core: Core, deployment: Deployment) -> list[str]:
    needs = []
    if deployment.size > SMALL[deployment.target.kind]:
        needs.append(("LARGE_CONFIGURATION", LARGE_CONFIGURATIONS))
    if deployment.parent_arn is not None:
        needs.append(("SUB_DEPLOYMENTS", SUBDEPLOYMENTS))
    version = core.nucleus.version
    return [name for name, versions in needs if best([version], [versions]) is None]


def _install(
    core: Core,
    roots: Mapping[str, Deployment],
    deployment: Deployment,
    wanted: Mapping[str, ComponentVersion],
    moment: datetime,
) -> None:
    """Put what is wanted on the device, take off what nobody wants any more, and update configurations."""
    sources = {name: root.id for root in sorted(roots.values(), key=_age) for name in root.components}
    nucleus = core.nucleus
    installed = {}
    for name, component in wanted.items():
        installed[name] = _installed(core, component, sources.get(name), deployment.id, moment)
        _configure(core, component, deployment.components.get(name, {}).get("configurationUpdate", {}))
    if nucleus.name not in installed:
        nucleus.is_root = False
        installed[nucleus.name] = nucleus
    core.installed = installed
    core.configuration = {name: core.configuration[name] for name in installed}
    core.roots = dict(roots)


def _age(deployment: Deployment) -> int:
    return deployment.sequence


def _installed(core: Core, component: ComponentVersion, source: str | None, cause: str, moment: datetime) -> Installed:
    before = core.installed.get(component.name)
    is_same = before is not None and before.version == component.version and before.state != "BROKEN"
    return Installed(
        name=component.name,
        version=component.version,
        is_root=source is not None,
        state="RUNNING" if _keeps_running(component.recipe) else "FINISHED",
        changed=before.changed if before is not None and is_same else moment,
        reported=moment,
        source=source or (before.source if before is not None and is_same else cause),
    )


def _configure(core: Core, component: ComponentVersion, update: Mapping[str, Any]) -> None:
    default = (component.recipe.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    before = core.configuration.get(component.name)
    # A new version brings its defaults for what the device has nothing of yet.
    current = default if before is None else merged(default, before)
    core.configuration[component.name] = updated(current, update, default)


def _keeps_running(recipe: Mapping[str, Any]) -> bool:
    lifecycles = [recipe.get("Lifecycle") or {}, *(manifest.get("Lifecycle") or {} for manifest in recipe["Manifests"])]
    steps = {str(step).lower() for lifecycle in lifecycles for step in lifecycle}
    return bool(steps & {"run", "startup"}) or recipe.get("ComponentType") == "aws.greengrass.lambda"
