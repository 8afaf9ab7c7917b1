"""Edits of files, edits by hand, applies, crashes, bad answers, late plans: any order of them ends as the files say."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.faults.accounts import key_fits
from tests.faults.conftest import empty
from tests.fleets import run_cli
from tests.runtimes.v1.faults import Killed, cut_off_at

NAMES = st.sampled_from(["a", "b"])
FAULTS = st.sampled_from(["lost", "refused", "error", "throttle"])
CODES = {0, 1, 3, 4, 5}
"""How an apply may end while all this goes on: never with a defect."""


class Mixed(RuleBasedStateMachine):
    """One fleet of two groups; ``wanted`` is what the files say of each: version, devices, redeploy."""

    def __init__(self, aws: Sandbox, directory: Path) -> None:
        super().__init__()
        self.aws = aws
        self.fleet = empty(aws, directory)
        self.plan_file = directory / "plan.json"
        self.wanted: dict[str, dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        for version in (1, 2, 3):
            self.fleet.template(version, timeout=3 * version)
        for name in ("a", "b"):
            self.wanted[name] = {"version": 1, "devices": 1, "redeploy": None}
            self.write(name)

    def write(self, name: str) -> None:
        wanted = self.wanted[name]
        deployment = {"redeploy": wanted["redeploy"]} if wanted["redeploy"] else None
        self.fleet.group(name, wanted["version"], devices=wanted["devices"], deployment=deployment).write()

    @rule(name=NAMES, version=st.integers(1, 3), devices=st.integers(0, 2))
    def edit(self, name: str, version: int, devices: int) -> None:
        self.wanted[name] |= {"version": version, "devices": devices}
        self.write(name)

    @rule(name=NAMES, value=st.sampled_from(["x", "y"]))
    def ask_for_a_redeployment(self, name: str, value: str) -> None:
        self.wanted[name]["redeploy"] = value
        self.write(name)

    @rule()
    def apply(self) -> None:
        assert run_cli("apply", self.fleet.directory, "--yes", "--no-wait").code in CODES
        self.aws.advance(10)

    @rule(call=st.integers(1, 45), after=st.booleans())
    def crash(self, call: int, after: bool) -> None:
        try:
            with cut_off_at(call, after=after):
                run_cli("apply", self.fleet.directory, "--yes", "--no-wait")
        except Killed:
            pass
        self.aws.advance(10)

    @rule(fault=FAULTS, after=st.integers(0, 40))
    def apply_with_a_bad_answer(self, fault: str, after: int) -> None:
        self.aws.put_faults([{"service": "*", "operation": "*", "fault": fault, "after": after, "times": 1}])
        self.apply()
        self.aws.put_faults([])

    @rule()
    def save_a_plan(self) -> None:
        assert run_cli("plan", self.fleet.directory, "--out", self.plan_file).code in CODES

    @rule(partial=st.booleans())
    def apply_the_saved_plan(self, partial: bool) -> None:
        """A second writer, who planned some time ago."""
        if self.plan_file.exists():
            options = ["--allow-partial"] if partial else []
            assert run_cli("apply", self.plan_file, "--yes", "--no-wait", *options).code in CODES
            self.aws.advance(10)

    @rule(name=NAMES)
    def take_devices_out_by_hand(self, name: str) -> None:
        if name in live.groups(self.aws.client) and "LatestVersion" in live.groups(self.aws.client)[name]:
            greengrass = self.aws.client("greengrass")
            made = greengrass.create_device_definition(InitialVersion={"Devices": []})
            live.new_version(self.aws.client, name, Device=made["LatestVersionArn"])

    @rule(name=NAMES, reset=st.booleans())
    def deploy_by_hand(self, name: str, reset: bool) -> None:
        group = live.groups(self.aws.client).get(name, {})
        greengrass = self.aws.client("greengrass")
        if reset and group:
            greengrass.reset_deployments(GroupId=group["Id"], Force=True)
        elif "LatestVersion" in group:
            versions = greengrass.list_group_versions(GroupId=group["Id"])["Versions"]
            greengrass.create_deployment(
                GroupId=group["Id"], GroupVersionId=versions[-1]["Version"], DeploymentType="NewDeployment"
            )
        self.aws.advance(10)

    def teardown(self) -> None:
        """Whatever happened: an apply or two with nothing going wrong, and all is as the files say."""
        if not self.wanted:
            return
        self.aws.put_faults([])
        self.aws.advance(10)
        ran = run_cli("apply", self.fleet.directory, "--yes", "--no-wait")
        assert ran.code == 0, ran.out + ran.err
        self.aws.advance(10)
        plan = run_cli("plan", self.fleet.directory)
        assert plan.last_line == "No changes. 2 groups match the files.", plan.out
        assert len(self.aws.client("greengrass").list_groups()["Groups"]) == 2
        for name, wanted in self.wanted.items():
            contents = live.contents(self.aws.client, name)
            (function,) = contents["Function"]["Functions"]
            assert function["FunctionConfiguration"]["Timeout"] == 3 * wanted["version"]
            things = [f"{name}-core", *(f"{name}-device-{number}" for number in range(1, wanted["devices"] + 1))]
            found = [*contents["Core"]["Cores"], *contents.get("Device", {}).get("Devices", [])]
            assert sorted(entry["ThingArn"].rpartition("/")[2] for entry in found) == things
            for thing in things:
                principals = self.aws.client("iot").list_thing_principals(thingName=thing)["principals"]
                assert len(principals) == 1, thing
                assert key_fits(self.aws, thing), thing
        self.aws.clear_calls()
        assert run_cli("apply", self.fleet.directory, "--yes").code == 0
        assert self.aws.writes() == []


def run(aws: Sandbox, directory: Path, examples: int) -> None:
    numbers = count()

    class Here(Mixed):
        def __init__(self) -> None:
            super().__init__(aws, directory / str(next(numbers)))

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_few_of_them_end_as_the_files_say(aws: Sandbox, tmp_path: Path) -> None:
    run(aws, tmp_path, 2)


@pytest.mark.long
def test_many_of_them_end_as_the_files_say(aws: Sandbox, tmp_path: Path) -> None:
    run(aws, tmp_path, 60)
