"""Which thing groups have just the members that they are to have, asked of the fleet index of AWS IoT.

Members can be read of one thing group a call, 25 a second, which is minutes for a large fleet that is as it should be.
An account that indexes its things tells of several groups at once. The index may be behind the registry, so it confirms
that all is well and never accuses: a group of which it says anything else is read by itself.
"""

from collections.abc import Mapping, Sequence

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError
from reconciler.runtimes.parallel import in_parallel

WORTH_IT = 100
"""The groups from which on the index is asked: fewer are read by themselves within four seconds."""
TERMS = 12
"""The most terms of a query (AWS IoT developer guide, "Query syntax")."""
PAGE = 100
"""The largest page of SearchIndex (API reference, ``maxResults``)."""
NO_ANSWER = frozenset(
    {
        "AccessDeniedException",
        "IndexNotReadyException",
        "InvalidQueryException",
        "ResourceNotFoundException",
        "UnauthorizedException",
    }
)
"""What AWS IoT says where things are not indexed, or this role may not search: then the index confirms nothing."""


def confirmed(aws: Aws, wanted: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Those among the ``wanted`` members (names of things, by thing group) that the index has just so.

    None where the groups are few, where the index does not answer, and of groups without members, which the index does
    not know. Raises AwsError for any other error.
    """
    names = sorted(name for name, things in wanted.items() if things)
    if len(names) < WORTH_IT:
        return {}
    first, *others = (names[start : start + TERMS] for start in range(0, len(names), TERMS))
    found = _members(aws, first)
    if found is None:
        return {}
    for more in in_parallel(lambda some: _members(aws, some), others):
        found |= more or {}
    return {name: wanted[name] for name in names if name in found and found[name] == wanted[name]}


def _members(aws: Aws, groups: Sequence[str]) -> dict[str, frozenset[str]] | None:
    """The members of ``groups`` as the index has them, None where it does not answer."""
    members: dict[str, set[str]] = {name: set() for name in groups}
    query = " OR ".join(f'thingGroupNames:"{name}"' for name in groups)
    try:
        for thing in aws.listed("iot", "SearchIndex", "things", page=PAGE, queryString=query):
            for name in members.keys() & set(thing.get("thingGroupNames", ())):
                members[name].add(thing["thingName"])
    except AwsError as error:
        if error.code in NO_ANSWER:
            return None
        raise
    return {name: frozenset(things) for name, things in members.items()}
