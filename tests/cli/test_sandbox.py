"""``reconcile sandbox`` as its users run it: real processes, exit codes, and what is printed where."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.daemon import Home, Running, find, stop
from tests.fleets import run_cli

pytestmark = pytest.mark.sampled

PROGRAM = [sys.executable, "-c", "from reconciler.cli.sandbox import sandbox; sandbox(prog_name='reconcile sandbox')"]
DEADLINE = 30


def run(*arguments: str, home: Path, stdin: str = "", extra: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command. Its output is piped: a start that kept the pipe open would hang."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILE_")}
    done = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=DEADLINE,
        check=False,
        env={**environment, "RECONCILE_SANDBOX_HOME": str(home), **(extra or {})},
    )
    return done.returncode, done.stdout, done.stderr


def running_in(home: Path) -> Running:
    running = find(Home(home))
    assert running is not None
    return running


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a sandbox that runs."""
    directory = tmp_path_factory.mktemp("running") / "home"
    code, out, err = run("start", "--region", "us-west-2", home=directory)
    assert (code, err) == (0, "")
    assert out.startswith("sandbox started at http://127.0.0.1:")
    yield directory
    stop(Home(directory))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """A home in which nothing runs, nor will when the test is over."""
    yield tmp_path / "home"
    stop(Home(tmp_path / "home"))


def test_env_prints_exports_and_nothing_else(home: Path) -> None:
    code, out, err = run("env", home=home)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"export AWS_ENDPOINT_URL={running_in(home).url}",
        "export AWS_DEFAULT_REGION=us-west-2",
        "export AWS_REGION=us-west-2",
        "export AWS_ACCESS_KEY_ID=sandbox",
        "export AWS_SECRET_ACCESS_KEY=sandbox",
    ]


