"""What README and docs show is what the commands print, and their files and scripts work."""

import re
import shutil
from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.docs.markdown import REPOSITORY, blocks
from tests.fleets import ARTIFACTS_BUCKET, Ran, make_buckets, run_cli

README = REPOSITORY / "README.md"
CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=\(plan )[0-9a-f]{12}"
    r'|(?<=template-digest  ")[0-9a-f]{32}|(?<=last seen, on )[0-9T:-]+Z'
)


def steady(text: str) -> list[str]:
    """The lines of ``text`` with ids and digests, which change from run to run, taken out."""
    return CHANGING.sub("…", text).splitlines()


def applied(aws: Sandbox, directory: Path, *options: str) -> Ran:
    """Apply, and let the cores report."""
    ran = run_cli("apply", directory, "--yes", "--no-wait", *options)
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    return ran


def test_the_plan_that_the_readme_shows_is_that_of_the_example(aws: Sandbox, tmp_path: Path) -> None:
    make_buckets(aws.client)
    fleet = tmp_path / "fleet"
    shutil.copytree(REPOSITORY / "examples/desired-state", fleet)
    applied(aws, fleet)
    assert run_cli("plan", fleet).last_line.startswith("No changes.")
    berlin = fleet / "groups/berlin.yaml"
    berlin.write_text(berlin.read_text().replace("version: 1}", "version: 2}", 1))
    (shown,) = [block for block in blocks(README) if block.lines[0] == "$ reconcile plan fleet"]
    assert steady(run_cli("plan", fleet).out) == steady("\n".join(shown.lines[1:]))


@pytest.fixture
def own_fleet(aws: Sandbox, tmp_path: Path) -> Path:
    """The fleet of the README's five steps, as its blocks of YAML say."""
    aws.client("s3").create_bucket(
        Bucket=ARTIFACTS_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for block in blocks(README):
        if block.language == "yaml" and block.lines[0].startswith("# my-fleet/"):
            path = tmp_path / block.lines[0].removeprefix("# ")
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(block.lines) + "\n")
    return tmp_path / "my-fleet"


def test_the_first_fleet_of_the_readme_works_as_shown(own_fleet: Path, aws: Sandbox) -> None:
    (shown,) = [block.lines for block in blocks(README) if block.lines[0] == "$ reconcile validate my-fleet"]
    assert run_cli("validate", own_fleet).last_line in shown
    assert run_cli("plan", own_fleet).last_line in shown
    applied(aws, own_fleet)
    assert run_cli("plan", own_fleet).last_line == "No changes. 1 group matches the files."
    text = "\n".join(shown)
    assert (
        "Apply complete: 1 group created, 0 updated, 2 things provisioned, 1 deployment succeeded; 0 unchanged." in text
    )


def test_a_failing_core_is_told_as_the_readme_says(
    own_fleet: Path, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_fleet.parent)
    applied(aws, own_fleet)
    assert run_cli("plan", "my-fleet").last_line.startswith("No changes.")
    group = own_fleet / "site-1.yaml"
    group.write_text(group.read_text().replace("site-1-sensor}", "site-1-sensor}, {thingName: site-1-meter}"))
    aws.put_devices({"site-1-core": {"outcome": "fail", "error": "disk full"}})
    ran = run_cli("apply", "my-fleet", "--yes")
    assert ran.code == 5
    (shown,) = [block.lines for block in blocks(README) if block.lines[0].startswith("$ reconcile sandbox devices")]
    end = shown.index("…") + 1
    assert steady(ran.out)[-3:] == steady("\n".join(shown[end : end + 3]))
    aws.put_devices({})
    assert run_cli("apply", "my-fleet", "--yes").last_line == shown[-1]


def test_the_scripts_of_the_sandboxs_page_print_what_it_says(aws: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    page = REPOSITORY / "docs/sandbox.md"
    scripts = [block for block in blocks(page) if block.language == "python" and "import boto3" in block.lines]
    for script, wanted in zip(scripts, ("['Building', 'InProgress', 'Success']", "ACTIVE 1"), strict=True):
        exec(compile("\n".join(script.lines), script.place, "exec"), {"__name__": "script"})  # noqa: S102 (our own page)
        assert capsys.readouterr().out.strip() == wanted
        assert f"`{wanted}`" in page.read_text(encoding="utf-8")


def test_the_example_for_own_tests_works() -> None:
    page = REPOSITORY / "docs/sandbox.md"
    (example,) = [block for block in blocks(page) if "with Sandbox() as sandbox:" in "\n".join(block.lines)]
    exec(compile("\n".join(example.lines), example.place, "exec"), {})  # noqa: S102 (our own page)
