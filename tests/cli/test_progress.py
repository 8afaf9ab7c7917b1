"""Progress of an apply: plain lines, and a bar on a terminal."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from typing import NoReturn

import pytest

from reconciler.cli.progress import PlainProgress, TerminalProgress, progress_for

ODD_NAMES = ("[bold]x[/bold]", ":smile:", "[/]", "a" * 300, "Köln, 東京", "line\nbreak", "\x1b[2J", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal_of_100_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Stderr as a terminal, from now on: pytest puts its own there between the fixtures and the test."""
    with redirect_stderr(Terminal()) as stream:
        yield stream


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_terminal_gets_a_bar_and_anything_else_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal():
        assert isinstance(progress_for(1), TerminalProgress)
    with redirect_stderr(io.StringIO()):
        assert isinstance(progress_for(1), PlainProgress)
    monkeypatch.setattr("sys.stderr", None)
    assert isinstance(progress_for(1), PlainProgress)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    with terminal() as stream, TerminalProgress(1) as progress:
        progress.say(name, "definitions published")
        progress.done(name)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    expected = name.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert f"   0s  {expected}{'  ' if name else ''}definitions published" in shown
    assert "1/1" in shown


def test_plain_lines_of_many_groups_count_those_that_have_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainProgress(300) as progress:
        for number in range(100):
            progress.done(f"line-{number}")
            progress.done(f"line-{number}")  # a group whose end is heard of twice
    told = [line.split("  ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert told == [f"{ended} of 300 groups have ended" for ended in (30, 60, 90)]


def test_a_plain_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainProgress(1) as progress:
        for name in ODD_NAMES:
            progress.say(name, "done")
            progress.done(name)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.split("\n")) == len(ODD_NAMES) + 1
    assert "\x1b" not in captured.err


@pytest.mark.parametrize("kind", [lambda: PlainProgress(8), lambda: TerminalProgress(8)])
def test_threads_do_not_mix_their_lines(kind: Callable[[], PlainProgress | TerminalProgress]) -> None:
    def talk(progress: PlainProgress | TerminalProgress, name: str) -> None:
        for _ in range(20):
            progress.say(name, "x" * 50)

    with terminal() as stream, kind() as progress:
        threads = [threading.Thread(target=talk, args=(progress, f"group-{number}")) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [line for line in stream.getvalue().splitlines() if "xxx" in line]
    assert len(lines) == 160
    assert all(line.count("group-") == 1 for line in lines)


def test_nobody_reads() -> None:
    with redirect_stderr(Closed()), PlainProgress(1) as progress:
        progress.say("berlin", "definitions published")


def test_the_cursor_is_back_after_an_error() -> None:
    def fail() -> NoReturn:
        with TerminalProgress(3) as progress:
            progress.say("berlin", "definitions published")
            raise ZeroDivisionError

    with terminal() as stream:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l") > -1
