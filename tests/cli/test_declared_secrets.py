"""Secrets that files name: their values go to AWS, and are in nothing that is printed, saved or remembered."""

import json
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError
from reconciler.model.secrets import Secrets
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.test_secrets import written_to
from tests.fleets import LAMBDA, FleetFiles, Ran, run_cli

PASSWORD, ROTATED, TOKEN = "pa55-w0rd-of-the-press", "another-pa55-w0rd", "tok-3f9a1c77e0b24d58"
CONNECTOR = "arn:aws:greengrass:eu-central-1::/connectors/TwilioNotifications/versions/4"


@pytest.fixture
def secretive(fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FleetFiles:
    """A fleet whose template names two secrets, which the environment has."""
    monkeypatch.setenv("RECONCILE_SECRET_DB", PASSWORD)
    monkeypatch.setenv("RECONCILE_SECRET_TWILIO", TOKEN)
    return with_variables(fleet, {"DATABASE": "postgres://press:${secret.DB}@${groupName}/db", "MODE": "quick"})


def with_variables(fleet: FleetFiles, variables: dict[str, str]) -> FleetFiles:
    configuration = {"Timeout": 3, "Environment": {"Variables": variables}}
    functions = {"Functions": [{"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}]}
    connector = {"Id": "sms", "ConnectorArn": CONNECTOR, "Parameters": {"TWILIO_TOKEN": "${secret.TWILIO}"}}
    definitions = {"functions": functions, "connectors": {"Connectors": [connector]}}
    return fleet.template(definitions=definitions).write()


def told(fleet: FleetFiles, *runs: Ran) -> bytes:
    """Everything that was printed, and every byte of every file."""
    return "".join(ran.out + ran.err for ran in runs).encode() + written_to(fleet.directory)


def variables(aws: Sandbox, group: str) -> dict[str, str]:
    (function,) = live.contents(aws.client, group)["Function"]["Functions"]
    found: dict[str, str] = function["FunctionConfiguration"]["Environment"]["Variables"]
    return found


def test_their_values_go_to_greengrass_and_nowhere_else(secretive: FleetFiles, aws: Sandbox) -> None:
    saved = secretive.directory / "plan.json"
    planned = run_cli("plan", secretive.directory, "--out", saved, "--verbose")
    assert planned.code == 0, planned.err
    assert "postgres://press:${secret.DB}@berlin/db" in planned.out + saved.read_text()
    applied = run_cli("apply", saved, "--yes")
    assert applied.code == 0, applied.err
    assert variables(aws, "berlin") == {"DATABASE": f"postgres://press:{PASSWORD}@berlin/db", "MODE": "quick"}
    (connector,) = live.contents(aws.client, "munich")["Connector"]["Connectors"]
    assert connector["Parameters"] == {"TWILIO_TOKEN": TOKEN}
    aws.clear_calls()
    again = run_cli("apply", secretive.directory, "--yes")
    assert (again.code, again.last_line, aws.writes()) == (0, "No changes. 2 groups match the files.", [])
    everything = told(secretive, planned, applied, again)
    assert PASSWORD.encode() not in everything
    assert TOKEN.encode() not in everything


def test_another_value_is_a_change_that_shows_neither(
    secretive: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_cli("apply", secretive.directory, "--yes").code == 0
    monkeypatch.setenv("RECONCILE_SECRET_DB", ROTATED)
    planned = run_cli("plan", secretive.directory, "--format", "json")
    changes = json.loads(planned.out)["groups"][0]["changes"]
    place = "functions[monitor].FunctionConfiguration.Environment.Variables.DATABASE"
    (change,) = (change for change in changes if change["path"].startswith("functions"))
    assert change["path"] == place
    assert change["before"].startswith("(value not shown #")
    assert change["after"].startswith("postgres://press:${secret.DB}@berlin/db (value not shown #")
    assert change["before"][-6:] != change["after"][-6:]
    assert json.loads(run_cli("plan", secretive.directory, "--format", "json").out)["groups"][0]["changes"] == changes
    applied = run_cli("apply", secretive.directory, "--yes")
    assert applied.code == 0, applied.out + applied.err
    assert ROTATED in variables(aws, "berlin")["DATABASE"]
    assert run_cli("plan", secretive.directory).last_line == "No changes. 2 groups match the files."
    everything = told(secretive, planned, applied)
    assert PASSWORD.encode() not in everything
    assert ROTATED.encode() not in everything


def test_what_was_put_there_by_hand_is_not_shown_when_it_goes(secretive: FleetFiles, aws: Sandbox) -> None:
    assert run_cli("apply", secretive.directory, "--yes").code == 0
    with_variables(secretive, {"MODE": "slow"})
    planned = run_cli("plan", secretive.directory)
    assert "- monitor: FunctionConfiguration.Environment.Variables.DATABASE" in planned.out
    assert '"quick" → "slow"' in planned.out
    assert PASSWORD not in planned.out


def test_a_saved_plan_needs_the_values_again(
    secretive: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = secretive.directory / "plan.json"
    run_cli("plan", secretive.directory, "--out", saved)
    monkeypatch.delenv("RECONCILE_SECRET_DB")
    monkeypatch.delenv("RECONCILE_SECRET_TWILIO")
    aws.clear_calls()
    ran = run_cli("apply", saved, "--yes")
    assert ran.code == 1
    assert "error: these secrets have no value: DB, TWILIO" in ran.err
    assert "set RECONCILE_SECRET_DB, RECONCILE_SECRET_TWILIO in the environment" in ran.err
    assert aws.calls() == []


def test_several_may_come_in_one_variable(secretive: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILE_SECRET_DB")
    monkeypatch.delenv("RECONCILE_SECRET_TWILIO")
    monkeypatch.setenv("RECONCILE_SECRETS", json.dumps({"DB": PASSWORD, "TWILIO": TOKEN}))
    assert run_cli("apply", secretive.directory, "--yes").code == 0
    assert PASSWORD in variables(aws, "berlin")["DATABASE"]
    assert run_cli("plan", secretive.directory).last_line == "No changes. 2 groups match the files."


@pytest.mark.parametrize("text", [TOKEN, "[1]", '{"DB": 1}', f'{{"no name": "{TOKEN}"}}'])
def test_what_is_no_object_of_them_is_refused_and_not_shown(
    secretive: FleetFiles, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("RECONCILE_SECRETS", text)
    ran = run_cli("plan", secretive.directory)
    assert (ran.code, "RECONCILE_SECRETS is no JSON object" in ran.err, TOKEN in ran.err) == (1, True, False)


def test_a_value_that_is_too_short_to_be_told_from_other_text_is_refused(
    secretive: FleetFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_DB", "1234567")
    ran = run_cli("plan", secretive.directory)
    assert (ran.code, "RECONCILE_SECRET_DB has fewer than 8 characters" in ran.err) == (1, True)
    assert "1234567" not in ran.err


@pytest.mark.parametrize(
    ("place", "token"),
    [
        ({"subscriptions": [{"Id": "x", "Source": "cloud", "Subject": "${secret.DB}", "Target": "cloud"}]}, "DB"),
        ({"parameters": {"Serial": "${secret.DB}"}}, "DB"),
    ],
)
def test_elsewhere_they_are_errors(secretive: FleetFiles, place: dict[str, Any], token: str) -> None:
    secretive.group("berlin", devices=[{"thingName": "berlin-device", **place}]).write()
    ran = run_cli("validate", secretive.directory)
    assert ran.code == 1
    assert f"[unknown-token] unknown token ${{secret.{token}}}" in ran.out
    assert "secrets are ${secret.NAME}, with a NAME of letters" in ran.out


@pytest.mark.parametrize("name", ["DB ", "", "a-b", "1x"])
def test_a_name_that_no_environment_can_have_is_an_error(secretive: FleetFiles, name: str) -> None:
    ran = run_cli("validate", with_variables(secretive, {"X": f"${{secret.{name}}}"}).directory)
    assert (ran.code, "[unknown-token]" in ran.out) == (1, True)


def test_what_only_looks_like_a_token_in_the_account_is_no_secret(secretive: FleetFiles, aws: Sandbox) -> None:
    assert run_cli("apply", secretive.directory, "--yes").code == 0
    content = live.contents(aws.client, "berlin")["Function"]
    content["Functions"][0]["FunctionConfiguration"]["Environment"]["Variables"]["DATABASE"] = "${secret.DB}"
    arn = aws.client("greengrass").create_function_definition(InitialVersion=content)["LatestVersionArn"]
    live.new_version(aws.client, "berlin", Function=arn)
    with_variables(secretive, {"DATABASE": "${secret.DB}", "MODE": "quick"})
    planned = run_cli("plan", secretive.directory)
    assert "drift: group version" in planned.out
    assert "Environment.Variables.DATABASE" in planned.out


@pytest.mark.usefixtures("aws")
def test_no_error_tells_one() -> None:
    client = Aws("eu-central-1")
    client.secrets = Secrets({"DB": PASSWORD})
    with pytest.raises(AwsError) as raised:
        client.call("greengrass", "CreateFunctionDefinition", InitialVersion=PASSWORD)
    assert "Invalid type for parameter InitialVersion, value: ${secret.DB}" in raised.value.message
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None
