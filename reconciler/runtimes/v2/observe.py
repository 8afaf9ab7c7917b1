"""Reads the live state of Greengrass V2: in bulk what has a bulk read, and what can never change from the cache."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.template import GREENGRASS_V2
from reconciler.model.words import some_of
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.client_devices import ClientDevices
from reconciler.runtimes.v2.components import Components
from reconciler.runtimes.v2.deployments import Deployments
from reconciler.runtimes.v2.group_tags import GroupTags
from reconciler.runtimes.v2.lists import IOT_PAGE, PAGE, Listed, Newest, Row, time_text
from reconciler.runtimes.v2.live import Core, LiveDeployment, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import configured_cores, declared_cores
from reconciler.runtimes.v2.membership import confirmed
from reconciler.runtimes.v2.names import Mark, group_arn, is_group, target_name
from reconciler.runtimes.v2.tags import template_digests, wanted_tags


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads Greengrass V2 for ``fleet`` through ``aws``, keeping what is immutable in ``cache``.

    With ``refresh`` the members of every group and the client devices of every core are read, also where an index has
    them as wanted, or they were so when last seen. Methods raise AwsError.
    """

    aws: Aws
    cache: Cache
    fleet: Fleet
    refresh: bool = False

    @property
    def client_devices(self) -> ClientDevices:
        """Reads the client devices of cores."""
        return ClientDevices(self.aws, self.cache, self.refresh)

    @property
    def deployments(self) -> Deployments:
        """Reads deployments."""
        return Deployments(self.aws, self.cache)

    @property
    def tags(self) -> GroupTags:
        """Reads and writes the tags of thing groups."""
        return GroupTags(self.aws, self.cache)

    @property
    def components(self) -> Components:
        """Reads component versions."""
        return Components(self.aws, self.cache, self.fleet)

    def observe(
        self,
        desired: DesiredState,
        groups: Sequence[Group],
        known_groups: frozenset[str] = frozenset(),
        *,
        expect_some: bool = False,
    ) -> LiveFleet:
        """The live state of the declared ``groups``.

        With ``expect_some``, an account without any of them and without any deployment is an error if ``known_groups``
        were made before: an empty answer proves nothing.
        """
        listed = self.list_all()
        declared = declared_cores(desired, groups)
        digests = template_digests(desired)
        configured = configured_cores(desired)
        members = {group.name: frozenset(core.thing_name for core in group.cores) for group in groups}
        indexed = {} if self.refresh else confirmed(self.aws, members)

        def observe_group(group: Group) -> LiveGroup:
            wanted = wanted_tags(desired.fleet, group, digests[group.template])
            elsewhere, known = configured - group.core_documents.keys(), indexed.get(group.name)
            return self.group(
                group.name, listed, wanted, cores=group.core_documents, elsewhere=elsewhere, members=known
            )

        live = in_parallel(observe_group, groups)
        if expect_some and not listed.newest.by_target and not any(group.exists for group in live):
            known = sorted(known_groups & {group.name for group in groups})
            if known:
                raise _suddenly_empty(self.aws.region, some_of(known))
        there = frozenset().union(*(group.members for group in live), listed.cores)
        # A core that leaves its last group has client devices until they are taken from it.
        leaving = frozenset().union(*(group.members for group in live)) - declared.groups.keys()
        devices = self.client_devices.of_all(declared, (declared.homes.keys() | leaving) & there)
        found = {}
        for group, group_live in zip(groups, live, strict=True):
            names = {core.thing_name for core in group.cores} | (group_live.members & leaving)
            of_cores = {name: devices[name] for name in sorted(names & devices.keys())}
            found[group.name] = replace(group_live, client_devices=of_cores)
        strangers = self._strangers(listed.newest, declared.homes.keys() - configured)
        neighbours = {name for core in declared.homes for name in declared.groups[core]} - found.keys()
        return LiveFleet(
            found,
            _others(desired, listed.newest),
            listed.cores,
            strangers,
            self._newest_of_groups(listed.newest, neighbours),
        )

    def _newest_of_groups(self, newest: Newest, names: Iterable[str]) -> dict[str, LiveDeployment]:
        rows = {name: newest.by_target.get(group_arn(self.fleet, name)) for name in sorted(names)}
        there = {name: row for name, row in rows.items() if row is not None}
        return dict(zip(there, in_parallel(self.deployments.of_row, there.values()), strict=True))

    def _strangers(self, newest: Newest, cores: Iterable[str]) -> dict[str, LiveDeployment]:
        """What others have deployed to single ``cores``, of which the files say nothing, and what runs there since."""
        rows = {thing: newest.by_target.get(self.fleet.thing_arn(thing)) for thing in sorted(cores)}
        theirs = {thing: row for thing, row in rows.items() if row is not None and not self._is_ours(row)}
        read = dict(zip(theirs, in_parallel(self.deployments.of_row, theirs.values()), strict=True))
        return {thing: found for thing, found in read.items() if found.counts_now and not found.is_reset}

    def _is_ours(self, row: Row) -> bool:
        mark = Mark.read(row.get("deploymentName", ""))
        return mark is not None and mark.fleet == self.fleet.name

    def observe_gone(self, desired: DesiredState) -> LiveFleet:
        """The live state of no group: what the account holds besides those of the files."""
        return LiveFleet(others=_others(desired, self.all_newest()))

    def list_all(self) -> Listed:
        """What the bulk lists say."""
        newest = self.all_newest()
        cores = {
            row["coreDeviceThingName"]: Core(
                row.get("status", ""), time_text(row.get("lastStatusUpdateTimestamp")), row.get("runtime", "")
            )
            for row in self.aws.listed("greengrassv2", "ListCoreDevices", "coreDevices", page=PAGE)
        }
        return Listed(newest, cores)

    def all_newest(self) -> Newest:
        """The newest deployment of each target."""
        rows = self.aws.listed("greengrassv2", "ListDeployments", "deployments", page=PAGE, historyFilter="LATEST_ONLY")
        return Newest.of(rows, self.fleet.name)

    def group(
        self,
        name: str,
        listed: Listed,
        wanted: Mapping[str, str] | None = None,
        *,
        cores: Iterable[str] = (),
        elsewhere: frozenset[str] = frozenset(),
        members: frozenset[str] | None = None,
    ) -> LiveGroup:
        """A group with its newest deployments, and those to single ``cores`` and to all that are made by way of it, but
        for those ``elsewhere``, which another group has something to say of.

        Without ``wanted`` tags, those that AWS has now; without ``members``, likewise.
        """
        arn = group_arn(self.fleet, name)
        row = listed.newest.by_target.get(arn)
        if members is None:
            members = self.members(name)
        own = (target_name(found["targetArn"]) for found in listed.newest.of_group(name))
        names = {*cores, *own} - elsewhere
        rows = {thing: listed.newest.by_target.get(self.fleet.thing_arn(thing)) for thing in sorted(names)}
        read = self.deployments
        of_cores = {thing: read.of_row(found, frozenset({thing})) for thing, found in rows.items() if found is not None}
        return LiveGroup(
            name=name,
            arn=arn,
            exists=members is not None,
            tags=self.tags.read(arn, row["deploymentId"] if row else None, wanted) if members is not None else {},
            members=members or frozenset(),
            deployment=read.of_row(row, members or frozenset()) if row is not None else None,
            core_deployments=of_cores,
        )

    def members(self, name: str, *, beneath: bool = False) -> frozenset[str] | None:
        """The things in a thing group, with those in groups ``beneath`` it if told; None if there is no such group."""
        asked: dict[str, Any] = {"thingGroupName": name} | ({"recursive": True} if beneath else {})
        try:
            return frozenset(self.aws.listed("iot", "ListThingsInThingGroup", "things", page=IOT_PAGE, **asked))
        except AwsError as error:
            if is_not_found(error):
                return None
            raise


def _others(desired: DesiredState, newest: Newest) -> tuple[Row, ...]:
    """The newest deployments to thing groups that no file declares; a group of V1 is none."""
    meant = {group_arn(desired.fleet, group.name) for group in desired.groups if group.runtime == GREENGRASS_V2}
    return tuple(row for arn, row in sorted(newest.by_target.items()) if is_group(arn) and arn not in meant)


def _suddenly_empty(region: str, known: str) -> AwsError:
    return AwsError(
        f"reading the live groups: AWS has neither thing groups nor deployments in {region}, though this fleet made "
        f"{known}",
        operation="greengrassv2:ListDeployments",
        code="SuddenlyEmpty",
        hint="are region, account and endpoint right? Nothing is planned on an empty answer; if the groups were "
        "deleted on purpose, say so with --allow-empty",
    )
