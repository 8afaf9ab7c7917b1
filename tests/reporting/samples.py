"""Plans as the planner makes them, for tests of the renderers."""

from dataclasses import replace

from reconciler.model.canonical import digest
from reconciler.model.plan import KNOWN_AFTER_APPLY, Action, Change, GroupPlan, GuardFinding, Plan
from reconciler.model.template import TemplateRef

PRESS = {"Id": "press", "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:press:7"}
UP = {"Id": "up", "Source": PRESS["FunctionArn"], "Subject": "dt/up", "Target": "cloud"}
CONTENT = {"Functions": [PRESS]}


def plan_of(*groups: GroupPlan, guards: tuple[GuardFinding, ...] = ()) -> Plan:
    return Plan(
        fleet="demo",
        account="123456789012",
        region="eu-central-1",
        created_at="2026-11-22T09:00:00Z",
        groups=tuple(sorted(groups, key=lambda group: group.name)),
        guards=guards,
        contents={digest(CONTENT): CONTENT},
    )


def new_group(name: str) -> GroupPlan:
    core, press = f"{name}-core", f"{name}-press"
    return GroupPlan(
        name=name,
        runtime="greengrass/v1",
        operation="create",
        target=TemplateRef("line-controller", 3),
        fingerprint="none",
        reasons=("no group of this name exists",),
        changes=(
            Change(f"cores[{core}]", "add", None, {"ThingArn": f"arn:…:thing/{core}", "SyncShadow": True}),
            Change("deployment", "add", None, "deployed"),
            Change(f"devices[{press}]", "add", None, {"ThingArn": f"arn:…:thing/{press}", "SyncShadow": False}),
            Change("functions[press]", "add", None, PRESS),
            Change("group", "add", None, name),
            Change("subscriptions[up]", "add", None, UP),
            Change("tags.reconciler:template-version", "add", None, "3"),
        ),
        actions=(
            Action(f"group:{name}", "create-group", name),
            Action(
                f"thing:{core}", "provision-thing", core, (), {"thingName": core, "role": "core", "csrParameter": "CSR"}
            ),
            Action(
                f"thing:{press}",
                "associate-thing",
                press,
                (),
                {"thingName": press, "role": "device", "thingType": "press"},
            ),
            Action(
                f"cores:{name}", "publish-definition", name, (f"thing:{core}",), published("cores", f"{name}-cores")
            ),
            Action(
                f"devices:{name}",
                "publish-definition",
                name,
                (f"thing:{press}",),
                published("devices", f"{name}-devices"),
            ),
            Action(
                "functions:c0ffee", "publish-definition", "line-controller", (), published("functions", shared=True)
            ),
            Action("subscriptions:beef", "publish-definition", name, (), published("subscriptions", f"{name}-subs")),
            Action(f"version:{name}", "create-group-version", name, (f"cores:{name}", "functions:c0ffee")),
            Action(f"tags:{name}", "tag-group", name, (), {"tags": {"reconciler:template-version": "3"}}),
            Action(
                f"deploy:{name}",
                "deploy",
                name,
                (f"version:{name}",),
                {"groupVersionId": KNOWN_AFTER_APPLY, "pinned": False},
            ),
        ),
        things=(core, press),
    )


def published(
    family: str, name: str = "line-controller", *, shared: bool = False, parent: str | None = None
) -> dict[str, object]:
    inputs: dict[str, object] = {"family": family, "name": name, "content": digest(CONTENT), "shared": shared}
    return inputs | ({"definitionId": parent} if parent else {})


def updated_group(name: str) -> GroupPlan:
    return GroupPlan(
        name=name,
        runtime="greengrass/v1",
        operation="update",
        target=TemplateRef("line-controller", 3),
        fingerprint="f" * 32,
        reasons=("its target version rises from 2 to 3", "a device left the files"),
        changes=(
            Change("cores[core-7].SyncShadow", "change", True, False),
            Change(f"devices[{name}-old]", "remove", {"SyncShadow": True}, None),
            Change("functions.DefaultConfig", "add", None, {"Execution": {"IsolationMode": "NoContainer"}}),
            Change("functions[heat]", "remove", {"Id": "heat", "FunctionArn": "arn:heat"}, None),
            Change("functions[press].FunctionConfiguration.Environment.Variables.KEY", "add", None, 'a"b'),
            Change("functions[press].FunctionConfiguration.Timeout", "change", 3, 5),
            Change("tags.reconciler:template-version", "change", "2", "3"),
        ),
        actions=(
            Action(f"cores:{name}", "publish-definition", name, (), published("cores", f"{name}-cores", parent="9f2a")),
            Action(
                f"devices:{name}",
                "publish-definition",
                name,
                (),
                published("devices", f"{name}-devices", parent="77c1"),
            ),
            Action(
                "functions:c0ffee",
                "publish-definition",
                "line-controller",
                (),
                published("functions", shared=True, parent="b0b0"),
            ),
            Action(f"version:{name}", "create-group-version", name),
            Action(f"tags:{name}", "tag-group", name, (), {"tags": {"reconciler:template-version": "3"}}),
            Action(f"deploy:{name}", "deploy", name, (), {"groupVersionId": KNOWN_AFTER_APPLY, "pinned": False}),
        ),
        things=("core-7",),
        live={"groupId": "g-7", "groupVersionId": "v-7"},
        carried=("loggers (arn:aws:greengrass:eu-central-1:123456789012:/greengrass/definition/loggers/1/versions/2)",),
    )


def redeployed_group(name: str) -> GroupPlan:
    return GroupPlan(
        name=name,
        runtime="greengrass/v1",
        operation="deploy",
        target=TemplateRef("line-controller", 3),
        fingerprint="a" * 32,
        reasons=("a redeployment was asked for",),
        changes=(
            Change("deployment.redeploy", "change", "2026-11-01", "2026-11-20"),
            Change("tags.reconciler:redeploy", "change", "2026-11-01", "2026-11-20"),
        ),
        actions=(
            Action(f"redeploy:{name}", "redeploy", name, (), {"deploymentId": "dep-1", "value": "2026-11-20"}),
            Action(f"tags:{name}", "tag-group", name, (), {"tags": {"reconciler:redeploy": "2026-11-20"}}),
        ),
    )


def single_action(name: str, kind: str, **inputs: object) -> GroupPlan:
    return replace(
        redeployed_group(name), reasons=(), changes=(), actions=(Action(f"{kind}:{name}", kind, name, (), inputs),)
    )


def unchanged_group(name: str) -> GroupPlan:
    return GroupPlan(name, "greengrass/v1", "none", TemplateRef("line-controller", 3), "b" * 32)


def blocked_group(name: str) -> GroupPlan:
    return replace(
        new_group(name), blocked=True, reasons=("a group of this name exists that this fleet did not make; adopt it",)
    )


GUARDS = (
    GuardFinding("prune", "error", "2 of 5 groups would go", limit=1, actual=2, source="demo/fleet.yaml:12"),
    GuardFinding("thing-type", "warning", "AWS IoT has no thing type press; make it before applying"),
)
REMARK = GuardFinding("client-devices", "warning", "client devices are as they were last seen")
