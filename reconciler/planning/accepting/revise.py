"""Turns what files have to say of groups into the texts of the files, changing as little of them as it can. Pure."""

from collections.abc import Iterable

from reconciler.desired.sources import Revision, Source, Sources
from reconciler.planning.accepting.saying import Saying


def revise(sources: Sources, sayings: Iterable[Saying]) -> dict[str, str | None]:
    """The files that change so that they say all of ``sayings``: new text by relative path, None for one that goes."""
    revision = Revision(sources)
    groups = {source.name: source for source in sources.of_kind("Group")}
    things: dict[str, list[Source]] = {}
    for source in sources.of_kind("Device"):
        things.setdefault(str(source.spec["group"]), []).append(source)
    for saying in sayings:
        if saying.spec is None:
            for source in (groups[saying.group], *things.get(saying.group, ())):
                revision.remove(source)
    return revision.files()