def test_a_shell_evaluates_env_and_boto3_is_there(home: Path) -> None:
    script = 'import boto3; print(boto3.client("sts").get_caller_identity()["Account"])'
    environment = dict(line.removeprefix("export ").split("=", 1) for line in run("env", home=home)[1].splitlines())
    shell = ["env", "-i", f"PATH={os.environ['PATH']}", *(f"{k}={v}" for k, v in environment.items())]
    done = subprocess.run(
        [*shell, sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "123456789012\n"


def test_a_chosen_home_is_part_of_the_command_that_points_a_shell_at_it(empty: Path) -> None:
    _, out, _ = run("start", "--home", str(empty), home=empty)
    assert f'eval "$(reconcile sandbox env --home {empty})" points' in out


def test_a_chosen_home_is_part_of_the_command_that_starts_one(tmp_path: Path) -> None:
    _, _, err = run_cli("sandbox", "env", "--home", tmp_path)
    assert err.endswith(f"hint: `reconcile sandbox start --home {tmp_path}` starts one\n")


def test_starting_twice_says_that_it_runs(home: Path) -> None:
    running = running_in(home)
    code, out, err = run("start", "--region", "eu-west-1", home=home)
    assert (code, err) == (0, "")
    assert out == f"sandbox runs already at {running.url}, region us-west-2, process {running.pid}\n"


def test_status_says_where_it_runs(home: Path) -> None:
    code, out, _ = run("status", home=home)
    assert code == 0
    assert running_in(home).url in out
    assert "account 123456789012, region us-west-2" in out


def test_devices_faults_and_limits_are_told_as_argument_or_by_stdin(home: Path) -> None:
    code, out, _ = run("devices", '{"a": {"outcome": "offline"}}', home=home)
    assert (code, json.loads(out)) == (0, {"a": {"outcome": "offline", "error": "", "delay": 0.0}})
    rules = [{"service": "iot", "fault": "lost"}]
    code, out, _ = run("faults", "-", home=home, stdin=json.dumps(rules))
    assert (code, json.loads(out)) == (0, rules)
    code, out, _ = run("limits", "null", home=home)
    assert (code, json.loads(out)) == (0, {})


def test_the_clock_moves_and_reset_brings_it_back(home: Path) -> None:
    code, out, _ = run("clock", "--advance", "3600", home=home)
    assert code == 0
    assert json.loads(out)["ahead"] >= 3600
    assert "ahead" in run("status", home=home)[1]
    assert run("reset", home=home) == (0, "sandbox is empty\n", "")
    assert "ahead" not in run("status", home=home)[1]


def test_the_clock_stands_still_and_goes_on(home: Path) -> None:
    stopped = json.loads(run("clock", "--stop", home=home)[1])
    assert run("status", home=home)[1].endswith("its clock stands still\n")
    assert json.loads(run("clock", "--advance", "5", home=home)[1])["time"] == stopped["time"] + 5
    assert not json.loads(run("clock", "--go", home=home)[1])["stopped"]
    assert "still" not in run("status", home=home)[1]
    run("reset", home=home)


def test_calls_prints_the_log(home: Path) -> None:
    assert run("calls", "--clear", home=home) == (0, "", "")
    code, out, _ = run("calls", home=home)
    assert (code, json.loads(out)) == (0, {"calls": [], "counts": {}})


def test_cores_prints_what_is_on_core_devices(home: Path) -> None:
    assert run("cores", home=home) == (0, "{}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("devices", "{"), "devices: not JSON"),
        (("devices", '{"a": {"outcome": "explode"}}'), "outcome is one of succeed, fail, offline, stuck"),
        (("faults", "{}"), "faults is a JSON list"),
        (("limits", '{"iot": -1}'), "calls a second is a number above 0"),
        (("clock", "--advance", "-1"), "-1.0 is not in the range x>=0"),
        (("clock",), "say --advance SECONDS, --stop or --go"),
    ],
)
def test_nonsense_is_wrong_usage_and_says_what_is_wanted(home: Path, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run_cli("sandbox", *arguments, "--home", home)
    assert (code, out) == (64, "")
    assert message in err


@pytest.mark.sampled
def test_two_homes_are_two_sandboxes_and_a_port_is_taken_once(home: Path, empty: Path) -> None:
    port = running_in(home).url.rpartition(":")[2]
    code, out, err = run("start", "--port", port, home=empty)
    assert (code, out) == (1, "")
    assert f"port {port} of 127.0.0.1 cannot be had" in err
    assert "give another --port" in err

    assert run("start", "--home", str(empty), home=home)[0] == 0
    assert running_in(empty).url != running_in(home).url
    run("clock", "--advance", "60", home=empty)
    assert "ahead" not in run("status", home=home)[1]
    assert run("stop", home=empty) == (0, "sandbox stopped\n", "")
    assert run("status", home=home)[0] == 0


@pytest.mark.sampled
def test_a_chosen_port_is_the_one_it_listens_on(empty: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert run("start", "--port", str(port), home=empty)[0] == 0
    assert running_in(empty).url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "verb", [("env",), ("status",), ("reset",), ("calls",), ("devices", "{}"), ("clock", "--advance", "1")]
)
def test_without_a_sandbox_every_verb_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RECONCILE_SANDBOX_HOME", str(tmp_path))
    code, out, err = run_cli("sandbox", *verb)
    assert (code, out) == (1, "")
    assert err == f"error: no sandbox runs in {tmp_path}\nhint: `reconcile sandbox start` starts one\n"


def test_stopping_what_does_not_run_is_done_already(tmp_path: Path) -> None:
    assert run("stop", home=tmp_path / "never") == (0, "no sandbox was running\n", "")


@pytest.mark.sampled
def test_one_that_was_killed_is_noticed_and_replaced(empty: Path) -> None:
    run("start", home=empty)
    first = running_in(empty)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not Home(empty).is_locked())

    code, out, err = run("env", home=empty)
    assert (code, out) == (1, "")
    assert "ended without being stopped" in err
    code, out, err = run("start", home=empty)
    assert code == 0
    assert "ended without being stopped" in err
    assert running_in(empty).instance != first.instance


def test_a_state_file_that_names_another_process_harms_nobody(empty: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    empty.mkdir()
    Home(empty).write_state(Running(url="http://127.0.0.1:9", region="eu-central-1", pid=bystander.pid, instance="x"))
    assert run("stop", home=empty) == (0, "no sandbox was running\n", "")
    assert bystander.poll() is None
    bystander.communicate(b"\n", timeout=DEADLINE)
    assert bystander.returncode == 0


@pytest.mark.sampled
def test_a_broken_state_file_is_no_sandbox(empty: Path) -> None:
    empty.mkdir()
    Home(empty).state_file.write_text("{")
    assert run("env", home=empty)[0] == 1
    assert run("start", home=empty)[0] == 0


@pytest.mark.sampled
def test_two_starts_at_once_make_one_sandbox(empty: Path) -> None:
    environment = {**os.environ, "RECONCILE_SANDBOX_HOME": str(empty)}
    both = [
        subprocess.Popen(
            [*PROGRAM, "start"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=DEADLINE) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    urls = [re.findall(r"http://[0-9.:]+", out) for out, _ in outputs]
    assert urls[0] == urls[1] == [running_in(empty).url]


@pytest.mark.sampled
def test_start_leaves_no_descriptor_and_no_child_behind(empty: Path) -> None:
    reading, writing = os.pipe()
    environment = {**os.environ, "RECONCILE_SANDBOX_HOME": str(empty)}
    subprocess.run(
        [*PROGRAM, "start"], pass_fds=[writing], env=environment, timeout=DEADLINE, check=True, stdout=writing
    )
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read().startswith(b"sandbox started")  # and its end came, since nobody else holds the other side
    pid = running_in(empty).pid
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.sampled
def test_a_sandbox_ends_with_its_home(empty: Path, tmp_path: Path) -> None:
    run("start", home=empty)
    empty.rename(tmp_path / "moved")
    moved = Home(tmp_path / "moved")
    moved.state_file.unlink()
    until(lambda: not moved.is_locked())  # which the system says once the process is gone


def test_a_home_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = run("start", home=tmp_path / "file" / "home")
    assert (code, out) == (1, "")
    assert "Not a directory" in err
    assert "--home takes a directory" in err


def test_without_the_extra_its_name_is_given(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'moto'\", name='moto')")
    code, out, err = run("start", home=empty, extra={"PYTHONPATH": str(tmp_path)})
    assert (code, out) == (1, "")
    assert "needs moto, which is not installed" in err
    assert "pip install 'greengrass-reconciler[sandbox]'" in err


def test_a_process_that_dies_points_to_its_log(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise RuntimeError('broken install')")
    code, _, err = run("start", home=empty, extra={"PYTHONPATH": str(tmp_path)})
    assert code == 1
    assert f"look into {empty / 'sandbox.log'}" in err
    assert "broken install" in (empty / "sandbox.log").read_text()


def test_without_a_verb_ten_lines_say_how_to_use_it(tmp_path: Path) -> None:
    code, out, err = run(home=tmp_path)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) <= 10
    assert 'eval "$(reconcile sandbox env)"' in out
    assert "--endpoint-url" in out
    assert max(map(len, out.splitlines())) <= 120


def test_importing_the_command_loads_nothing_of_aws() -> None:
    script = (
        "import sys, reconciler.cli.sandbox as s; print({'moto', 'boto3', 'botocore', 'waitress'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stdout == "set()\n"
