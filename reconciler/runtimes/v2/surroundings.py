"""Reads what of others surrounds the cores of a plan: the thing groups that they are in, and what is deployed to these.

Read is only what may matter. The versions that a deployment names never change, and are kept. Who is in a group is
asked if a version there does not go with one that is about to be brought, from the side from which it takes less time.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.aws.budgets import DEFAULT_RATES
from reconciler.aws.client import is_not_found
from reconciler.model.component import Component, ComponentRef
from reconciler.model.errors import AwsError
from reconciler.planning.guards.facts import Clash
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.clashes import Bringing, Theirs, between, called, clashes
from reconciler.runtimes.v2.constraints import Ask, asks_of
from reconciler.runtimes.v2.lists import IOT_PAGE, Row
from reconciler.runtimes.v2.live import ACTIVE, LiveFleet
from reconciler.runtimes.v2.names import group_arn, target_name
from reconciler.runtimes.v2.observe import Observer

JOBS_ASKED = 100
"""The most jobs of others that are asked where they have failed: AWS IoT tells of ten a second."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Reads by way of ``observer``; the recipes of ``components`` are known. Methods raise AwsError."""

    observer: Observer
    components: Mapping[ComponentRef, Component]

    def clashes(
        self, bringing: Collection[Bringing], live: LiveFleet, known: Mapping[str, frozenset[str]]
    ) -> tuple[Clash, ...]:
        """What of others does not go with what is about to be brought to cores; ``known`` are the groups of some."""
        cores = frozenset().union(*(group.cores for group in bringing))
        if not cores:
            return ()
        rows = {target_name(row["targetArn"]): row for row in live.others if row.get("deploymentStatus") in ACTIVE}
        rows = self._narrowed(rows, bringing) if self._unread(rows.values()) <= len(cores) else rows
        within = self._within(cores, rows.keys(), known, len(live.cores)) if rows else {}
        near = self._narrowed({name: rows[name] for name in sorted(frozenset().union(*within.values()))}, bringing)
        theirs = self._read_theirs(near)
        of_cores = {core: [theirs[name] for name in names if name in theirs] for core, names in within.items()}
        for core in cores & live.strangers.keys():
            of_cores.setdefault(core, []).append(self._stranger(core, live))
        return clashes(bringing, of_cores)

    def groups_of(self, things: Iterable[str]) -> dict[str, frozenset[str]]:
        """The thing groups that each of ``things`` was added to."""

        def read(thing: str) -> frozenset[str]:
            rows = self.observer.aws.listed(
                "iot", "ListThingGroupsForThing", "thingGroups", page=IOT_PAGE, thingName=thing
            )
            try:
                return frozenset(row["groupName"] for row in rows)
            except AwsError as error:
                if is_not_found(error):
                    return frozenset()
                raise

        things = sorted(things)
        return dict(zip(things, in_parallel(read, things), strict=True))

    def _unread(self, rows: Iterable[Row]) -> int:
        return sum(not self.observer.deployments.has_outline(row["deploymentId"]) for row in rows)

    def _narrowed(self, rows: Mapping[str, Row], bringing: Iterable[Bringing]) -> dict[str, Row]:
        """Those of ``rows`` with a version that does not go with one that some group brings."""
        ours = {group.asks for group in bringing}
        asks = dict(zip(rows, in_parallel(self._asks, rows.values()), strict=True))
        return {name: row for name, row in rows.items() if any(between(own, asks[name]) for own in ours)}

    def _asks(self, row: Row) -> frozenset[Ask]:
        versions = self.observer.deployments.outline(row["deploymentId"]).versions
        named = {name: {"componentVersion": version} for name, version in versions.items()}
        return asks_of({"components": named}, self.components)

    def _read_theirs(self, rows: Mapping[str, Row]) -> dict[str, Theirs]:
        """The deployments of ``rows``, by the same names. Of many, it is not asked of all where they have failed."""
        deployments, asked = self.observer.deployments, list(rows)[:JOBS_ASKED]

        def failed_on(name: str) -> frozenset[str]:
            return deployments.failed_on(deployments.outline(rows[name]["deploymentId"]).job_id)

        failed = dict(zip(asked, in_parallel(failed_on, asked), strict=True))
        return {
            name: Theirs(called(row, self.observer.fleet), self._asks(row), failed.get(name, frozenset()))
            for name, row in rows.items()
        }

    def _stranger(self, core: str, live: LiveFleet) -> Theirs:
        found = live.strangers[core]
        row = {"deploymentName": found.name, "deploymentId": found.id, "targetArn": found.target_arn}
        return Theirs(called(row, self.observer.fleet), asks_of(found.document, self.components))

    def _within(
        self, cores: Iterable[str], names: Collection[str], known: Mapping[str, frozenset[str]], in_account: int
    ) -> dict[str, frozenset[str]]:
        """Those of the thing groups ``names`` that each of ``cores`` is in, also by way of one beneath; ``in_account``
        is how many cores there are, as a group may have them all.
        """
        unknown = set(cores) - known.keys()
        pages = max(1, math.ceil(in_account / IOT_PAGE))
        if _seconds("ListThingsInThingGroup", len(names) * pages) < _seconds("ListThingGroupsForThing", len(unknown)):
            found: dict[str, set[str]] = {core: set() for core in cores}
            for name, members in zip(names, in_parallel(self._members, names), strict=True):
                for core in members & found.keys():
                    found[core].add(name)
            return {core: frozenset(groups) for core, groups in found.items()}
        direct, wanted = {**known, **self.groups_of(unknown)}, frozenset(names)
        groups = sorted(frozenset().union(*(direct[core] for core in cores)))
        above = dict(zip(groups, in_parallel(self._with_above, groups), strict=True))
        return {core: wanted & frozenset().union(*(above[name] for name in direct[core])) for core in cores}

    def _members(self, name: str) -> frozenset[str]:
        """The things in a thing group and in all that are beneath it; none if there is none of that name."""
        return self.observer.members(name, beneath=True) or frozenset()

    def _with_above(self, name: str) -> frozenset[str]:
        """A thing group and those above it, which are the same as long as it is there, and kept unless told to read."""
        aws, cache = self.observer.aws, self.observer.cache
        key = group_arn(self.observer.fleet, name)
        above = None if self.observer.refresh else cache.get("v2-groups-above", key)
        if above is None:
            try:
                answer = aws.call("iot", "DescribeThingGroup", thingGroupName=name)
            except AwsError as error:
                if is_not_found(error):
                    return frozenset({name})
                raise
            rows = answer.get("thingGroupMetadata", {}).get("rootToParentThingGroups", [])
            above = [row["groupName"] for row in rows]
            cache.put("v2-groups-above", key, above)
        return frozenset({name, *above})


def _seconds(operation: str, calls: int) -> float:
    """How long so many calls of an operation of AWS IoT take."""
    return calls / DEFAULT_RATES[f"iot:{operation}"]
