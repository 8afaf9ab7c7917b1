"""The command line as a whole: commands, exit codes, and errors as people meet them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from reconciler import __version__
from reconciler.aws import client
from reconciler.cli.main import COMMANDS, NOT_YET
from reconciler.cli.stopping import INTERRUPTED
from reconciler.sandbox.testing import Sandbox
from tests.cli.processes import PROGRAM, run_process
from tests.fleets import FleetFiles, run_cli
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled

ON_A_FLEET = ("plan", "apply", "status", "runs")


@pytest.fixture
def nothing_listens(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is where nobody listens, and is not asked twice."""
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # "discard": no user may bind it


def test_help_lists_every_command_and_every_exit_code() -> None:
    ran = run_cli("--help")
    assert ran.code == 0
    for command, help_text in COMMANDS.items():
        assert f"  {command} " in ran.out
        assert help_text[:40] in ran.out
    assert "64 wrong usage" in ran.out


@pytest.mark.parametrize("group", ["github", "sandbox"])
def test_help_lists_what_is_below_a_command_in_whole_sentences(group: str) -> None:
    ran = run_cli(group, "--help")
    assert (ran.code, "..." in ran.out.split("Commands:")[1]) == (0, False)


def test_help_costs_no_import_of_botocore() -> None:
    code = (
        "import sys\nfrom reconciler.cli.main import COMMANDS, run\n"
        "for command in [], *([name] for name in COMMANDS), ['sandbox', 'start']:\n"
        "    code = run([*command, '--help'])\n"
        "    heavy = sorted({'boto3', 'botocore', 'moto', 'rich'} & set(sys.modules))\n"
        "    if heavy or code:\n"
        "        sys.exit(f'{command}: exit code {code}, imports {heavy}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Usage: reconcile") == len(COMMANDS) + 2


def test_the_version() -> None:
    assert run_cli("--version").out == f"reconcile, version {__version__}\n"


def test_without_a_command_it_says_how_to_use_it() -> None:
    ran = run_cli()
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("Usage: reconcile")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["paln"], "No such command 'paln'. Did you mean 'plan'?"),
        (["deploy", "x", "--type", "reboot"], "'reboot' is not one of 'NewDeployment', 'Redeployment', "),
        (["worker", "--queues", "letters"], "'letters' is not one of 'Devices', 'NewDeployments', "),
        (["plan", "--outt"], "No such option '--outt'"),
        (["plan", "--format", "xml"], "'xml' is not one of"),
        (["plan", ".", "."], "unexpected extra argument"),
        (["plan", "--color", "green"], "'green' is not one of"),
        (["apply", "--timeout", "soon"], "'soon' is not a valid number of seconds"),
        (["apply", "--timeout", "-1"], "-1"),
        (["apply", "--timeout", "nan"], "nan"),
        (["runs", "--last", "0"], "0"),
        (["runs", "--last", "few"], "'few' is not a valid whole number"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["sandbox", "explode"], "No such command 'explode'"),
        (["schema", "potato"], "there is no schema called potato"),
        (["validate", "--format", "html"], "the format html is not one of this command's"),
    ],
)
def test_wrong_usage_is_64_and_says_what_is_wrong(arguments: list[str], message: str) -> None:
    ran = run_cli(*arguments)
    assert (ran.code, ran.out) == (64, "")
    assert message in ran.err


@pytest.mark.parametrize("command", NOT_YET)
def test_a_command_of_a_later_version_is_refused_by_name(command: str) -> None:
    ran = run_cli(command, "whatever", "--option")
    assert (ran.code, ran.out) == (64, "")
    assert f"`reconcile {command}` is not part of version {__version__}" in ran.err
    assert "hint: a later version brings it" in ran.err


@pytest.mark.parametrize(
    ("command", "name", "instead"),
    [
        ("validate", "markdown", "text or json"),
        ("status", "html", "text or json"),
        ("apply", "html", "json or markdown"),
    ],
)
def test_a_format_that_a_command_has_not(command: str, name: str, instead: str) -> None:
    ran = run_cli(command, "--format", name)
    assert (ran.code, ran.out) == (64, "")
    assert f"the format {name} is not one of this command's" in ran.err
    assert instead in ran.err


