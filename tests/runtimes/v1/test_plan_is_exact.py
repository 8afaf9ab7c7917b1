"""What a plan announces is what its apply does: call for call, whatever was edited in the files and in the account."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reconciler.desired.load import load
from reconciler.execution.apply import ApplyOptions, apply_plan, new_run
from reconciler.execution.session import make_plan, open_session
from reconciler.model.plan import Action, Plan
from reconciler.runtimes.v1.families import FAMILIES
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import LAMBDA, FleetFiles

GROUPS = ("a", "b", "c", "d")
POOL = tuple(f"device-{number}" for number in range(6))
ROUNDS = 4


class Silent:
    """Progress that nobody looks at."""

    def say(self, group: str, what: str) -> None:
        pass

    def done(self, group: str) -> None:
        pass


def announced(plan: Plan) -> Counter[str]:
    """The writing calls that the actions of ``plan`` stand for, an action that groups share once."""
    actions = {action.id: action for group in plan.changed for action in group.actions}
    calls: Counter[str] = Counter()
    for action in actions.values():
        calls.update(_calls_of(action))
    new_deployments = [action for action in actions.values() if action.kind == "deploy"]
    if len(new_deployments) == 1:
        calls["greengrass:CreateDeployment"] += 1
    elif new_deployments:
        calls.update(["s3:PutObject", "greengrass:StartBulkDeployment"])
    return calls


def _calls_of(action: Action) -> list[str]:
    core_config = ["s3:PutObject"] if action.inputs.get("role") == "core" else []
    match action.kind:
        case "provision-thing":  # its key before, its certificate after
            return ["s3:PutObject", "iot:RegisterThing", "s3:PutObject", *core_config]
        case "associate-thing":
            return core_config
        case "publish-definition":
            what = "DefinitionVersion" if "definitionId" in action.inputs else "Definition"
            return ["greengrass:" + FAMILIES[action.inputs["family"]].operation("Create", what)]
        case "deploy":  # counted together
            return []
    return [
        {
            "create-group": "greengrass:CreateGroup",
            "create-group-version": "greengrass:CreateGroupVersion",
            "tag-group": "greengrass:TagResource",
            "redeploy": "greengrass:CreateDeployment",
            "reset-deployments": "greengrass:ResetDeployments",
        }[action.kind]
    ]


def done(aws: Sandbox) -> Counter[str]:
    """The writing calls that took effect. (A conditional put that S3 refuses changes nothing.)"""
    calls = (call for call in aws.calls() if call["write"] and call["status"] < 400)
    return Counter(f"{call['service']}:{call['operation']}" for call in calls)


def apply_exactly(aws: Sandbox, fleet: FleetFiles) -> Plan:
    """Plan and apply ``fleet``: the apply must do what the plan announces, and leave nothing to do."""
    fleet.write()
    with open_session(load(fleet.directory, shown_as="fleet")) as session:
        plan = make_plan(session, session.desired.groups)
        again = make_plan(session, session.desired.groups)
        assert again.digest == plan.digest
        aws.clear_calls()
        result = apply_plan(session, plan, new_run(plan), ApplyOptions(wait=False), Silent()) if plan.changed else None
        assert result is None or result.count("failed", "unfinished") == 0, result
        assert done(aws) == announced(plan)
    aws.advance(10)
    with open_session(load(fleet.directory, shown_as="fleet")) as session:
        rest = make_plan(session, session.desired.groups)
        assert rest.changed == (), [(group.name, group.reasons, group.changes) for group in rest.changed]
    return plan


class World:
    """A fleet and its account, both edited at random."""

    def __init__(self, aws: Sandbox, fleet: FleetFiles, seed: int) -> None:
        self.aws, self.fleet = aws, fleet
        self.chance = random.Random(seed)  # noqa: S311 (a test's)
        self.greengrass = aws.client("greengrass")
        self.version = dict.fromkeys(GROUPS[:2], 1)
        self.core = {name: f"{name}-core" for name in GROUPS}
        self.devices: dict[str, set[str]] = {name: set() for name in GROUPS}
        self.unsynced: set[str] = set()
        self.deployment: dict[str, dict[str, Any]] = {name: {} for name in GROUPS}
        self.timeout = 3
        self.connectors: set[str] = set()

    # In the files

    def file_edits(self) -> list[Callable[[], None]]:
        return [
            self.retarget,
            self.move_device,
            self.drop_device,
            self.toggle_shadow,
            self.swap_core,
            self.edit_template,
            self.add_group,
            self.redeploy,
            self.respecify,
            self.pin,
        ]

    def some_group(self) -> str:
        return self.chance.choice(sorted(self.version))

    def retarget(self) -> None:
        self.version[self.some_group()] = self.chance.choice([1, 2, 3, 4])

    def move_device(self) -> None:
        device, group = self.chance.choice(POOL), self.some_group()
        for devices in self.devices.values():
            devices.discard(device)
        self.devices[group].add(device)

    def drop_device(self) -> None:
        group = self.some_group()
        self.devices[group] = set(sorted(self.devices[group])[1:])

    def toggle_shadow(self) -> None:
        self.unsynced ^= {self.chance.choice(POOL)}

    def swap_core(self) -> None:
        group = self.some_group()
        self.core[group] = self.chance.choice([f"{group}-core", f"{group}-spare"])

    def edit_template(self) -> None:
        self.timeout = self.chance.randrange(3, 9)

    def add_group(self) -> None:
        self.version.setdefault(self.chance.choice(GROUPS), 1)

    def redeploy(self) -> None:
        group = self.some_group()
        self.deployment[group] = {**self.deployment[group], "redeploy": self.chance.choice("xyz")}
        self.deployment[group].pop("state", None)
        self.deployment[group].pop("force", None)

    def respecify(self) -> None:
        specs: list[dict[str, Any]] = [{}, {"state": "none"}, {"state": "reset"}, {"state": "reset", "force": True}]
        self.deployment[self.some_group()] = self.chance.choice(specs)

    def pin(self) -> None:
        if (found := self.some_version()) is not None:
            self.deployment[found[0]] = {"groupVersionId": found[1]}

    def write(self) -> FleetFiles:
        logger = {"Id": "system", "Component": "GreengrassSystem", "Level": "INFO", "Type": "FileSystem", "Space": 128}
        own = {"*": [{"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt", "Target": "cloud"}]}
        for version in (1, 2):
            self.fleet.template(version, timeout=self.timeout + version)
        self.fleet.template(3, definitions={"loggers": {"Loggers": [logger]}, "functions": self.functions()})
        self.fleet.template(4, timeout=self.timeout, deviceSubscriptions=own)
        for name, version in self.version.items():
            self.fleet.group(
                name,
                version=version,
                cores=[{"thingName": self.core[name]}],
                devices=[
                    {"thingName": device, "syncShadow": device not in self.unsynced}
                    for device in sorted(self.devices[name])
                ],
                deployment=self.deployment[name] or None,
            )
        return self.fleet

    def functions(self) -> dict[str, Any]:
        configuration = {
            "Timeout": self.timeout,
            "MemorySize": 16384,
            "Environment": {"Variables": {"CORE": "${coreThingName}"}},
        }
        return {"Functions": [{"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}]}

    # In the account

    def outside_edits(self) -> list[Callable[[], None]]:
        return [
            self.drop_family,
            self.edit_device,
            self.add_connector,
            self.copy_version,
            self.deploy_another,
            self.reset_outside,
            self.delete_group,
            self.deactivate,
            self.forget,
        ]

    def some_live(self) -> str | None:
        names = sorted(live.groups(self.aws.client))
        return self.chance.choice(names) if names else None

    def some_version(self) -> tuple[str, str] | None:
        """A live group and one of its versions that can be deployed."""
        if (name := self.some_live()) is None:
            return None
        group_id = live.groups(self.aws.client)[name]["Id"]
        rows = self.greengrass.list_group_versions(GroupId=group_id)["Versions"]
        found = sorted(row["Version"] for row in rows if "CoreDefinitionVersionArn" in self.members(group_id, row))
        return (name, self.chance.choice(found)) if found else None

    def members(self, group_id: str, row: Mapping[str, str]) -> dict[str, str]:
        answer = self.greengrass.get_group_version(GroupId=group_id, GroupVersionId=row["Version"])
        return dict(answer["Definition"])

    def drop_family(self) -> None:
        if (name := self.some_live()) is not None and (arns := live.arns(self.aws.client, name)):
            arns.pop(self.chance.choice(sorted(arns)))
            members = {f"{family}DefinitionVersionArn": arn for family, arn in arns.items()}
            self.greengrass.create_group_version(GroupId=live.groups(self.aws.client)[name]["Id"], **members)
            if "Connector" not in arns:
                self.connectors.discard(name)

    def edit_device(self) -> None:
        name = self.some_live()
        if name is not None and (arn := live.arns(self.aws.client, name).get("Device")):
            devices = live.definition(self.aws.client, "Device", arn)["Devices"]
            devices[0]["SyncShadow"] = not devices[0]["SyncShadow"]
            made = self.greengrass.create_device_definition_version(
                DeviceDefinitionId=arn.split("/")[-3], Devices=devices
            )
            live.new_version(self.aws.client, name, Device=made["Arn"])

    def add_connector(self) -> None:
        if (name := self.some_live()) is not None:
            connector = {"Id": "sns", "ConnectorArn": "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4"}
            made = self.greengrass.create_connector_definition(InitialVersion={"Connectors": [connector]})
            live.new_version(self.aws.client, name, Connector=made["LatestVersionArn"])
            self.connectors.add(name)

    def copy_version(self) -> None:
        if (name := self.some_live()) is not None:
            live.new_version(self.aws.client, name)

    def deploy_another(self) -> None:
        if (found := self.some_version()) is not None:
            group_id = live.groups(self.aws.client)[found[0]]["Id"]
            self.greengrass.create_deployment(GroupId=group_id, GroupVersionId=found[1], DeploymentType="NewDeployment")

    def reset_outside(self) -> None:
        name = self.some_live()
        if name is not None and live.deployments(self.aws.client, name):
            newest = live.deployments(self.aws.client, name)[0]
            if newest["DeploymentType"] in {"NewDeployment", "Redeployment"}:
                self.greengrass.reset_deployments(GroupId=live.groups(self.aws.client)[name]["Id"], Force=True)

    def delete_group(self) -> None:
        name = self.some_live()
        if name is None or len(live.groups(self.aws.client)) == 1:
            return
        self.reset_named(name)
        self.greengrass.delete_group(GroupId=live.groups(self.aws.client)[name]["Id"])
        self.connectors.discard(name)
        if "groupVersionId" in self.deployment[name]:
            self.deployment[name] = {}

    def reset_named(self, name: str) -> None:
        rows = live.deployments(self.aws.client, name)
        if rows and rows[0]["DeploymentType"] in {"NewDeployment", "Redeployment"}:
            self.greengrass.reset_deployments(GroupId=live.groups(self.aws.client)[name]["Id"], Force=True)
        self.aws.advance(10)

    def deactivate(self) -> None:
        """Deactivate the certificates of a thing that is in no group."""
        used = {device for devices in self.devices.values() for device in devices}
        iot = self.aws.client("iot")
        names = {thing["thingName"] for thing in iot.list_things()["things"]} & set(POOL) - used
        for name in sorted(names)[:1]:
            for principal in iot.list_thing_principals(thingName=name)["principals"]:
                iot.update_certificate(certificateId=principal.rsplit("/", 1)[-1], newStatus="INACTIVE")

    def forget(self) -> None:
        """Lose ledger and cache."""
        for file in (self.fleet.directory / ".reconcile").glob("*.db*"):
            file.unlink()

    # What must come of it

    def check(self) -> None:
        for name, version in self.version.items():
            found = live.contents(self.aws.client, name)
            assert [core["Id"] for core in found["Core"]["Cores"]] == [self.core[name]]
            devices = found.get("Device", {"Devices": []})["Devices"]
            assert {device["ThingArn"].rsplit("/", 1)[-1]: device["SyncShadow"] for device in devices} == {
                device: device not in self.unsynced for device in self.devices[name]
            }
            (function,) = found["Function"]["Functions"]
            extra = version if version in {1, 2} else 0
            assert function["FunctionConfiguration"]["Timeout"] == self.timeout + extra
            if version == 3:
                variables = function["FunctionConfiguration"]["Environment"]["Variables"]
                assert variables == {"CORE": self.core[name]}
            assert ("Logger" in found) == (version == 3)
            subscriptions = found.get("Subscription", {"Subscriptions": []})["Subscriptions"]
            own = {f"{thing}-out" for thing in (self.core[name], *self.devices[name])} if version == 4 else set()
            assert {row["Id"] for row in subscriptions} == own | ({"alarms"} if version != 3 else set())
            assert ("Connector" in found) == (name in self.connectors)
            assert live.tags(self.aws.client, name)["reconciler:template-version"] == str(version)
            self.check_deployment(name)

    def check_deployment(self, name: str) -> None:
        spec, row = self.deployment[name], live.groups(self.aws.client)[name]
        rows = live.deployments(self.aws.client, name)
        state = spec.get("state", "deployed")
        if state == "reset":
            assert not rows or rows[0]["DeploymentType"] in {"ResetDeployment", "ForceResetDeployment"}
        elif state == "deployed":
            assert rows[0]["DeploymentType"] in {"NewDeployment", "Redeployment"}
            deployed = rows[0]["GroupArn"].rsplit("/", 1)[-1]
            if "groupVersionId" in spec:
                assert deployed == spec["groupVersionId"]
            else:
                assert self.members(row["Id"], {"Version": deployed}) == self.members(
                    row["Id"], {"Version": row["LatestVersion"]}
                )
        if "redeploy" in spec:
            assert live.tags(self.aws.client, name)["reconciler:redeploy"] == spec["redeploy"]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3))])
def test_an_apply_does_what_its_plan_announces_and_then_nothing_is_left(
    fleet: FleetFiles, aws: Sandbox, seed: int
) -> None:
    world = World(aws, fleet, seed)
    apply_exactly(aws, world.write())
    world.check()
    for _ in range(ROUNDS):
        edits = [world.chance.choice(world.file_edits()) for _ in range(3)]
        edits += [world.chance.choice(world.outside_edits()) for _ in range(2)]
        for edit in edits:
            edit()
            aws.advance(10)
        apply_exactly(aws, world.write())
        world.check()
