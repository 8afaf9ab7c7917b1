"""Completion in a shell."""

import pytest

from reconciler.cli.main import COMMANDS
from tests.cli.processes import run_process
from tests.fleets import run_cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str) -> None:
    ran = run_cli("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_RECONCILE_COMPLETE={shell}_complete" in ran.out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("reconcile ", set(COMMANDS)),
        ("reconcile pl", {"plan"}),
        ("reconcile plan --se", {"--select"}),
        ("reconcile plan --format j", {"json"}),
        ("reconcile sandbox st", {"start", "stop", "status"}),
    ],
)
def test_what_is_offered(words: str, found: set[str]) -> None:
    asked = {
        "_RECONCILE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ran = run_process(env=asked)
    assert (ran.code, ran.err) == (0, "")
    assert {line.partition(",")[2] for line in ran.out.splitlines()} == found
