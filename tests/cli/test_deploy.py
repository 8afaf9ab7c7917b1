"""``reconcile deploy``: each type, ids, conflicts, groups that are not ours, and what is left on record."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.cli.processes import run_on_terminal
from tests.fleets import FleetFiles, Ran, run_cli
from tests.live import arns, deployments, groups, new_version, tags
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled


@pytest.fixture
def live(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    """The two groups, without devices, applied once; the log of calls begins now."""
    fleet.group("berlin", devices=0, labels={"ring": "canary"}).group("munich", devices=0).write()
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    aws.clear_calls()
    return fleet


def deploy(fleet: FleetFiles, *arguments: str | Path, kind: str = "NewDeployment", yes: bool = True) -> Ran:
    return run_cli("deploy", *arguments, "--dir", fleet.directory, "--type", kind, *(["--yes"] if yes else []))


def types(aws: Sandbox, name: str) -> list[str]:
    """The types of a group's deployments, newest first."""
    return [row["DeploymentType"] for row in deployments(aws.client, name)]


def states(fleet: FleetFiles) -> list[str]:
    return [run["state"] for run in json.loads(run_cli("runs", fleet.directory, "--format", "json").out)["runs"]]


class TestTypes:
    def test_a_new_deployment_sends_the_newest_version(self, live: FleetFiles, aws: Sandbox) -> None:
        ran = deploy(live, "berlin")
        assert (ran.code, ran.last_line) == (0, "Deploy complete: 1 deployment succeeded; 0 unchanged.")
        assert "because a new deployment is ordered" in ran.out
        assert "berlin  its core reports success" in ran.err
        assert types(aws, "berlin") == ["NewDeployment", "NewDeployment"]
        assert types(aws, "munich") == ["NewDeployment"]
        assert states(live) == ["succeeded", "succeeded"]
        assert run_cli("plan", live.directory).last_line == "No changes. 2 groups match the files."

    def test_several_new_deployments_go_together(self, live: FleetFiles, aws: Sandbox) -> None:
        ran = deploy(live, "*")
        assert (ran.code, ran.last_line) == (0, "Deploy complete: 2 deployments succeeded; 0 unchanged.")
        assert aws.counts()["greengrass:StartBulkDeployment"] == 1
        assert "greengrass:CreateDeployment" not in aws.counts()
        assert [types(aws, name)[0] for name in ("berlin", "munich")] == ["NewDeployment", "NewDeployment"]

    def test_a_redeployment_repeats_the_newest(self, live: FleetFiles, aws: Sandbox) -> None:
        newest = deployments(aws.client, "berlin")[0]["DeploymentId"]
        ran = deploy(live, "berlin", "munich", kind="Redeployment")
        assert (ran.code, ran.last_line) == (0, "Deploy complete: 2 deployments succeeded; 0 unchanged.")
        assert newest in ran.out
        assert [types(aws, name) for name in ("berlin", "munich")] == [["Redeployment", "NewDeployment"]] * 2

    def test_the_same_order_twice_is_carried_out_twice(self, live: FleetFiles, aws: Sandbox) -> None:
        for kind in ("Redeployment", "NewDeployment"):
            before = len(deployments(aws.client, "berlin"))
            for _ in range(2):
                assert deploy(live, "berlin", kind=kind).code == 0
            assert len(deployments(aws.client, "berlin")) == before + 2

    @pytest.mark.parametrize("kind", ["ResetDeployment", "ForceResetDeployment"])
    def test_a_reset_takes_everything_off_the_core(self, live: FleetFiles, aws: Sandbox, kind: str) -> None:
        ran = deploy(live, "ring=canary", kind=kind)
        assert (ran.code, ran.last_line) == (0, "Deploy complete: 1 deployment succeeded; 0 unchanged.")
        assert ("forced" in ran.out) == (kind == "ForceResetDeployment")
        assert types(aws, "berlin")[0] == kind
        assert types(aws, "munich") == ["NewDeployment"]

    @pytest.mark.parametrize("kind", ["ResetDeployment", "ForceResetDeployment"])
    def test_what_is_reset_already_is_left_alone(self, live: FleetFiles, aws: Sandbox, kind: str) -> None:
        deploy(live, "berlin", kind="ResetDeployment")
        aws.clear_calls()
        ran = deploy(live, "berlin", kind=kind, yes=False)
        assert ran.code == 0
        assert "note: it is reset already" in ran.out
        assert aws.writes() == []
        assert len(states(live)) == 2
        both = deploy(live, "*", kind=kind)
        assert (both.code, both.last_line) == (0, "Deploy complete: 1 deployment succeeded; 1 unchanged.")

    def test_a_group_that_was_never_deployed_has_nothing_to_reset(self, fleet: FleetFiles, aws: Sandbox) -> None:
        fleet.group("berlin", deployment={"state": "none"}).write()
        run_cli("apply", fleet.directory, "--yes")
        ran = deploy(fleet, "berlin", kind="ResetDeployment")
        assert ran.code == 0
        assert "note: it was never deployed" in ran.out
        assert "greengrass:ResetDeployments" not in aws.counts()

    def test_the_type_may_be_in_small_letters(self, live: FleetFiles, aws: Sandbox) -> None:
        assert deploy(live, "berlin", kind="resetdeployment").code == 0
        assert types(aws, "berlin")[0] == "ResetDeployment"


