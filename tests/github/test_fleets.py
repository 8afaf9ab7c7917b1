"""``reconcile fleets``: which fleets of a repository a change touches, and all of them in doubt."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fleets import FleetFiles, run_cli
from tests.github.repositories import Repository
from tests.github.workflow import outputs


def fleet_in(path: Path, name: str, timeout: int = 3) -> FleetFiles:
    files = FleetFiles(path / "fleets" / name, name).template(timeout=timeout).group("berlin", devices=1)
    files.directory.mkdir(parents=True, exist_ok=True)
    return files.write()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two fleets, ``east`` and ``west``, and one commit."""
    repository = Repository(tmp_path / "repository")
    for name in ("east", "west"):
        fleet_in(repository.path, name)
    repository.write("README.md", "Fleets.")
    repository.commit()
    return repository


def listed(repository: Repository, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = run_cli("fleets", repository.path, "--format", "json", *arguments)
    assert ran.code == code
    return dict(json.loads(ran.out))


def directories(document: dict[str, Any]) -> list[str]:
    return [Path(fleet["directory"]).name for fleet in document["fleets"]]


def test_all_fleets(repository: Repository) -> None:
    document = listed(repository)
    assert directories(document) == ["east", "west"]
    assert document["fleets"][0] == {
        "fleet": "east",
        "directory": f"{repository.path}/fleets/east",
        "account": "123456789012",
        "region": "eu-central-1",
        "reason": "",
    }
    text = run_cli("fleets", repository.path)
    assert text.out.splitlines() == [f"{repository.path}/fleets/east", f"{repository.path}/fleets/west"]
    assert text.err == "2 fleets.\n"


def test_only_what_means_something_else(repository: Repository) -> None:
    fleet_in(repository.path, "east", timeout=9)
    template = repository.path / "fleets/west/templates.yaml"
    template.write_text(f"# A comment, and two lines further down.\n\n\n{template.read_text()}")
    repository.write("fleets/west/README.md", "Words.")
    repository.commit()
    document = listed(repository, "--changed", "HEAD~1..HEAD")
    assert directories(document) == ["east"]
    assert document["fleets"][0]["reason"] == "its files mean something else"
    assert [Path(path).name for path in document["unchanged"]] == ["west"]
    assert run_cli("fleets", repository.path, "--changed", "HEAD~1..").err == "1 fleet changed.\n"


def test_a_file_that_a_fleet_may_read_counts(repository: Repository) -> None:
    repository.write("fleets/west/provisioning/core.json", '{"Parameters": {}, "Resources": {}}')
    repository.commit()
    assert [fleet["reason"] for fleet in listed(repository, "--changed", "HEAD~1..HEAD")["fleets"]] == [
        "fleets/west/provisioning/core.json changed"
    ]


def test_files_with_problems_count(repository: Repository) -> None:
    repository.write("fleets/west/broken.yaml", "kind: [")
    repository.commit()
    document = listed(repository, "--changed", "HEAD~1..HEAD")
    assert [(fleet["fleet"], fleet["reason"]) for fleet in document["fleets"]] == [
        ("fleets/west", "its files have problems, now or before")
    ]


def test_new_and_gone_fleets(repository: Repository) -> None:
    fleet_in(repository.path, "north")
    repository.git("rm", "-rq", "fleets/east")
    repository.commit()
    document = listed(repository, "--changed", "HEAD~1..HEAD")
    assert [(fleet["fleet"], fleet["reason"]) for fleet in document["fleets"]] == [("north", "it is new")]
    assert [Path(path).name for path in document["gone"]] == ["east"]
    assert (
        "the fleet in fleets/east is gone: nothing of it is deleted"
        in run_cli("fleets", repository.path, "--changed", "HEAD~1..HEAD").err
    )


def test_since_the_branches_parted(repository: Repository) -> None:
    repository.git("checkout", "-qb", "change")
    fleet_in(repository.path, "west", timeout=5)
    repository.commit()
    repository.git("checkout", "-q", "main")
    fleet_in(repository.path, "east", timeout=5)
    repository.commit()
    assert directories(listed(repository, "--changed", "main..change")) == ["east", "west"]
    assert directories(listed(repository, "--changed", "main...change")) == ["west"]


@pytest.mark.parametrize("base", ["0" * 40, "no-such-branch", "--help"])
def test_all_of_them_where_git_cannot_tell(repository: Repository, base: str) -> None:
    document = listed(repository, "--changed", f"{base}..HEAD")
    assert directories(document) == ["east", "west"]
    assert all(fleet["reason"].startswith("in doubt: ") for fleet in document["fleets"])


def test_what_is_no_range(repository: Repository) -> None:
    ran = run_cli("fleets", repository.path, "--changed", "HEAD")
    assert (ran.code, ran.out) == (64, "")
    assert "'HEAD' is no range of commits" in ran.err


def test_below_the_top_and_untouched_work(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits are compared, not the files on disk, and these stay as they are."""
    fleet_in(repository.path, "east", timeout=9)
    before = repository.git("status", "--porcelain")
    monkeypatch.chdir(repository.path / "fleets")
    ran = run_cli("fleets", "--changed", "HEAD..HEAD", "--format", "json")
    assert json.loads(ran.out)["unchanged"] == ["east", "west"]
    assert repository.git("status", "--porcelain") == before


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("pull_request", {"pull_request": "HEAD~1"}, ["east"]),
        ("merge_group", {"merge_group": {"base_sha": "HEAD~1"}}, ["east"]),
        ("push", {"before": "HEAD~1"}, ["east"]),
        ("push", {"before": "0" * 40}, ["east", "west"]),
        ("schedule", {}, ["east", "west"]),
        ("workflow_dispatch", {"inputs": {}}, ["east", "west"]),
    ],
)
def test_the_matrix_of_a_run(
    event: str,
    payload: dict[str, Any],
    expected: list[str],
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet_in(repository.path, "east", timeout=9)
    head = repository.commit()
    if event == "pull_request":
        ends = {"repo": {"id": 1}, "sha": head}
        payload = {"pull_request": {"number": 1, "head": ends, "base": {**ends, "sha": payload["pull_request"]}}}
    (tmp_path / "event").write_text(json.dumps(payload))
    for name, value in {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(tmp_path / "event"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_SHA": head,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repository.path)
    ran = run_cli("github", "fleets", "fleets")
    assert ran.code == 0, ran.err
    written = outputs((tmp_path / "output").read_text())
    matrix = json.loads(written["fleets"])
    assert [row["fleet"] for row in matrix] == expected
    assert matrix[0] == {"fleet": "east", "directory": "fleets/east", "region": "eu-central-1", "slug": "fleets-east"}
    assert written["any"] == "true"
    assert ("::warning::" in ran.out) == (payload.get("before") == "0" * 40)
