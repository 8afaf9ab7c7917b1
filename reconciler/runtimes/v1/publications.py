"""Which definition versions have to be published, each content once, and under which definition."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model.canonical import digest, plain
from reconciler.model.plan import Action
from reconciler.runtimes.v1.families import comparable, content_digest, definition_ids, same_content
from reconciler.runtimes.v1.live import Answers, LiveDefinition, LiveFleet
from reconciler.runtimes.v1.wanted import Wanted

Recall = Callable[[str, str], LiveDefinition | None]
"""The definition version that came of an earlier publication, by family and by the id of its action."""


class Publications:
    """Hands out the version of a content: one that is there already, or the one action that publishes it.

    ``contents`` collects what the actions publish, by digest. ``recall`` is asked before something is published: it may
    be in a version that we made once and that no group in the plan uses now.
    """

    def __init__(self, live: LiveFleet, answers: Answers, recall: Recall = lambda _family, _id: None) -> None:
        self.contents: dict[str, Mapping[str, Any]] = {}
        self._recall = recall
        self._actions: dict[tuple[str, str], Action] = {}
        self._published: dict[tuple[str, str], str] = {}
        self._parents: dict[str, str] = {}
        for name in sorted(live.groups):
            for family, definition in live.groups[name].definitions.items():
                definition_id = definition_ids(definition.arn)[0]
                if (owned_as := answers.owners.get(definition_id)) is not None:
                    self._published.setdefault((family, content_digest(family, definition.content)), definition.arn)
                    self._parents.setdefault(owned_as, definition_id)

    def version_of(self, family: str, wanted: Wanted, needs: tuple[str, ...]) -> str | Action:
        """The ARN that holds the wanted content, or the action that publishes it (after the actions in ``needs``)."""
        if wanted.arn is not None:
            return wanted.arn
        key = (family, content_digest(family, wanted.content))
        if (arn := self._published.get(key)) is not None:
            return arn
        if (action := self._actions.get(key)) is not None:
            return action
        # Without certificates: a run that goes on after a crash knows some that the plan before it did not.
        identifier = f"publish/{family}/{digest([wanted.name, comparable(family, wanted.content)])}"
        made = self._recall(family, identifier)
        if made is not None and same_content(family, made.content, wanted.content):
            self._published[key] = made.arn
            return made.arn
        action = self._actions[key] = self._publish(identifier, family, wanted, needs)
        return action

    def _publish(self, identifier: str, family: str, wanted: Wanted, needs: tuple[str, ...]) -> Action:
        content = plain(wanted.content)
        self.contents[digest(content)] = content
        inputs = {"family": family, "name": wanted.name, "content": digest(content), "shared": wanted.shared}
        if (parent := self._parents.get(wanted.name)) is not None:
            inputs["definitionId"] = parent
        return Action(identifier, "publish-definition", wanted.name, needs, inputs)