class TestIds:
    def test_a_named_version_is_deployed(self, live: FleetFiles, aws: Sandbox) -> None:
        first = groups(aws.client)["berlin"]["LatestVersion"]
        newer = new_version(aws.client, "berlin")
        ran = deploy(live, "berlin", "--group-version-id", first)
        assert ran.code == 0
        assert first in ran.out
        assert f":{newer}" not in deployments(aws.client, "berlin")[0]["GroupArn"]
        assert deployments(aws.client, "berlin")[0]["GroupArn"].endswith(first)
        assert "departs-from-files" in ran.out

    def test_a_named_deployment_is_repeated(self, live: FleetFiles, aws: Sandbox) -> None:
        first = deployments(aws.client, "berlin")[0]
        new_version(aws.client, "berlin")
        deploy(live, "berlin")
        ran = deploy(live, "berlin", "--deployment-id", first["DeploymentId"], kind="Redeployment")
        assert ran.code == 0
        newest = deployments(aws.client, "berlin")[0]
        assert (newest["DeploymentType"], newest["GroupArn"]) == ("Redeployment", first["GroupArn"])

    @pytest.mark.parametrize(
        ("option", "kind", "rule"),
        [
            ("--group-version-id", "NewDeployment", "unknown-version"),
            ("--deployment-id", "Redeployment", "unknown-deployment"),
        ],
    )
    def test_an_id_that_is_not_there_is_refused(
        self, live: FleetFiles, aws: Sandbox, option: str, kind: str, rule: str
    ) -> None:
        for value in ("1dfc0ee5-2bb0-4bc8-a1d8-4a8a2b1b5c11", "nonsense", "../../x"):
            ran = deploy(live, "berlin", option, value, kind=kind)
            assert ran.code == 3
            assert f"! {rule}: berlin: the group has no " in ran.out
            assert "aws greengrass list-" in ran.out
        assert aws.writes() == []
        assert states(live) == ["succeeded"]

    def test_another_groups_ids_are_refused(self, live: FleetFiles, aws: Sandbox) -> None:
        theirs = deployments(aws.client, "munich")[0]
        version = groups(aws.client)["munich"]["LatestVersion"]
        aws.clear_calls()
        assert deploy(live, "berlin", "--deployment-id", theirs["DeploymentId"], kind="Redeployment").code == 3
        assert deploy(live, "berlin", "--group-version-id", version).code == 3
        assert aws.writes() == []

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            (("berlin", "--deployment-id", "x"), "NewDeployment", "--deployment-id has no meaning with --type NewDep"),
            (("berlin", "--group-version-id", "x"), "Redeployment", "--group-version-id has no meaning with --type R"),
            (("berlin", "--group-version-id", "x"), "ResetDeployment", "leave it out, or give --type NewDeployment"),
            (("berlin", "--group-version-id", ""), "NewDeployment", "--group-version-id is empty"),
            (("*", "--group-version-id", "x"), "NewDeployment", "is of one group, and 2 are chosen"),
            (("*", "--deployment-id", "x"), "Redeployment", "is of one group, and 2 are chosen"),
            (("berlim",), "NewDeployment", "'berlim' matches no group of the fleet"),
            (("*", "--exclude", "nobody"), "NewDeployment", "'nobody' matches no group"),
            (("berlin",), "Deployment", "'Deployment' is not one of"),
            ((), "NewDeployment", "Missing argument"),
            (("berlin", "--format", "xml"), "NewDeployment", "'xml' is not one of"),
        ],
    )
    def test_what_makes_no_sense_is_wrong_usage(
        self, fleet: FleetFiles, aws: Sandbox, arguments: tuple[str, ...], kind: str, message: str
    ) -> None:
        aws.clear_calls()
        ran = deploy(fleet, *arguments, kind=kind)
        assert (ran.code, ran.out) == (64, "")
        assert message in ran.err
        assert aws.writes() == []

    def test_a_type_has_to_be_given(self, fleet: FleetFiles) -> None:
        ran = run_cli("deploy", "berlin", "--dir", fleet.directory, "--yes")
        assert ran.code == 64
        assert "Missing option '--type'" in ran.err

    @pytest.mark.parametrize("more", [(), ("--deployment-id",)])
    def test_a_reset_cannot_be_repeated(self, live: FleetFiles, aws: Sandbox, more: tuple[str, ...]) -> None:
        deploy(live, "berlin", kind="ResetDeployment")
        newest = deployments(aws.client, "berlin")[0]["DeploymentId"]
        ran = deploy(live, "berlin", *more, *([newest] if more else []), kind="Redeployment")
        assert ran.code == 3
        assert f"deployment {newest} is a reset, which cannot be repeated" in ran.out


