"""Reads the live state of Greengrass V1: what a plan needs, once, and what can never change from the cache."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.template import GREENGRASS_V1, Source
from reconciler.model.words import some_of
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.prunes import is_all_well
from reconciler.runtimes.v1.definitions import Definitions
from reconciler.runtimes.v1.families import group_version_id
from reconciler.runtimes.v1.live import (
    RUNNING,
    SUCCESS,
    GroupVersion,
    LiveDefinition,
    LiveDeployment,
    LiveFleet,
    LiveGroup,
)
from reconciler.runtimes.v1.renames import rows_of
from reconciler.runtimes.v1.tags import template_digests, wanted_tags

V1_ENDED = (
    "AWS ended Greengrass V1 on 2026-10-07: its endpoints no longer serve groups. Move the fleet to Greengrass V2, or "
    "point AWS_ENDPOINT_URL at what speaks the V1 API (`reconcile sandbox start` for a try)"
)

ARTIFACT = re.compile(r"[0-9a-f-]{36}/[^/]+/(certs|greengrassCoreConfig)\.zip")
"""What the artifacts of a group are called below the prefix: group id, thing, file."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads Greengrass V1 through ``aws``, keeping what is immutable in ``cache``. Methods raise AwsError."""

    aws: Aws
    cache: Cache

    @property
    def definitions(self) -> Definitions:
        """Reads definitions."""
        return Definitions(self.aws, self.cache)

    def observe(
        self,
        desired: DesiredState,
        groups: Sequence[Group],
        known_groups: frozenset[str] = frozenset(),
        *,
        expect_some: bool = False,
    ) -> LiveFleet:
        """The live state of the declared ``groups`` and of their templates' sources.

        Raises ReconcileError when several live groups bear one declared name. With ``expect_some``, an account without
        any group is an error if ``known_groups`` were made before, or artifacts in S3 say that some were: an empty
        answer proves nothing.
        """
        listed = self.list_groups()
        if not listed and expect_some:
            of_v2 = {group.name for group in desired.groups if group.runtime != GREENGRASS_V1}
            known = some_of(known_groups - of_v2) or self._artifacts_of_old(desired.fleet)
            # Another apply may have begun with the first groups since they were listed.
            if known and not (listed := self.list_groups()):
                raise suddenly_empty(self.aws.region, known)
        rows = rows_of(desired.fleet, groups, listed)
        if ambiguous := [(name, found) for name, found in rows.items() if len(found) > 1]:
            raise _ambiguous(ambiguous)
        found = [(group, rows[group.name]) for group in groups if group.name in rows]
        refs = sorted({group.template for group in groups if desired.templates[group.template].source is not None})
        read = in_parallel(lambda ref: self._source(desired.templates[ref].source), refs)
        sources = dict(zip(refs, read, strict=True))
        digests = template_digests(desired)

        def observe_group(pair: tuple[Group, list[dict[str, Any]]]) -> LiveGroup:
            group, rows = pair
            source = sources.get(group.template, ())
            wanted = wanted_tags(desired.fleet, group, digests[group.template], source)
            return self.group(rows[0], wanted, name=group.name)

        live = in_parallel(observe_group, found)
        declared = {group.name for group in desired.groups if group.runtime == GREENGRASS_V1}
        meant = declared | {row["Name"] for _, (row, *_) in found}
        others = tuple(row for name in sorted(listed.keys() - meant) for row in listed[name])
        return LiveFleet({group.name: group for group in live}, sources, others, frozenset(listed))

    def list_groups(self) -> dict[str, list[dict[str, Any]]]:
        """Every group of the account and region by name, as ListGroups tells of it."""
        listed = defaultdict(list)
        try:
            for row in self.aws.pages("greengrass", "ListGroups", "Groups"):
                listed[row["Name"]].append(row)
        except AwsError as error:
            if error.code in {"AccessDeniedException", "AccessDenied"} or error.hint:
                raise
            raise AwsError(
                f"reading the live groups: {error.message}",
                operation=error.operation,
                code=error.code,
                status=error.status,
                hint=V1_ENDED,
            ) from error
        return dict(listed)

    def group_version(self, group_id: str, version_id: str) -> GroupVersion:
        """One version of a group; cached for ever."""

        def read() -> dict[str, Any]:
            return self.aws.call("greengrass", "GetGroupVersion", GroupId=group_id, GroupVersionId=version_id)

        key = f"{self.aws.region}/{group_id}/{version_id}"
        return GroupVersion.of(self.cache.get_or_read("group-version", key, read))

    def newest_deployment(self, group_id: str) -> LiveDeployment | None:
        """The newest deployment of a group, None if it never had one. A finished one's status is cached."""
        answer = self.aws.call("greengrass", "ListDeployments", GroupId=group_id, MaxResults="1")
        if not (rows := answer.get("Deployments")):
            return None
        row = rows[0]
        status = self.deployment_status(group_id, row["DeploymentId"])
        return LiveDeployment(
            row["DeploymentId"],
            row.get("DeploymentType") or status.get("DeploymentType", ""),
            group_version_id(row.get("GroupArn", "")),
            row.get("CreatedAt", ""),
            status["DeploymentStatus"],
            status.get("UpdatedAt", ""),
            status.get("ErrorMessage", ""),
        )

    def reported_versions(self, live: LiveFleet) -> dict[str, str | None]:
        """By group, the version that its core last reported success for; None if it has none, as after a reset."""
        groups = list(live.groups.values())
        versions = in_parallel(self._reported_version, groups)
        return {group.name: version for group, version in zip(groups, versions, strict=True)}

    def _reported_version(self, group: LiveGroup) -> str | None:
        newest = group.deployment
        if newest is None or newest.status == SUCCESS:
            return newest.group_version_id if newest is not None else None
        for row in self.aws.pages("greengrass", "ListDeployments", "Deployments", GroupId=group.id):
            if self.deployment_status(group.id, row["DeploymentId"])["DeploymentStatus"] == SUCCESS:
                return group_version_id(row.get("GroupArn", ""))
        return None

    def deployment_status(self, group_id: str, deployment_id: str) -> dict[str, Any]:
        """What GetDeploymentStatus says; cached for ever once it is Success or Failure."""
        if (status := self.cache.get("deployment-status", deployment_id)) is None:
            status = self.aws.call("greengrass", "GetDeploymentStatus", GroupId=group_id, DeploymentId=deployment_id)
            if status["DeploymentStatus"] not in RUNNING:
                self.cache.put("deployment-status", deployment_id, status)
        return dict(status)

    def tags(self, group_arn: str, version_id: str | None, wanted: Mapping[str, str] | None) -> dict[str, str]:
        """The tags of a group. Those kept since its newest version was first seen serve if they are as ``wanted``.

        A kept tag may say that all is well, never that something is to be done: then AWS is asked.
        """
        kept = self.cache.get("group-tags", group_arn) if wanted is not None else None
        if wanted is not None and kept and kept["version"] == version_id and is_all_well(kept["tags"], wanted):
            return dict(kept["tags"])
        return self._read_tags(group_arn, version_id)

    def marks(self, group_arn: str, version_id: str | None) -> dict[str, str]:
        """The tags of a group that no file declares, as they were when its newest version was first seen.

        They tell whose it is. Before it is touched, AWS is asked.
        """
        kept = self.cache.get("group-tags", group_arn)
        if kept is not None and kept["version"] == version_id:
            return dict(kept["tags"])
        return self._read_tags(group_arn, version_id)

    def _read_tags(self, group_arn: str, version_id: str | None) -> dict[str, str]:
        answer = self.aws.call("greengrass", "ListTagsForResource", ResourceArn=group_arn)
        self.cache.put("group-tags", group_arn, {"version": version_id, "tags": answer.get("tags", {})})
        return dict(answer.get("tags", {}))

    def set_tags(self, group_arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a group, and forget those that were kept."""
        self.cache.put("group-tags", group_arn, None)
        self.aws.call("greengrass", "TagResource", ResourceArn=group_arn, tags=dict(tags))
        self.cache.put("group-tags", group_arn, None)

    def _artifacts_of_old(self, fleet: Fleet) -> str:
        """What lies in S3 where artifacts of this fleet's groups lie, empty if nothing does or nobody may look."""
        if fleet.artifacts is None:
            return ""
        bucket, prefix = fleet.artifacts.bucket, fleet.artifacts.prefix
        try:
            answer = self.aws.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix, MaxKeys=100)
        except AwsError as error:
            if error.status in {403, 404}:
                return ""
            raise
        keys = [row["Key"] for row in answer.get("Contents", [])]
        artifact = next((key for key in keys if ARTIFACT.fullmatch(key.removeprefix(prefix))), "")
        return f"s3://{bucket}/{artifact}" if artifact else ""

    def group(
        self, row: Mapping[str, Any], wanted: Mapping[str, str] | None = None, *, name: str | None = None
    ) -> LiveGroup:
        """A group of which ListGroups tells ``row``. Without ``wanted`` tags, those that AWS has now.

        ``name`` is what it shall be called, where that is something else.
        """
        group_id, version_id = row["Id"], row.get("LatestVersion") or None
        version = self.group_version(group_id, version_id) if version_id else GroupVersion({}, "")
        deployment = self.newest_deployment(group_id)
        deployed_id = deployment.group_version_id if deployment else None
        deployed_arns = None
        if deployed_id is not None:
            deployed_arns = (version if deployed_id == version_id else self.group_version(group_id, deployed_id)).arns
        return LiveGroup(
            name=name or row["Name"],
            id=group_id,
            arn=row["Arn"],
            version_id=version_id,
            version_created_at=version.created_at,
            tags=self.tags(row["Arn"], version_id, wanted),
            definitions={family: self.definitions.version(family, arn) for family, arn in version.arns.items()},
            deployment=deployment,
            deployed_arns=deployed_arns,
            live_name=row["Name"] if name not in {None, row["Name"]} else "",
        )

    def _source(self, source: Source | None) -> dict[str, LiveDefinition]:
        if source is None:
            raise ValueError("a template without a source has nothing to read")
        try:
            version = self.group_version(source.group_id, source.group_version_id)
        except AwsError as error:
            if not is_not_found(error):
                raise
            raise ReconcileError(
                f"{source.position}: reading the source of the template: group {source.group_id} has no version "
                f"{source.group_version_id} in {self.aws.region}",
                hint="name a group and version that exist: `aws greengrass list-group-versions --group-id …`",
            ) from error
        return {family: self.definitions.version(family, arn) for family, arn in version.arns.items()}


def _ambiguous(names: list[tuple[str, list[dict[str, Any]]]]) -> ReconcileError:
    lines = "; ".join(f"{name}: {', '.join(sorted(row['Id'] for row in rows))}" for name, rows in names)
    return ReconcileError(
        f"several live groups bear one declared name ({lines})",
        hint="Greengrass does not keep names unique: delete or rename all but one of each, then plan again",
    )


def suddenly_empty(region: str, known: str) -> ReconcileError:
    """The error for an account without any group, though ``known`` ones were made."""
    return AwsError(
        f"reading the live groups: AWS lists no Greengrass group in {region}, though this fleet made {known}",
        operation="greengrass:ListGroups",
        code="SuddenlyEmpty",
        hint=f"{V1_ENDED}. Nothing is planned on an empty answer; if the groups were deleted on purpose, say so with "
        "--allow-empty",
    )
