import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import validate as check_schema

from reconciler.desired.schemas import schema
from tests.fleets import Ran, run_cli

SOUND = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: demo}
spec: {account: "123456789012", region: eu-central-1}
---
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec: {version: 3, runtime: greengrass/v1, definitions: {functions: {Functions: [{Id: a}]}}}
---
apiVersion: reconciler/v1
kind: Group
metadata: {name: berlin}
spec: {template: {name: line, version: 3}, cores: [{thingName: c}], devices: [{thingName: d}]}
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound fleet in ./fleet."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/fleet.yaml").write_text(SOUND)
    return tmp_path / "fleet"


@pytest.fixture
def broken(fleet: Path) -> Path:
    """A fleet with two problems in one file and one in another."""
    (fleet / "a,b.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Group\nmetadata: {name: 100%\\x}\nspec: {cores: []}\n"
    )
    (fleet / "c.yaml").write_text("a:\n\tb: 1\n")
    return fleet


def run(*arguments: str) -> Ran:
    return run_cli("validate", *arguments)


def test_a_sound_fleet(fleet: Path) -> None:
    result = run("fleet")
    assert (result.code, result.out, result.err) == (0, "1 group, 1 core, 1 device: no problems.\n", "")


def test_the_directory_is_this_one_by_default(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fleet)
    assert run().code == 0
    (fleet / "x.yaml").write_text("kind: Group\n")
    assert run().out.startswith("x.yaml:1:1: [missing-key] this document lacks the key apiVersion; ")


def test_every_problem_on_a_line_of_its_own_and_a_summary(broken: Path) -> None:
    result = run("fleet")
    assert result.code == 1
    assert result.out.splitlines() == [
        (
            'fleet/a,b.yaml:3:18: [bad-name] metadata.name is the text "100%\\\\x"; '
            "write letters, digits, colon, underscore and hyphen"
        ),
        "fleet/a,b.yaml:4:1: [missing-key] spec lacks the key template; add template: …",
        "fleet/c.yaml:2:1: [tab-indentation] line 2 is indented with a tab; indent with spaces",
        "3 problems in 2 files.",
    ]
    assert result.err == ""


def test_json_is_alone_on_stdout(broken: Path) -> None:
    result = run("fleet", "--format", "json")
    assert result.code == 1
    document = json.loads(result.out)
    check_schema(document, schema("validate"))
    assert document["formatVersion"] == 1
    assert document["problems"][2] == {
        "file": "fleet/c.yaml",
        "line": 2,
        "column": 1,
        "rule": "tab-indentation",
        "message": "line 2 is indented with a tab",
        "hint": "indent with spaces",
    }
    assert result.err == "3 problems in 2 files.\n"


def test_json_of_a_sound_fleet(fleet: Path) -> None:
    result = run("fleet", "--format", "json")
    assert result.code == 0
    assert json.loads(result.out) == {"formatVersion": 1, "problems": []}
    assert result.err == "1 group, 1 core, 1 device: no problems.\n"


def test_annotations_on_github(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = run("fleet").out.splitlines()
    assert lines[3] == (
        '::error file=fleet/a%2Cb.yaml,line=3,col=18,title=bad-name::metadata.name is the text "100%25\\\\x"; '
        "write letters, digits, colon, underscore and hyphen"
    )
    assert [line.startswith("::error ") for line in lines] == [False] * 3 + [True] * 3 + [False]
    assert lines[-1] == "3 problems in 2 files."
    as_json = run("fleet", "--format", "json")
    json.loads(as_json.out)
    assert as_json.err.count("::error ") == 3
    assert as_json.err.endswith("\n3 problems in 2 files.\n")


def test_the_directory_and_the_format_may_come_from_the_environment(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_DIR", "fleet")
    monkeypatch.setenv("RECONCILE_FORMAT", "json")
    assert json.loads(run().out) == {"formatVersion": 1, "problems": []}


def test_a_missing_directory_is_exit_code_1(fleet: Path) -> None:
    result = run("nowhere")
    assert result.code == 1
    assert result.out.splitlines() == [
        (
            "nowhere:1:1: [no-directory] reading the fleet directory: no such file or directory; "
            "name a directory that exists"
        ),
        "1 problem in 1 file.",
    ]


def test_text_from_files_cannot_reach_the_terminal_as_control(fleet: Path) -> None:
    (fleet / "x.yaml").write_text('apiVersion: reconciler/v1\nkind: "\\e[31m\\n::error::x"\n')
    result = run("fleet")
    assert "\x1b" not in result.out
    assert len(result.out.splitlines()) == 2


def test_neither_boto3_nor_the_network_is_touched(fleet: Path) -> None:
    program = (
        "import sys\n"
        "from reconciler.cli.validate import validate\n"
        "try:\n    validate(['fleet'])\n"
        "finally:\n    print(sorted({'boto3', 'botocore.session', 'deepdiff', 'moto'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
        cwd=fleet.parent,
    )
    assert (done.returncode, done.stdout.splitlines()) == (0, ["1 group, 1 core, 1 device: no problems.", "[]"]), (
        done.stderr
    )
