"""README and docs name only what is there: files, headings, commands, options, exit codes, variables and tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.main import COMMANDS, cli
from reconciler.cli.plan import CHANGES
from reconciler.model import errors
from reconciler.model.errors import ReconcileError, UsageError
from tests.docs.commands import calls, check
from tests.docs.markdown import DOCUMENTS, REPOSITORY, anchors, blocks, links, name_of, prose, shell_lines, table

README = REPOSITORY / "README.md"
IN_PROSE = re.compile(r"`(reconcile [^`]+)`")
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


@every_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(REPOSITORY), link
        assert not anchor or anchor in anchors(target), link


def test_every_document_is_listed_in_the_index() -> None:
    index = REPOSITORY / "docs/README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert {path for path in REPOSITORY.glob("docs/**/*.md") if path != index} - linked == set()


def commands_in(document: Path) -> Iterator[tuple[str, list[str]]]:
    for block in blocks(document):
        for line in shell_lines(block):
            yield from ((f"{block.place}: {line}", arguments) for arguments in calls(line))
    for text in IN_PROSE.findall(prose(document)):
        if "[" not in text and text.split()[1].islower():  # not the name of a command with what it may take
            yield from ((f"{name_of(document)}: {text}", arguments) for arguments in calls(text))


@every_document
def test_every_command_line_names_what_is_there(document: Path) -> None:
    for where, arguments in commands_in(document):
        try:
            check(arguments)
        except click.MissingParameter:
            continue  # a command that is only named
        except (click.UsageError, UsageError) as error:
            pytest.fail(f"{where}: {error}")


def test_command_lines_are_found_and_checked() -> None:
    assert list(calls('eval "$(reconcile sandbox env)"')) == [["sandbox", "env"]]
    assert list(calls("cd x && A=1 reconcile plan fleet --format json > plan.json")) == [
        ["plan", "fleet", "--format", "json"]
    ]
    assert list(calls("reconcile sandbox faults '[{\"a\": 1}]' | cat")) == [["sandbox", "faults", '[{"a": 1}]']]
    assert list(calls("git clone X && make demo")) == []
    check(["plan", ".", "--select", "a"])
    for wrong in (["plam"], ["plan", "--nonsense"], ["plan", "a", "b"], ["sandbox", "nonsense"], ["init"]):
        with pytest.raises((click.UsageError, UsageError)):
            check(wrong)
    assert len(list(commands_in(README))) > 10


def test_the_table_of_exit_codes_is_that_of_the_errors() -> None:
    told = {int(code): meaning for code, meaning in table(README, "exit code")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ReconcileError)]
    assert set(told) == {0, CHANGES, *(kind.exit_code for kind in kinds)}
    for kind, word in {
        ReconcileError: "error",
        errors.RefusedError: "guard refused",
        errors.StaleError: "stale",
        errors.PartlyAppliedError: "in part",
        errors.UsageError: "wrong usage",
    }.items():
        assert word in told[kind.exit_code]


def test_the_table_of_commands_has_each_of_them() -> None:
    named = [re.findall(r"`reconcile (\w+)", row[0])[0] for row in table(README, "command")]
    assert sorted(named) == sorted(COMMANDS)


def test_the_sandboxs_verbs_are_all_listed() -> None:
    verbs = {
        verb
        for row in table(REPOSITORY / "docs/sandbox.md", "command")
        for verb in re.findall(r"`(\w+)", row[0])
        if verb != "JSON"
    }
    sandbox = cli.get_command(click.Context(cli), "sandbox")
    assert isinstance(sandbox, click.Group)
    assert verbs == set(sandbox.commands)


def params_of(command: click.Command) -> Iterator[click.Parameter]:
    """The options and arguments of a command and of those below it."""
    yield from command.params
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from params_of(below)


def test_every_option_has_a_variable() -> None:
    options = [param for param in params_of(cli) if isinstance(param, click.Option) and param.name != "version"]
    without = [option.opts for option in options if not str(option.envvar).startswith("RECONCILE_")]
    assert without == [["--dir"]]  # of apply, which reads RECONCILE_DIR where a plan file stands in its place
    assert len(options) > 100


def test_the_table_of_variables_is_that_of_the_options() -> None:
    told = {name for row in table(README, "variable") for name in re.findall(r"RECONCILE_\w+", row[0])}
    others = {"RECONCILE_ACCEPT_TOKEN", "RECONCILE_DEBUG", "RECONCILE_SECRET_NAME", "RECONCILE_SECRETS"}
    assert told == {str(param.envvar) for param in params_of(cli) if param.envvar} | others


@every_document
def test_every_test_that_is_named_is_there(document: Path) -> None:
    for path, test in re.findall(r"(tests/[\w/]+\.py)::(\w+)", document.read_text(encoding="utf-8")):
        tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{path}::{test}"


@every_document
def test_every_module_and_test_file_that_is_named_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in re.findall(r"(?<![\w/.-])((?:tests|reconciler|schemas|examples)/[\w/.-]*\w\.\w+)", text):
        assert (REPOSITORY / path).exists(), path


def test_every_script_is_python() -> None:
    for document in DOCUMENTS:
        for block in blocks(document):
            if block.language == "python":
                compile("\n".join(block.lines), block.place, "exec")