@pytest.mark.parametrize("command", ON_A_FLEET)
def test_a_directory_that_is_missing(command: str, tmp_path: Path) -> None:
    ran = run_cli(command, tmp_path / "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert f"{tmp_path / 'nowhere'}:1:1: [no-directory]" in ran.err


def test_a_saved_plan_that_is_missing(tmp_path: Path) -> None:
    ran = run_cli("apply", tmp_path / "gone.json")
    assert (ran.code, ran.out) == (1, "")
    assert "gone.json: No such file or directory\nhint: name a file that `plan --out` saved" in ran.err


def test_a_file_is_no_directory(fleet: FleetFiles) -> None:
    ran = run_cli("plan", fleet.path_of("berlin"))
    assert (ran.code, ran.out) == (1, "")
    assert "[no-directory] reading the fleet directory: not a directory; name the directory of the fleet" in ran.err


def test_fleets_are_not_looked_for_in_a_directory_that_is_missing(tmp_path: Path) -> None:
    ran = run_cli("fleets", tmp_path / "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert f"error: {tmp_path / 'nowhere'} is no directory\nhint: " in ran.err


@pytest.mark.parametrize("command", ON_A_FLEET)
def test_a_directory_without_a_fleet(command: str, tmp_path: Path) -> None:
    ran = run_cli(command, tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "kind: Fleet" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ON_A_FLEET)
def test_the_directory_is_this_one_by_default(command: str, fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fleet.directory)
    ran = run_cli(command)
    assert ran.code == (64 if command == "apply" else 0)
    assert ran.out


def test_all_problems_are_told_with_their_place(fleet: FleetFiles) -> None:
    fleet.group("berlin", version=9, cores=[{"thingNam": "x"}]).write()
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count(f"{fleet.path_of('berlin')}:") >= 2
    assert ran.err.endswith("problems in the desired state\n")


@pytest.mark.usefixtures("nothing_listens")
@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_nobody_listens_where_aws_should(command: str, fleet: FleetFiles, tmp_path: Path) -> None:
    ran = run_cli(command, fleet.directory, "--stats", tmp_path / "stats.json")
    assert (ran.code, ran.out) == (1, "")
    assert "http://127.0.0.1:9" in ran.err
    assert "hint: is the network up, and AWS_ENDPOINT_URL right" in ran.err
    assert ran.err.count("AWS_ENDPOINT_URL") == 1
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert mismatches(stats, "stats") == []
    assert stats["calls"] == {"sts:GetCallerIdentity": 1}


def test_no_credentials(fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert "Unable to locate credentials" in ran.err
    assert "hint: set AWS credentials" in ran.err


def test_credentials_of_another_account(aws: Sandbox, fleet: FleetFiles) -> None:
    fleet.fleet(account="210987654321", bulkDeployments=None).template(
        definitions={"functions": {"Functions": []}}
    ).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "fleet demo is in account 210987654321, the credentials belong to 123456789012" in ran.err
    assert f"{fleet.directory}/fleet.yaml:" in ran.err
    assert aws.counts().keys() - {"s3:CreateBucket"} == {"sts:GetCallerIdentity"}


class Proxy:
    """Answers every request with one page, as a captive portal or a proxy does."""

    def __init__(self) -> None:
        self.page = Response("<html><body>Please log in</body></html>", 200, mimetype="text/html")
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: Any, start_response: Any) -> Any:
        Request(environ).get_data()
        return self.page(environ, start_response)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("status", "page", "message"),
    [
        (200, "<html><body>Please log in</body></html>", "what answers for AWS is not AWS"),
        (200, "<html><body>Please log in<br></html>", "what answers for AWS is not AWS"),
        (200, "", "what answers for AWS is not AWS"),
        (403, "<html><body>Forbidden</body></html>", "sts:GetCallerIdentity"),
        (404, "not here", "what answers for AWS is not AWS"),
        (302, "", "what answers for AWS is not AWS"),
    ],
)
def test_something_else_answers_for_aws(
    status: int, page: str, message: str, fleet: FleetFiles, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.page = Response(page, status, mimetype="text/html")
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert "hint: " in ran.err


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    thread = threading.Thread(target=made._server.serve_forever)
    thread.start()
    yield made
    made._server.shutdown()
    thread.join()
    made._server.server_close()


def test_greengrass_says_no(aws: Sandbox, fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    aws.put_faults([{"service": "greengrass", "operation": "*", "fault": "refused"}])
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert "reading the live groups: greengrass:ListGroups" in ran.err
    assert "AWS ended Greengrass V1 on 2026-10-07" in ran.err


def test_a_defect_is_told_without_a_traceback(fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("by\x1bzero")

    monkeypatch.setattr("reconciler.cli.plan.make_plan", broken)
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: unexpected ZeroDivisionError: by\\x1bzero\nhint: this is a defect of reconcile")


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_an_interrupt(error: type[BaseException], fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr("reconciler.cli.plan.make_plan", interrupted)
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (INTERRUPTED, "")
    assert "interrupted; run the command again to go on" in ran.err


def test_the_reader_leaves_after_the_first_line(fleet: FleetFiles) -> None:
    line = "set -o pipefail; " + '"$@" plan --detailed-exitcode "$FLEET" | head -n 1'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FLEET": str(fleet.directory)},
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("Fleet demo: ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("command", [["plan"], ["status"], ["apply", "--yes", "--no-wait"]])
def test_the_reader_was_never_there(command: list[str], aws: Sandbox, fleet: FleetFiles) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, *command, str(fleet.directory)], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "error" not in done.stderr
    assert ("greengrass:CreateGroup" in aws.counts()) == (command[0] == "apply")


def test_an_apply_goes_on_when_nobody_reads_its_progress(aws: Sandbox, fleet: FleetFiles) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, "apply", "--yes", "--no-wait", str(fleet.directory)],
            stdout=subprocess.PIPE,
            stderr=writing,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("2 still open; 0 unchanged.")
    assert aws.counts()["greengrass:CreateGroupVersion"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk(fleet: FleetFiles) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "plan", str(fleet.directory)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: reading or writing: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_was_closed(closed: str, fleet: FleetFiles) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"$@" {closed}', "bash", *PROGRAM, "apply", str(fleet.directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert "Traceback" not in done.stderr


def test_a_terminal_that_knows_ascii_alone(fleet: FleetFiles) -> None:
    subject = {"Id": "up", "Source": "cloud", "Subject": "Köln", "Target": "GGShadowService"}
    fleet.template(definitions={"subscriptions": {"Subscriptions": [subject]}}).write()
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    text = run_process("plan", fleet.directory, env=ascii_only)
    assert text.code == 0
    assert "K\\xf6ln" in text.out
    document = run_process("plan", fleet.directory, "--format", "json", env=ascii_only)
    assert mismatches(json.loads(document.out), "plan") == []
    assert "Köln" in document.out


def test_a_terminal_that_lacks_some_letters(fleet: FleetFiles) -> None:
    fleet.group("berlin", 東京=1).write()
    ran = run_process("validate", fleet.directory, env={"PYTHONIOENCODING": "latin-1"})
    assert (ran.code, ran.err) == (1, "")
    assert '[unknown-key] unknown key "\\u6771\\u4eac"' in ran.out