class TestRefused:
    def test_a_group_of_another_fleet(self, live: FleetFiles, aws: Sandbox) -> None:
        arn = groups(aws.client)["berlin"]["Arn"]
        aws.client("greengrass").tag_resource(ResourceArn=arn, tags={"reconciler:fleet": "another"})
        (live.directory / ".reconcile" / "cache.db").unlink()
        aws.clear_calls()
        ran = deploy(live, "*")
        assert ran.code == 3
        assert "foreign-group: berlin: the live group" in ran.out
        assert "belongs to fleet another" in ran.out
        assert aws.writes() == []
        assert tags(aws.client, "berlin")["reconciler:fleet"] == "another"

    @pytest.mark.parametrize("adopt", [False, True])
    def test_a_group_without_a_mark(self, fleet: FleetFiles, aws: Sandbox, adopt: bool) -> None:
        aws.client("greengrass").create_group(Name="berlin")
        fleet.group("berlin", adopt=adopt).write()
        ran = deploy(fleet, "berlin")
        assert ran.code == 3
        assert "bears no mark of fleet demo" in ran.out
        assert "reconcile apply` take it over" in ran.out

    def test_a_group_that_is_not_live(self, live: FleetFiles, aws: Sandbox) -> None:
        live.group("rome").write()
        ran = deploy(live, "*")
        assert ran.code == 3
        assert "not-live: rome: no group of this name is live; `reconcile apply` makes it" in ran.out
        assert aws.writes() == []
        assert deploy(live, "*", "--exclude", "rome").code == 0

    def test_a_group_that_was_never_deployed_has_nothing_to_repeat(self, fleet: FleetFiles) -> None:
        fleet.group("berlin", deployment={"state": "none"}).write()
        run_cli("apply", fleet.directory, "--yes")
        ran = deploy(fleet, "berlin", kind="Redeployment")
        assert ran.code == 3
        assert "never-deployed: berlin" in ran.out

    def test_a_group_without_core(self, live: FleetFiles, aws: Sandbox) -> None:
        members = {
            f"{family}DefinitionVersionArn": arn
            for family, arn in arns(aws.client, "berlin").items()
            if family != "Core"
        }
        aws.client("greengrass").create_group_version(GroupId=groups(aws.client)["berlin"]["Id"], **members)
        ran = deploy(live, "berlin")
        assert ran.code == 3
        assert "no-core: berlin" in ran.out

    def test_several_without_the_means_to_deploy_them_together(self, live: FleetFiles, aws: Sandbox) -> None:
        live.fleet(bulkDeployments=None).write()
        ran = deploy(live, "*")
        assert ran.code == 1
        assert "[bulk-deployments-needed]" in ran.err
        assert aws.writes() == []
        assert deploy(live, "berlin").code == 0


