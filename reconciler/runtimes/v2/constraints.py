"""What deployments ask of the versions of components, and of which components no version is right. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reconciler.model.component import Component, ComponentRef
from reconciler.runtimes.v2.recipes import dependencies, used_by
from reconciler.runtimes.v2.versions import meets


class Ask(NamedTuple):
    """The versions of a component that a deployment asks for: the one that it names itself, or those that another
    component needs which it brings, ``by`` (name and version; empty: itself).
    """

    component: str
    requirement: str
    by: str = ""

    @property
    def text(self) -> str:
        """``2.12.0``, or ``>=2.0.0 for com.example.Logger 1.2.0``."""
        return f"{self.requirement} for {self.by}" if self.by else self.requirement


def asks_of(document: Mapping[str, Any], components: Mapping[ComponentRef, Component]) -> frozenset[Ask]:
    """What a deployment ``document`` asks for; of what it brings, the recipes of ``components`` are known."""
    named = {Ask(name, str(entry["componentVersion"])) for name, entry in document["components"].items()}
    needed = {
        Ask(name, dependency.requirement, str(component.ref))
        for component in used_by(document, components)[0]
        for name, dependency in dependencies(component).items()
        if dependency.is_hard and dependency.requirement
    }
    return frozenset(named | needed)


def unmet(asked: Iterable[tuple[str, Ask]]) -> dict[str, list[tuple[str, Ask]]]:
    """The components of which no version is right for all that is ``asked`` (by whom, and what), with who asks for it.

    Which versions there are is not known, but for those that deployments name.
    """
    by_component: dict[str, list[tuple[str, Ask]]] = defaultdict(list)
    for who, ask in asked:
        by_component[ask.component].append((who, ask))
    found = {}
    for component, asking in sorted(by_component.items()):
        named = {ask.requirement for _, ask in asking if not ask.by}
        if named and not any(all(meets(version, ask.requirement) for _, ask in asking) for version in named):
            found[component] = sorted(asking)
    return found
