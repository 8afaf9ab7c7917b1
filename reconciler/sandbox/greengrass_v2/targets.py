"""Which things a target means, and which targets mean a thing: itself, its thing groups, and those above them."""

from collections.abc import Iterator

from reconciler.sandbox.greengrass_v2.records import Target
from reconciler.sandbox.iot.store import Store
from reconciler.sandbox.iot.thing_groups import ancestors, subtree


def things_of(iot: Store, target: Target) -> Iterator[str]:
    """The names of the things that a target means now; it must be there."""
    if target.kind == "thing":
        yield target.name
        return
    for group in subtree(iot, iot.thing_groups[target.name]):
        yield from group.things


def targets_of(iot: Store, thing_name: str) -> set[str]:
    """The ARNs of all that a thing is, or is in; none for one that is not there."""
    thing = iot.things.get(thing_name)
    if thing is None:
        return set()
    groups = (iot.thing_groups[name] for name in thing.groups)
    return {thing.arn} | {above.arn for group in groups for above in (group, *ancestors(iot, group))}
