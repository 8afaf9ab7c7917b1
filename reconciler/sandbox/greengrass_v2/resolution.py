"""What a core device is to run, from the deployments of all its targets: which versions, and whether they go together.

As the nucleus does it: what deployments name are the roots, whose versions are fixed; what recipes need comes at the
greatest version that meets the requirements of everybody who needs it.
"""

from collections.abc import Iterable, Mapping

from reconciler.sandbox.greengrass_v2 import public
from reconciler.sandbox.greengrass_v2.components import Components
from reconciler.sandbox.greengrass_v2.platforms import is_for
from reconciler.sandbox.greengrass_v2.recipes import dependencies_of
from reconciler.sandbox.greengrass_v2.records import ComponentVersion, Deployment
from reconciler.sandbox.greengrass_v2.versions import best, named_in

ROUNDS = 50
"""How often versions may be chosen anew before it counts as never coming to an end."""


class UnresolvableError(Exception):
    """No set of versions meets all requirements."""


Requirements = dict[str, dict[str, str]]
"""By component: who requires it (``thinggroup/line``, or another component), and which versions."""


def resolve(
    components: Components, deployments: Iterable[Deployment], nucleus: str, platform: Mapping[str, str]
) -> dict[str, ComponentVersion]:
    """The versions that meet the deployments, dependencies included; raises UnresolvableError.

    ``nucleus`` is the name of the one that the device runs: it is among them only if somebody requires it. Private
    components have to be for its ``platform``.
    """
    roots = _roots(deployments)
    requirements = roots
    for _ in range(ROUNDS):
        chosen = {name: _choose(components, name, by, platform) for name, by in sorted(requirements.items())}
        needed = _needed(roots, chosen.values(), nucleus)
        if needed == requirements:
            return chosen
        requirements = needed
    raise UnresolvableError("The requirements of the components' dependencies never settle")


def _roots(deployments: Iterable[Deployment]) -> Requirements:
    found: Requirements = {}
    for deployment in deployments:
        who = f"{deployment.target.kind}/{deployment.target.name}"
        for name, wanted in deployment.components.items():
            found.setdefault(name, {})[who] = f"={wanted['componentVersion']}"
    return found


def _needed(roots: Requirements, chosen: Iterable[ComponentVersion], nucleus: str) -> Requirements:
    found = {name: dict(by) for name, by in roots.items()}
    for component in chosen:
        for name, requirement in dependencies_of(component.recipe).items():
            if name == public.NUCLEUS and nucleus != public.NUCLEUS:
                continue  # Nucleus Lite stands in for it
            found.setdefault(name, {})[component.name] = requirement
    return found


def _choose(components: Components, name: str, by: Mapping[str, str], platform: Mapping[str, str]) -> ComponentVersion:
    available = set(components.deployable(name))
    if public.is_public(name):
        # Any version of a public component is there, so those that somebody names can be had, too.
        available |= {version for text in by.values() for version in named_in(text)}
    else:
        fitting = {version for version in available if _is_for(components, name, version, platform)}
        if best(available, by.values()) is not None and best(fitting, by.values()) is None:
            attributes = ", ".join(f"{key}: {value}" for key, value in platform.items())
            raise UnresolvableError(
                "The version of component requested does not claim platform compatibility. Component "
                f"{name} {best(available, by.values())} has no manifest for {attributes}"
            )
        available = fitting
    version = best(available, by.values())
    found = components.find(name, version) if version is not None else None
    if found is None:
        raise UnresolvableError(
            "No local or cloud component version satisfies the requirements. Check whether the version constraints "
            "conflict and that the component exists in your AWS account with a version that matches the version "
            "constraints. If the version constraints conflict, revise deployments to resolve the conflict. Component "
            f"{name} version constraints: {', '.join(f'{who} requires {text}' for who, text in sorted(by.items()))}."
        )
    return found


def _is_for(components: Components, name: str, version: str, platform: Mapping[str, str]) -> bool:
    found = components.find(name, version)
    return found is not None and is_for(found.recipe, platform)
