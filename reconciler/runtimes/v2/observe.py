"""Reads the live state of Greengrass V2: in bulk what has a bulk read, and what can never change from the cache."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.component import Component, ComponentRef
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.pruning import PRUNE_TAG
from reconciler.runtimes.parallel import in_parallel, some_of
from reconciler.runtimes.prunes import AS_THE_FLEET
from reconciler.runtimes.v2.documents import comparable
from reconciler.runtimes.v2.live import Associated, Core, Counts, LiveDeployment, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import Cores, configured_cores, declared_cores
from reconciler.runtimes.v2.membership import confirmed
from reconciler.runtimes.v2.names import Mark, component_arn, group_arn, group_key, is_group, target_name
from reconciler.runtimes.v2.publications import Published
from reconciler.runtimes.v2.tags import template_digests, wanted_tags

PAGE = 100
"""The largest page of Greengrass V2 (API reference, ``maxResults``)."""
IOT_PAGE = 250
"""The largest page of AWS IoT's registry and jobs (API reference, ``RegistryMaxResults``, ``LaserMaxResults``)."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest deployment of each target by its ARN, as ListDeployments tells of it; and those of them that one fleet
    has made to single cores, by the key of their group.
    """

    by_target: Mapping[str, Row]
    to_cores: Mapping[str, Sequence[Row]]

    @classmethod
    def of(cls, rows: Iterable[Row], fleet: str) -> "Newest":
        """Those among ``rows``, as far as single cores go of ``fleet``."""
        by_target = {row["targetArn"]: row for row in rows}
        to_cores: dict[str, list[Row]] = defaultdict(list)
        for arn, row in by_target.items():
            mark = None if is_group(arn) else Mark.read(row.get("deploymentName", ""))
            if mark is not None and mark.fleet == fleet:
                to_cores[mark.group].append(row)
        return cls(by_target, to_cores)

    def of_group(self, name: str) -> Sequence[Row]:
        """The deployments to single cores that were made by way of the group ``name``."""
        return self.to_cores.get(group_key(name), ())


@dataclass(frozen=True, slots=True)
class Listed:
    """What the bulk lists of the account say: the newest deployments, and all cores."""

    newest: Newest
    cores: Mapping[str, Core]


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
        devices = self._client_devices(declared, (declared.homes.keys() | leaving) & there)
        found = {}
        for group, group_live in zip(groups, live, strict=True):
            names = {core.thing_name for core in group.cores} | (group_live.members & leaving)
            of_cores = {name: devices[name] for name in sorted(names & devices.keys())}
            found[group.name] = replace(group_live, client_devices=of_cores)
        return LiveFleet(found, _others(desired, listed.newest), listed.cores)

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
        of_cores = {thing: self._deployment(found, counted=True) for thing, found in rows.items() if found is not None}
        return LiveGroup(
            name=name,
            arn=arn,
            exists=members is not None,
            tags=self.tags(arn, row["deploymentId"] if row else None, wanted) if members is not None else {},
            members=members or frozenset(),
            deployment=self._deployment(row, counted=True) if row is not None else None,
            core_deployments=of_cores,
        )

    def members(self, name: str) -> frozenset[str] | None:
        """The things in a thing group, None if there is none of that name."""
        try:
            things = self.aws.listed("iot", "ListThingsInThingGroup", "things", page=IOT_PAGE, thingGroupName=name)
            return frozenset(things)
        except AwsError as error:
            if is_not_found(error):
                return None
            raise

    def newest(self, target_arn: str) -> LiveDeployment | None:
        """The newest deployment to a target, None if it never had one."""
        rows = self.aws.listed(
            "greengrassv2",
            "ListDeployments",
            "deployments",
            page=PAGE,
            targetArn=target_arn,
            historyFilter="LATEST_ONLY",
        )
        row = next(iter(rows), None)
        return self._deployment(row) if row is not None else None

    def _deployment(self, row: Row, *, counted: bool = False) -> LiveDeployment:
        """A deployment of which ListDeployments tells ``row``, with its counts unless all went well."""
        found = self.deployment(row["deploymentId"])
        return LiveDeployment(
            row["deploymentId"],
            row.get("deploymentName", ""),
            row["targetArn"],
            row.get("deploymentStatus", ""),
            time_text(row.get("creationTimestamp")),
            self.aws.secrets.hide(comparable(found)),
            self.counts(row["deploymentId"], found.get("iotJobId", "")) if counted else None,
        )

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """What never changes of a deployment, in CreateDeployment's shape, with ``iotJobId``; cached for ever."""

        def read() -> dict[str, Any]:
            answer = self.aws.call("greengrassv2", "GetDeployment", deploymentId=deployment_id)
            return {name: answer[name] for name in _IMMUTABLE if name in answer}

        # Where there are secrets, what may hold one's earlier value is not to be on disk.
        on_disk = not self.aws.secrets.values
        return dict(
            self.cache.get_or_read("v2-deployment", f"{self.aws.region}/{deployment_id}", read, on_disk=on_disk)
        )

    def remember_job(self, deployment_id: str, job_id: str) -> None:
        """Note the job of a deployment that was just made."""
        self.cache.put("v2-job", f"{self.aws.region}/{deployment_id}", job_id)

    def job_id(self, deployment_id: str) -> str:
        """The job of a deployment; empty if it has none."""
        kept = self.cache.get("v2-job", f"{self.aws.region}/{deployment_id}")
        return str(kept or self.deployment(deployment_id).get("iotJobId", ""))

    def counts(self, deployment_id: str, job_id: str) -> Counts | None:
        """How far a deployment has come; None once every core that it came to has it, which is remembered."""
        key = f"{self.aws.region}/{deployment_id}"
        if not job_id or self.cache.get("v2-done", key):
            return None
        counts = self.job(job_id)[1]
        if counts.succeeded and not counts.bad and not counts.open:
            self.cache.put("v2-done", key, True)
            return None
        return counts

    def job(self, job_id: str) -> tuple[str, Counts]:
        """The status and the counts of a deployment's job; no counts where the job is gone."""
        try:
            job = self.aws.call("iot", "DescribeJob", jobId=job_id)["job"]
        except AwsError as error:
            if is_not_found(error):
                return "", Counts()
            raise
        return job.get("status", ""), Counts.of(job)

    def tags(self, arn: str, deployment_id: str | None, wanted: Mapping[str, str] | None) -> dict[str, str]:
        """The tags of a thing group. Those kept since its newest deployment was first seen serve if they are as
        ``wanted``: a kept tag may say that all is well, never that something is to be done.
        """
        kept = self.cache.get("v2-tags", arn) if wanted is not None else None
        if wanted is not None and kept and kept["deployment"] == deployment_id and _as_wanted(kept["tags"], wanted):
            return dict(kept["tags"])
        rows: list[dict[str, str]] = []
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call("iot", "ListTagsForResource", resourceArn=arn, **token)
            rows += answer.get("tags", [])
            if not answer.get("nextToken"):
                break
            token = {"nextToken": answer["nextToken"]}
        tags = {row["Key"]: row.get("Value", "") for row in rows}
        self.cache.put("v2-tags", arn, {"deployment": deployment_id, "tags": tags})
        return tags

    def set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a thing group, and forget those that were kept."""
        self.cache.put("v2-tags", arn, None)
        rows = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        self.aws.call("iot", "TagResource", resourceArn=arn, tags=rows)
        self.cache.put("v2-tags", arn, None)

    def _client_devices(self, declared: Cores, cores: Iterable[str]) -> dict[str, Associated]:
        """The client devices of ``cores``. There is no bulk read for them: those last seen serve, if they are as the
        files want them.
        """

        def read(core: str) -> Associated:
            wanted = declared.devices.get(core, frozenset())
            kept = None if self.refresh else self.cache.get("v2-client-devices", self._core_key(core))
            if kept is not None and frozenset(kept["devices"]) == wanted:
                return Associated(wanted, kept["at"])
            return Associated(self.client_devices(core))

        cores = sorted(cores)
        return dict(zip(cores, in_parallel(read, cores), strict=True))

    def client_devices(self, core: str) -> frozenset[str]:
        """The client devices of a core as AWS has them now."""
        try:
            rows = self.aws.listed(
                "greengrassv2",
                "ListClientDevicesAssociatedWithCoreDevice",
                "associatedClientDevices",
                page=PAGE,
                coreDeviceThingName=core,
            )
            devices = frozenset(row["thingName"] for row in rows)
        except AwsError as error:
            if not is_not_found(error):
                raise
            devices = frozenset()
        seen = {"devices": sorted(devices), "at": time_text(datetime.now(UTC))}
        self.cache.put("v2-client-devices", self._core_key(core), seen)
        return devices

    def forget_client_devices(self, core: str) -> None:
        """The client devices of a core are about to change: read them the next time."""
        self.cache.put("v2-client-devices", self._core_key(core), None)

    def _core_key(self, core: str) -> str:
        return f"{self.aws.region}/{core}"

    def components(self, declared: Iterable[Component]) -> dict[ComponentRef, Published]:
        """The component versions of ``declared`` that are published. Deployable ones never change, and are cached."""
        declared = list(declared)
        if not declared:
            return {}
        rows = self.aws.listed("greengrassv2", "ListComponents", "components", page=PAGE, scope="PRIVATE")
        names = {row["componentName"] for row in rows}
        there = [component for component in declared if component.name in names]
        found = zip(there, in_parallel(self._published, there), strict=True)
        return {component.ref: published for component, published in found if published is not None}

    def _published(self, component: Component) -> Published | None:
        arn = component_arn(self.fleet, component.name, component.version)
        if (kept := self.cache.get("v2-component", arn)) is not None:
            return Published("DEPLOYABLE", "", kept)
        state, message = self.component_state(arn)
        if not state:
            return None
        if state == "FAILED":
            return Published(state, message, {})
        recipe = self.recipe(arn)
        if state == "DEPLOYABLE":
            self.cache.put("v2-component", arn, recipe)
        return Published(state, message, recipe)

    def component_state(self, arn: str) -> tuple[str, str]:
        """The state of a component version, and what AWS says of it; empty if there is no such version."""
        try:
            status = self.aws.call("greengrassv2", "DescribeComponent", arn=arn).get("status", {})
        except AwsError as error:
            if is_not_found(error):
                return "", ""
            raise
        errors = "; ".join(f"{name}: {text}" for name, text in sorted((status.get("errors") or {}).items()))
        return status.get("componentState", ""), errors or status.get("message", "")

    def recipe(self, arn: str) -> dict[str, Any]:
        """The recipe of a component version, as a parsed document."""
        answer = self.aws.call("greengrassv2", "GetComponent", arn=arn, recipeOutputFormat="JSON")
        return dict(json.loads(answer["recipe"]))


_IMMUTABLE = ("targetArn", "components", "deploymentPolicies", "iotJobConfiguration", "iotJobId")
"""What never changes of a deployment (CloudFormation's resource type has all of it as create-only)."""


def time_text(moment: datetime | None) -> str:
    """A time of AWS's as ISO 8601 in UTC, empty for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else ""


def _others(desired: DesiredState, newest: Newest) -> tuple[Row, ...]:
    """The newest deployments to thing groups that no file declares."""
    meant = {group_arn(desired.fleet, group.name) for group in desired.groups}
    return tuple(row for arn, row in sorted(newest.by_target.items()) if is_group(arn) and arn not in meant)


def _as_wanted(kept: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether tags that were kept lead to no action: they hold what is wanted, and no mark that is not any more."""
    return wanted.items() <= kept.items() and kept.get(PRUNE_TAG, AS_THE_FLEET) == wanted.get(PRUNE_TAG, AS_THE_FLEET)


def _suddenly_empty(region: str, known: str) -> AwsError:
    return AwsError(
        f"reading the live groups: AWS has neither thing groups nor deployments in {region}, though this fleet made "
        f"{known}",
        operation="greengrassv2:ListDeployments",
        code="SuddenlyEmpty",
        hint="are region, account and endpoint right? Nothing is planned on an empty answer; if the groups were "
        "deleted on purpose, say so with --allow-empty",
    )
