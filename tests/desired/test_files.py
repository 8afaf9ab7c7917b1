import os
import stat
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired import files
from reconciler.desired.files import MAX_BYTES, printable
from reconciler.desired.load import load
from reconciler.model.errors import ConfigurationError, Problem


def only(problems: tuple[Problem, ...]) -> Problem:
    (problem,) = problems
    return problem


def test_both_endings_at_any_depth_and_nothing_else_is_read(fleets: Any) -> None:
    group = (
        "apiVersion: reconciler/v1\nkind: Group\nmetadata: {name: NAME}\nspec: {template: {name: line, version: 3}}\n"
    )
    state = fleets.load(
        {
            "a/b/c/one.yml": group.replace("NAME", "one"),
            "a/two.YAML": group.replace("NAME", "two"),
            "notes.txt": group.replace("NAME", "three"),
            ".git/four.yaml": "kind: [",
            ".reconcile/five.yaml": "kind: [",
            ".github/workflows/six.yml": "on: push\n",
            ".yamllint.yaml": "rules: {}\n",
            "empty.yaml": "",
            "comments.yaml": "# nothing yet\n",
        }
    )
    assert [found.name for found in state.groups] == ["berlin", "one", "two"]


def test_a_byte_order_mark_is_fine(fleets: Any) -> None:
    fleets.write({})
    path = fleets.directory / "group.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(load(fleets.directory).groups) == 1


def test_positions_name_files_as_the_user_typed_them(fleets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fleets.write({"sub/x.yaml": "a: [\n"})
    monkeypatch.chdir(fleets.directory)
    for typed, shown in ((".", "sub/x.yaml"), ("../fleet/", "../fleet/sub/x.yaml")):
        with pytest.raises(ConfigurationError) as caught:
            load(Path(typed))
        assert only(caught.value.problems).position.file == shown


@pytest.mark.parametrize("name", ["missing", "a-file", "nul\0"])
def test_a_directory_that_is_none_is_a_problem(name: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / name)
    problem = only(caught.value.problems)
    assert problem.rule == "no-directory"
    assert problem.message.startswith("reading the fleet directory: ")
    hint = "name the directory of the fleet, and no file in it" if name == "a-file" else "name a directory that exists"
    assert problem.hint == hint


def test_a_directory_without_a_fleet_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, shown_as="here")
    assert str(only(caught.value.problems)) == (
        "here:1:1: [no-fleet] there is no Fleet document in this directory; "
        "add a file with kind: Fleet, or name the directory that has one"
    )


def test_a_fleet_without_a_group_is_a_problem(fleets: Any) -> None:
    problem = only(fleets.problems({"group.yaml": ""}))
    assert str(problem) == (
        "here/fleet.yaml:1:1: [empty-fleet] the fleet demo has no group; add a document with kind: Group"
    )


@pytest.mark.parametrize(
    ("content", "rule", "line", "column", "message"),
    [
        (b"a: 1\nb: \xff\n", "not-utf-8", 2, 4, "the byte 0xff in line 2 is not UTF-8 text"),
        ("a: ü\n".encode("latin-1"), "not-utf-8", 1, 4, "the byte 0xfc in line 1 is not UTF-8 text"),
        ("a: 1\n".encode("utf-16"), "not-utf-8", 1, 1, "the file is UTF-16 text"),
        (b"a: 1\nb: x\0y\n", "control-character", 2, 5, "the control character U+0000 stands in line 2"),
        (b"a: \x1b[31m\n", "control-character", 1, 4, "the control character U+001B stands in line 1"),
    ],
)
def test_what_is_no_text_is_told_with_its_line(
    content: bytes, rule: str, line: int, column: int, message: str, fleets: Any
) -> None:
    problem = only(fleets.problems({"x.yaml": content}))
    assert (problem.rule, problem.position) == (rule, ("here/x.yaml", line, column))
    assert problem.message == message