class TestConflicts:
    @pytest.mark.long
    def test_a_deployment_that_is_under_way_is_waited_for(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"berlin-core": {"outcome": "succeed", "delay": 0.5}})
        assert deploy(live, "berlin", "--no-wait").code == 0
        ran = deploy(live, "berlin", kind="Redeployment")
        assert ran.code == 0
        assert "is on its way" in ran.out
        assert "waiting: the group is busy with another deployment" in ran.err
        assert types(aws, "berlin")[:2] == ["Redeployment", "NewDeployment"]

    def test_one_that_does_not_end_is_waited_for_until_the_deadline(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"berlin-core": {"outcome": "offline"}})
        deploy(live, "berlin", "--no-wait")
        ran = deploy(live, "berlin", "--timeout", "0.3", kind="Redeployment")
        assert ran.code == 5
        assert "? berlin unfinished: the group is still busy" in ran.out
        assert ran.last_line == "Deploy incomplete: 0 groups done, 0 failed, 1 unfinished; 0 unchanged."
        assert types(aws, "berlin") == ["NewDeployment", "NewDeployment"]

    def test_a_forced_reset_waits_for_nobody(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"berlin-core": {"outcome": "offline"}})
        deploy(live, "berlin", "--no-wait")
        ran = deploy(live, "berlin", "--no-wait", kind="ForceResetDeployment")
        assert ran.code == 0
        assert "waiting" not in ran.err
        assert types(aws, "berlin")[0] == "ForceResetDeployment"

    def test_somebody_elses_bulk_deployment_is_waited_for(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"*": {"outcome": "succeed", "delay": 0.3}})
        assert deploy(live, "*", "--no-wait").code == 0
        assert deploy(live, "*").code == 0
        assert [types(aws, name) for name in ("berlin", "munich")] == [["NewDeployment"] * 3] * 2


class TestAsking:
    def test_without_a_terminal_yes_has_to_be_given(self, live: FleetFiles, aws: Sandbox) -> None:
        ran = deploy(live, "berlin", yes=False)
        assert ran.code == 64
        assert ran.err == "error: there is no terminal to ask on\nhint: give --yes to deploy without asking\n"
        assert aws.writes() == []
        assert states(live) == ["succeeded"]

    @pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("y\n", 1), ("\n", 1)])
    def test_a_terminal_is_asked(self, live: FleetFiles, aws: Sandbox, answer: str, code: int) -> None:
        ran = run_on_terminal("deploy", "berlin", "--dir", live.directory, "--type", "Redeployment", answer=answer)
        assert ran.code == code, ran.shown
        assert "Deploy this? Only `yes` goes on" in ran.shown
        assert ("Nothing was deployed." in ran.shown) == bool(code)
        assert len(types(aws, "berlin")) == (1 if code else 2)


class TestOutcomes:
    def test_a_core_that_fails_is_named_with_the_command_that_tries_it_alone_again(
        self, live: FleetFiles, aws: Sandbox
    ) -> None:
        aws.put_devices({"berlin-core": {"outcome": "fail", "error": "disk full"}})
        ran = deploy(live, "*")
        assert ran.code == 5
        assert "! berlin failed: disk full" in ran.out
        assert (
            f"run `reconcile deploy berlin --dir {live.directory} --type NewDeployment` again: what is done" in ran.out
        )
        assert ran.last_line == "Deploy incomplete: 1 group done, 1 failed, 0 unfinished; 0 unchanged."
        assert states(live) == ["partial", "succeeded"]

    def test_nobody_waits(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"*": {"outcome": "offline"}})
        ran = deploy(live, "*", "--no-wait")
        assert (ran.code, ran.last_line) == (0, "Deploy complete: 0 deployments succeeded, 2 still open; 0 unchanged.")
        assert f"`reconcile status {live.directory}` shows it" in ran.out
        assert states(live)[0] == "running"

    def test_a_core_that_stays_away(self, live: FleetFiles, aws: Sandbox) -> None:
        aws.put_devices({"berlin-core": {"outcome": "offline"}})
        ran = deploy(live, "berlin", "--timeout", "0.5")
        assert ran.code == 5
        assert ran.last_line == "Deploy incomplete: 0 groups done, 0 failed, 1 unfinished; 0 unchanged."

    @pytest.mark.parametrize(
        ("kind", "deployed"), [("NewDeployment", 1), ("Redeployment", 1), ("ResetDeployment", None)]
    )
    def test_json_is_the_status_alone(
        self, live: FleetFiles, aws: Sandbox, tmp_path: Path, kind: str, deployed: int | None
    ) -> None:
        stats = tmp_path / "stats.json"
        ran = deploy(live, "berlin", "--format", "json", "--stats", stats, kind=kind)
        document: dict[str, Any] = json.loads(ran.out)
        assert ran.code == 0
        assert mismatches(document, "status") == []
        (row,) = document["groups"]
        assert (document["state"], row["name"], row["live"], row["deployed"], row["state"]) == (
            "succeeded",
            "berlin",
            1,
            deployed,
            "succeeded",
        )
        assert ran.err.rstrip().endswith("Deploy complete: 1 deployment succeeded; 0 unchanged.")
        operation = "ResetDeployments" if kind == "ResetDeployment" else "CreateDeployment"
        assert json.loads(stats.read_text())["calls"][f"greengrass:{operation}"] == 1

    @pytest.mark.parametrize("kind", ["NewDeployment", "Redeployment", "ResetDeployment"])
    def test_a_lost_answer_is_no_second_deployment(self, live: FleetFiles, aws: Sandbox, kind: str) -> None:
        operation = "ResetDeployments" if kind == "ResetDeployment" else "CreateDeployment"
        aws.put_faults([{"service": "greengrass", "operation": operation, "fault": "lost", "times": 1}])
        assert deploy(live, "berlin", kind=kind).code == 0
        assert types(aws, "berlin") == [kind, "NewDeployment"]


