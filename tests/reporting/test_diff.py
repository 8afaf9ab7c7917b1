"""Diffs that Git applies: files that change, come and go, with and without an end of line."""

import subprocess
from pathlib import Path

from reconciler.reporting.diff import git_diff

BEFORE = {
    "groups/a.yaml": "one\ntwo\nthree\n",
    "groups/b.yaml": "gone\n",
    "c d.yaml": "no end of line",
    "é.yaml": "a\r\nb\u2028c\r\n",
    'q"\\.yaml': "x\n",
    "same.yaml": "same\n",
}
AFTER = {
    "groups/a.yaml": "one\n2\nthree\n",
    "groups/b.yaml": None,
    "c d.yaml": "no end of line\neither",
    "é.yaml": "a\r\nb\u2028d\r\n",
    'q"\\.yaml': "y",
    "same.yaml": "same\n",
    "new/e.yaml": "new\n",
}


def test_git_applies_it(tmp_path: Path) -> None:
    for name, text in BEFORE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    diff = git_diff({**BEFORE, "new/e.yaml": None}, AFTER)
    assert "same.yaml" not in diff
    subprocess.run(["git", "apply", "--whitespace=nowarn"], input=diff.encode(), check=True, cwd=tmp_path)
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    assert found == {name: text.encode() for name, text in AFTER.items() if text is not None}


def test_nothing_changed_is_no_diff() -> None:
    assert git_diff(BEFORE, BEFORE) == ""