def test_a_50_mb_file_is_refused_by_its_size_and_not_read(fleets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fleets.write({})
    with (fleets.directory / "big.yaml").open("wb") as file:
        file.truncate(50_000_000)
    parsed: list[str] = []
    monkeypatch.setattr(files, "_decode", lambda data, start, problems: parsed.append(start.file))
    with pytest.raises(ConfigurationError) as caught:
        load(fleets.directory, shown_as="here")
    assert "here/big.yaml:1:1: [too-large] the file is larger than 32 MiB; split it into several files" in map(
        str, caught.value.problems
    )
    assert "here/big.yaml" not in parsed


def test_a_file_of_the_largest_size_is_read(fleets: Any) -> None:
    fleets.write({})
    path = fleets.directory / "group.yaml"
    text = path.read_bytes()
    path.write_bytes(text + b"#" * (MAX_BYTES - len(text)))
    assert len(load(fleets.directory).groups) == 1


def test_a_directory_or_pipe_called_yaml_is_a_problem_and_never_waited_for(fleets: Any) -> None:
    fleets.write({})
    (fleets.directory / "x.yaml").mkdir()
    os.mkfifo(fleets.directory / "y.yaml")
    (fleets.directory / "z.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(ConfigurationError) as caught:
        load(fleets.directory, shown_as="here")
    hint = "make it a file that can be read, or give it a name that does not end in .yaml or .yml"
    assert [str(problem) for problem in caught.value.problems] == [
        f"here/x.yaml:1:1: [unreadable] reading it: it is a directory; {hint}",
        f"here/y.yaml:1:1: [unreadable] reading it: it is a pipe or device; {hint}",
        f"here/z.yaml:1:1: [unreadable] reading it: no such file or directory; {hint}",
    ]


def test_a_file_without_permission_is_a_problem(fleets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fleets.write({"secret.yaml": "a: 1\n"})
    really_open = os.open

    def refuse(path: Any, *arguments: Any, **options: Any) -> int:
        if str(path).endswith("secret.yaml"):  # chmod would not stop root
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    problem = only(fleets.problems({}))
    assert str(problem).startswith("here/secret.yaml:1:1: [unreadable] reading it: permission denied; make it")


def test_a_fleet_directory_that_cannot_be_entered_is_a_problem(fleets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    fleets.write({})
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Path, "is_symlink", refuse)
    with pytest.raises(ConfigurationError) as caught:
        load(fleets.directory, shown_as="here")
    assert str(only(caught.value.problems)) == (
        "here:1:1: [unreadable] reading the directory: permission denied; let this user list and enter it"
    )


@pytest.mark.parametrize("kind", ["file", "directory", "absolute"])
def test_a_link_that_leaves_the_directory_is_refused(kind: str, fleets: Any, tmp_path: Path) -> None:
    fleets.write({})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x.yaml").write_text("a: 1\n")
    link = fleets.directory / ("link" if kind == "directory" else "link.yaml")
    link.symlink_to(
        {"file": "../outside/x.yaml", "directory": "../outside", "absolute": str(tmp_path / "outside/x.yaml")}[kind]
    )
    problem = only(fleets.problems({}))
    assert str(problem) == (
        f"here/{link.name}:1:1: [outside-fleet] this symbolic link leaves the fleet directory; "
        "put a copy of the file into the fleet directory"
    )


def test_links_inside_are_read_once_and_loops_end(fleets: Any) -> None:
    fleets.write({"data.txt": "# nothing\n"})
    (fleets.directory / "again.yaml").symlink_to("group.yaml")
    (fleets.directory / "data.yaml").symlink_to("data.txt")
    (fleets.directory / "loop").symlink_to(".")
    (fleets.directory / "self.txt").symlink_to("self.txt")
    assert len(load(fleets.directory).groups) == 1


def test_the_directory_itself_may_be_a_link(fleets: Any, tmp_path: Path) -> None:
    fleets.write({})
    (tmp_path / "link").symlink_to(fleets.directory)
    assert len(load(tmp_path / "link").groups) == 1


def test_a_link_to_a_provisioning_template_outside_is_refused(fleets: Any, tmp_path: Path) -> None:
    (tmp_path / "core.json").write_text("{}")
    fleets.write({"provisioning/ok.json": '{"Resources": {"thing": {}}}'})
    (fleets.directory / "provisioning/core.json").symlink_to(tmp_path / "core.json")
    problem = only(fleets.problems({}))
    assert (problem.rule, problem.position.file) == ("outside-fleet", "here/provisioning/core.json")


def test_a_file_name_of_any_bytes_can_be_shown(fleets: Any) -> None:
    fleets.write({})
    Path(os.fsdecode(os.fsencode(fleets.directory) + b"/a\xff\nb.yaml")).write_text("a: [\n")
    problem = only(fleets.problems({}))
    assert problem.position.file == "here/a\\udcff\\nb.yaml"
    assert printable("ü\x1b") == "ü\\x1b"


def test_nothing_in_the_directory_is_changed(fleets: Any) -> None:
    fleets.write({})
    before = {path: stat.S_IFMT(path.stat().st_mode) for path in fleets.directory.rglob("*")}
    load(fleets.directory)
    assert {path: stat.S_IFMT(path.stat().st_mode) for path in fleets.directory.rglob("*")} == before