class TestFiles:
    def test_an_order_that_departs_from_the_files_says_so_and_the_next_apply_restores_them(
        self, live: FleetFiles, aws: Sandbox
    ) -> None:
        ran = deploy(live, "*", kind="ResetDeployment")
        assert "? departs-from-files: berlin, munich: the files say `state: deployed`" in ran.out
        plan = run_cli("plan", live.directory)
        assert "2 deployments; 0 unchanged" in plan.last_line
        assert run_cli("apply", live.directory, "--yes").code == 0
        assert types(aws, "berlin") == ["NewDeployment", "ResetDeployment", "NewDeployment"]

    def test_a_group_that_the_files_reset_may_be_deployed(self, live: FleetFiles, aws: Sandbox) -> None:
        live.group("berlin", devices=0, labels={"ring": "canary"}, deployment={"state": "reset"}).write()
        run_cli("apply", live.directory, "--yes")
        ran = deploy(live, "berlin")
        assert ran.code == 0
        assert "the files say `state: reset`: the next apply resets again" in ran.out

    def test_files_that_are_ahead_are_not_applied(self, live: FleetFiles, aws: Sandbox) -> None:
        live.template(2, timeout=9).group("berlin", version=2, devices=0).write()
        aws.clear_calls()
        ran = deploy(live, "berlin", "--format", "json")
        assert ran.code == 0
        assert set(aws.writes()) == {"greengrass:CreateDeployment"}
        assert json.loads(ran.out)["groups"][0]["live"] == 1
        assert "1 to update" in run_cli("plan", live.directory).last_line


class TestDirectory:
    def test_it_may_come_first_where_no_group_could_be_called_so(
        self, live: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert run_cli("deploy", live.directory, "berlin", "--type", "Redeployment", "--yes").code == 0
        monkeypatch.chdir(live.directory)
        assert run_cli("deploy", ".", "berlin", "--type", "Redeployment", "--yes").code == 0
        assert run_cli("deploy", "berlin", "--type", "Redeployment", "--yes").code == 0
        assert types(aws, "berlin") == [*["Redeployment"] * 3, "NewDeployment"]

    def test_it_may_come_from_the_environment(self, live: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECONCILE_DIR", str(live.directory))
        monkeypatch.setenv("RECONCILE_TYPE", "Redeployment")
        assert run_cli("deploy", "berlin", "--yes").code == 0

    def test_a_directory_alone_deploys_nothing(self, fleet: FleetFiles, aws: Sandbox) -> None:
        aws.clear_calls()
        ran = run_cli("deploy", fleet.directory, "--type", "NewDeployment", "--yes")
        assert ran.code == 64
        assert "no group is named" in ran.err
        assert aws.counts() == {}

    def test_a_directory_without_fleet(self, tmp_path: Path) -> None:
        ran = run_cli("deploy", "berlin", "--dir", tmp_path, "--type", "NewDeployment", "--yes")
        assert (ran.code, ran.out) == (1, "")
        assert "no-fleet" in ran.err

    @pytest.mark.parametrize("there", [True, False])
    def test_one_without_a_slash_is_told_from_a_group(
        self, live: FleetFiles, monkeypatch: pytest.MonkeyPatch, *, there: bool
    ) -> None:
        monkeypatch.chdir(live.directory if there else live.directory.parent)
        Path("plant").mkdir()
        ran = run_cli("deploy", "plant", "berlin", "--type", "NewDeployment", "--yes")
        assert (ran.code, ran.out) == (64, "")
        assert "error: 'plant' is taken for a group\nhint: write ./plant for the fleet's directory" in ran.err

    def test_a_group_may_be_called_as_a_directory_of_the_fleet(
        self, live: FleetFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(live.directory)
        Path("berlin").mkdir()
        assert run_cli("deploy", "berlin", "--type", "NewDeployment", "--yes").code == 0
