"""The least that a role needs to plan, to apply, or to work: IAM policy documents for one fleet. Pure.

What stands here is what the code calls; a test reads the calls out of the code and compares.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from reconciler.model.fleet import Fleet

Role = Literal["plan", "apply", "worker"]

READ_GROUPS = ("GetDeploymentStatus", "GetGroupVersion", "ListDeployments")
WRITE_GROUPS = ("CreateDeployment", "CreateGroupVersion", "DeleteGroup", "GetGroup", "ResetDeployments", "UpdateGroup")
READ_DEFINITIONS = ("Get*Definition", "Get*DefinitionVersion")
WRITE_DEFINITIONS = (
    "Create*DefinitionVersion",
    "Delete*Definition",
    "List*DefinitionVersions",
    "Update*Definition",
)
WITHOUT_RESOURCE = (
    "Create*Definition",
    "CreateGroup",
    "List*Definitions",
    "ListBulkDeployments",
    "StartBulkDeployment",
)
"""Actions that take no resource (Service Authorization Reference, "AWS IoT Greengrass V1")."""
BULK = ("GetBulkDeploymentStatus", "ListBulkDeploymentDetailedReports")
READ_THINGS = (
    "DescribeCertificate",
    "DescribeProvisioningTemplate",
    "DescribeThing",
    "DescribeThingType",
    "ListThingPrincipals",
)
REGISTER_THING_DOES = (
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
    "CreatePolicy",
    "CreateThing",
    "DescribeThingGroup",
    "GetPolicy",
    "UpdateCertificate",
    "UpdateThing",
)
"""What RegisterThing calls for its caller (AWS IoT API reference)."""
DEPROVISION = (
    "DeleteCertificate",
    "DeletePolicy",
    "DeleteThing",
    "DetachPolicy",
    "DetachThingPrincipal",
    "ListPrincipalThings",
    "ListTargetsForPolicy",
)
"""What takes back what was made for a thing."""
REGISTER_THING = ("CreateCertificateFromCsr", "DescribeEndpoint", "ListAttachedPolicies", "RegisterThing")
"""These take no resource, or one that only the call itself knows."""
READ_V2_CORES = ("GetCoreDevice", "ListClientDevicesAssociatedWithCoreDevice", "ListEffectiveDeployments")
WRITE_V2_CORES = (
    "BatchAssociateClientDeviceWithCoreDevice",
    "BatchDisassociateClientDeviceFromCoreDevice",
    "DeleteCoreDevice",
)
READ_V2_COMPONENTS = ("DescribeComponent", "GetComponent")
V2_WITHOUT_RESOURCE = ("ListComponents", "ListCoreDevices", "ListDeployments")
"""Actions that take no resource (Service Authorization Reference, "AWS IoT Greengrass V2"), as CreateDeployment."""
READ_THING_GROUPS = (
    "DescribeJob",
    "DescribeJobExecution",
    "DescribeThing",
    "DescribeThingGroup",
    "GetThingShadow",
    "ListJobExecutionsForJob",
    "ListTagsForResource",
    "ListThingGroupsForThing",
    "ListThingsInThingGroup",
)
"""What reads thing groups, and the jobs and shadows by which V2 deploys, in its caller's name (the same page)."""
WRITE_THING_GROUPS = (
    "AddThingToThingGroup",
    "CancelJob",
    "CreateJob",
    "CreateThingGroup",
    "DeleteJob",
    "DeleteThingGroup",
    "DeleteThingShadow",
    "RemoveThingFromThingGroup",
    "TagResource",
    "UpdateJob",
    "UpdateThingShadow",
)
READ_TABLE = ("BatchGetItem", "GetItem", "Query")
WRITE_TABLE = ("DeleteItem", "PutItem", "UpdateItem")
WORK_QUEUES = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage")


def policy(role: Role, fleet: Fleet, queues: Sequence[str] = ()) -> dict[str, Any]:
    """The policy document for ``role`` in ``fleet``; ``queues`` are the ARNs of its queues and their dead letters."""
    statements = [*_greengrass(role, fleet), *_things(role, fleet), *_greengrass_v2(role, fleet)]
    statements += [*_places(role, fleet), *_queues(role, queues)]
    if fleet.execution.mode == "queue":
        arn = f"arn:{fleet.partition}:cloudformation:{fleet.region}:{fleet.account}:stack/{fleet.execution.stack}/*"
        statements.append(_allow("Outputs", "cloudformation", ["DescribeStacks"], [arn]))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, service: str, actions: Iterable[str], resources: Sequence[str]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(f"{service}:{action}" for action in actions),
        "Resource": list(resources),
    }


