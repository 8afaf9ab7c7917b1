"""Which component versions have to be published, each once for all groups that need it, and which cannot be. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.canonical import digest, plain
from reconciler.model.component import Component, ComponentRef
from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.plan import Action, GuardFinding
from reconciler.model.words import some_of
from reconciler.runtimes.v2.recipes import changed_artifacts, recipe_digest, used_by

PENDING = frozenset({"REQUESTED", "INITIATED"})
"""States of a component version that AWS is still at work on."""


@dataclass(frozen=True, slots=True)
class Published:
    """A component version that is there: its state, what AWS says of it, and its recipe."""

    state: str
    message: str
    recipe: Mapping[str, Any]


@dataclass(frozen=True)
class Publications:
    """The component versions of ``desired``; ``live`` are those that are published.

    ``contents`` gather the recipes that actions name by digest.
    """

    desired: DesiredState
    live: Mapping[ComponentRef, Published]
    contents: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def needed_by(self, document: Mapping[str, Any]) -> Iterator[Action]:
        """What publishes the component versions that ``document`` needs and that are not there."""
        for component in used_by(document, self.desired.components)[0]:
            found = self.live.get(component.ref)
            if found is None or found.state in PENDING or found.state == "FAILED":
                yield self._publish(component, found)

    def refusals(self, group: Group, documents: Iterable[Mapping[str, Any]]) -> Iterator[GuardFinding]:
        """A finding for each component version that ``group`` needs and that is published with something else."""
        for document in documents:
            for component in used_by(document, self.desired.components)[0]:
                if other := self._other(component):
                    yield _finding(component, "error", f"{group.name}: component {component.ref} is {other}")

    def warnings(self, refused: Collection[str]) -> Iterator[GuardFinding]:
        """A finding for each component version that is published with something else than the files say, and that no
        group needs now; those of ``refused`` are told already.
        """
        for ref, component in sorted(self.desired.components.items()):
            if str(ref) not in refused and (other := self._other(component)):
                yield _finding(component, "warning", f"component {ref} is {other}")

    def _other(self, component: Component) -> str:
        """With what else a component version is published than the files say, in words; empty if with the same."""
        found = self.live.get(component.ref)
        if found is None or component.recipe is None or found.state == "FAILED":
            return ""
        if recipe_digest(found.recipe) != recipe_digest(component.recipe):
            return "published with another recipe"
        if changed := changed_artifacts(found.recipe, component.artifacts):
            return f"published with another {some_of(changed)}"
        return ""

    def _publish(self, component: Component, found: Published | None) -> Action:
        inputs: dict[str, Any] = {"name": component.name, "version": component.version}
        if component.recipe is not None:
            recipe = plain(component.recipe)
            self.contents[digest(recipe)] = recipe
            inputs["recipe"] = digest(recipe)
        else:
            inputs["lambdaFunction"] = plain(component.lambda_function)
        if component.artifacts:
            inputs["artifacts"] = [
                {"file": self._file(component, number), "uri": artifact.uri, "sha256": artifact.sha256}
                for number, artifact in enumerate(component.artifacts)
            ]
        if found is not None:
            inputs["state"] = found.state
        identifier = f"publish-component/{component.name}/{component.version}"
        return Action(identifier, "publish-component", component.name, (), inputs)

    def _file(self, component: Component, number: int) -> str:
        """An artifact's path below the fleet directory, so that the plan serves on another machine, too."""
        return component.artifacts[number].file.relative_to(self.desired.directory).as_posix()


def _finding(component: Component, severity: Literal["error", "warning"], what: str) -> GuardFinding:
    message = f"{what}, and a version that is published never changes; give what is new a version of its own"
    place = component.position.line_only
    return GuardFinding("component-recipe", severity, message, actual=str(component.ref), source=place)
