"""What a first comparison leaves open: who made a definition, whether a thing exists, whether a pinned version does."""

from collections.abc import Iterable, Mapping

from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.runtimes.marks import TEMPLATE_TAG
from reconciler.runtimes.v1.families import comparable, content_digest, definition_ids
from reconciler.runtimes.v1.live import LiveFleet, Questions
from reconciler.runtimes.v1.wanted import Wanted, live_entries, wanted_definitions


def open_questions(desired: DesiredState, groups: Iterable[Group], live: LiveFleet) -> Questions:
    """What has to be asked before ``groups`` can be compared. Groups that are as they should be ask nothing."""
    definitions: set[tuple[str, str]] = set()
    things: set[str] = set()
    pinned: set[tuple[str, str]] = set()
    to_publish: list[tuple[Group, str, Wanted]] = []
    for group in groups:
        live_group = live.groups.get(group.name)
        things |= {
            thing.thing_name
            for family, members in (("cores", group.cores), ("devices", group.devices))
            for thing in members
            if thing.thing_name not in live_entries(live_group, family)
        }
        if live_group is not None and group.deployment.group_version_id is not None:
            pinned.add((live_group.id, group.deployment.group_version_id))
        wanted = wanted_definitions(desired, group, live, {})
        present = live_group.definitions if live_group is not None else {}
        for family in wanted.keys() | present.keys():
            want, have = wanted.get(family), present.get(family)
            renamed = live_group is not None and live_group.live_name
            if have is not None and (renamed or want is None or differs(family, have.content, want.content)):
                definitions.add((family, definition_ids(have.arn)[0]))
            if want is not None and want.arn is None and (have is None or differs(family, have.content, want.content)):
                to_publish.append((group, family, want))
    return Questions(frozenset(definitions | _candidates(live, to_publish)), frozenset(things), frozenset(pinned))


def differs(family: str, before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether two contents of a family mean different things."""
    return comparable(family, before) != comparable(family, after)


def _candidates(live: LiveFleet, to_publish: list[tuple[Group, str, Wanted]]) -> set[tuple[str, str]]:
    """Definitions of sibling groups that hold what is to be published already, or could take a new version of it."""
    if not to_publish:
        return set()
    families = {family for _, family, _ in to_publish}
    by_content: dict[tuple[str, str], str] = {}
    by_template: dict[tuple[str, str], str] = {}
    for name in sorted(live.groups):
        sibling = live.groups[name]
        for family in families & sibling.definitions.keys():
            definition = sibling.definitions[family]
            definition_id = definition_ids(definition.arn)[0]
            by_content.setdefault((family, content_digest(family, definition.content)), definition_id)
            by_template.setdefault((family, sibling.tags.get(TEMPLATE_TAG, "")), definition_id)
    found = set()
    for group, family, want in to_publish:
        keys = [by_content.get((family, content_digest(family, want.content)))]
        if want.shared:
            keys.append(by_template.get((family, group.template.name)))
        found |= {(family, key) for key in keys if key is not None}
    return found