def _greengrass(role: Role, fleet: Fleet) -> Iterator[Mapping[str, Any]]:
    root = f"arn:{fleet.partition}:greengrass:{fleet.region}:{fleet.account}:/greengrass"
    groups, definitions = f"{root}/groups/*", f"{root}/definition/*"
    if role == "plan":
        yield _allow("ListGroups", "greengrass", ["ListGroups"], ["*"])
        yield _allow("Groups", "greengrass", [*READ_GROUPS, "ListTagsForResource"], [groups])
        yield _allow("Definitions", "greengrass", READ_DEFINITIONS, [definitions])
        return
    bulk = f"{root}/bulk/deployments/*"
    yield _allow("WithoutResource", "greengrass", ["ListGroups", *WITHOUT_RESOURCE], ["*"])
    yield _allow("Groups", "greengrass", [*READ_GROUPS, *WRITE_GROUPS], [groups])
    yield _allow("Definitions", "greengrass", [*READ_DEFINITIONS, *WRITE_DEFINITIONS], [definitions])
    yield _allow("BulkDeployments", "greengrass", BULK, [bulk])
    yield _allow("Tags", "greengrass", ["ListTagsForResource", "TagResource"], [groups, definitions, bulk])
    if fleet.bulk_deployments is not None:
        yield {
            **_allow("PassBulkRole", "iam", ["PassRole"], [fleet.bulk_deployments.execution_role_arn]),
            "Condition": {"StringEquals": {"iam:PassedToService": "greengrass.amazonaws.com"}},
        }


def _things(role: Role, fleet: Fleet) -> Iterator[Mapping[str, Any]]:
    root = f"arn:{fleet.partition}:iot:{fleet.region}:{fleet.account}"
    read = [f"{root}:{kind}/*" for kind in ("cert", "provisioningtemplate", "thing", "thingtype")]
    yield _allow("ReadThings", "iot", READ_THINGS, read)
    if role == "plan":
        return
    made = [f"{root}:{kind}/*" for kind in ("billinggroup", "cert", "policy", "thing", "thinggroup")]
    yield _allow("RegisterThing", "iot", REGISTER_THING, ["*"])
    yield _allow("RegisterThingDoes", "iot", REGISTER_THING_DOES, made)
    taken_back = [f"{root}:{kind}/*" for kind in ("cert", "policy", "thing")]
    yield _allow("Deprovision", "iot", DEPROVISION, taken_back)


def _greengrass_v2(role: Role, fleet: Fleet) -> Iterator[Mapping[str, Any]]:
    root = f"arn:{fleet.partition}:greengrass:{fleet.region}:{fleet.account}"
    iot = f"arn:{fleet.partition}:iot:{fleet.region}:{fleet.account}"
    is_plan = role == "plan"
    deploys = () if is_plan else ("CreateDeployment",)
    yield _allow("ListsOfV2", "greengrass", [*V2_WITHOUT_RESOURCE, *deploys], ["*"])
    ends = () if is_plan else ("CancelDeployment", "DeleteDeployment")
    yield _allow("DeploymentsOfV2", "greengrass", ["GetDeployment", *ends], [f"{root}:deployments:*"])
    cores = () if is_plan else WRITE_V2_CORES
    yield _allow("CoresOfV2", "greengrass", [*READ_V2_CORES, *cores], [f"{root}:coreDevices:*"])
    publishes = () if is_plan else ("CreateComponentVersion", "DeleteComponent")
    yield _allow("ComponentsOfV2", "greengrass", [*READ_V2_COMPONENTS, *publishes], [f"{root}:components:*"])
    if not is_plan:
        yield _allow("TagsOfV2", "greengrass", ["TagResource"], [f"{root}:components:*", f"{root}:deployments:*"])
    groups = [f"{iot}:{kind}/*" for kind in ("job", "thing", "thinggroup")]
    writes = () if is_plan else WRITE_THING_GROUPS
    yield _allow("ThingGroups", "iot", [*READ_THING_GROUPS, *writes], groups)
    yield _allow("FleetIndex", "iot", ["SearchIndex"], [f"{iot}:index/AWS_Things"])


def _places(role: Role, fleet: Fleet) -> Iterator[Mapping[str, Any]]:
    if fleet.artifacts is not None:
        bucket = f"arn:{fleet.partition}:s3:::{fleet.artifacts.bucket}"
        yield _allow("ListArtifacts", "s3", ["ListBucket"], [bucket])
        if role != "plan":  # the artifacts hold private keys
            yield _allow(
                "Artifacts", "s3", ["DeleteObject", "GetObject", "PutObject"], [f"{bucket}/{fleet.artifacts.prefix}*"]
            )
    if fleet.bulk_deployments is not None and role != "plan":
        inputs = f"arn:{fleet.partition}:s3:::{fleet.bulk_deployments.bucket}/{fleet.bulk_deployments.prefix}*"
        yield _allow("BulkInputs", "s3", ["PutObject"], [inputs])
    if fleet.ledger.table is not None:
        table = f"arn:{fleet.partition}:dynamodb:{fleet.region}:{fleet.account}:table/{fleet.ledger.table}"
        yield _allow("Ledger", "dynamodb", [*READ_TABLE, *(() if role == "plan" else WRITE_TABLE)], [table])


def _queues(role: Role, queues: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    if queues and role == "apply":
        yield _allow("Queues", "sqs", ["SendMessage"], queues)
    elif queues and role == "worker":
        yield _allow("Queues", "sqs", WORK_QUEUES, queues)
