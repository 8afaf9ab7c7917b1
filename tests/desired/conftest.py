"""Fixtures for the tests of the loader: fleets made of text, and what is wrong with them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from reconciler.desired.load import load
from reconciler.model.desired import DesiredState
from reconciler.model.errors import ConfigurationError, Problem

MARK = "§"
"""In a test's files: where the problem shall be."""

FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: demo}
spec:
  account: "123456789012"
  region: eu-central-1
"""
TEMPLATE = """\
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec:
  version: 3
  runtime: greengrass/v1
  definitions: {}
"""
GROUP = """\
apiVersion: reconciler/v1
kind: Group
metadata: {name: berlin}
spec:
  template: {name: line, version: 3}
  cores: [{thingName: berlin-core}]
"""


class Expected(NamedTuple):
    """A place: file, line, column."""

    file: str
    line: int
    column: int


class Fleets:
    """Writes fleet directories and loads them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, files: Mapping[str, str | bytes]) -> list[Expected]:
        """Write ``files`` over a sound fleet; returns the marked places, the marks taken out."""
        marked: list[Expected] = []
        for name, content in {"fleet.yaml": FLEET, "template.yaml": TEMPLATE, "group.yaml": GROUP, **files}.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
                continue
            lines = content.split("\n")
            for number, line in enumerate(lines):
                if MARK in line:
                    marked.append(Expected(f"here/{name}", number + 1, line.index(MARK) + 1))
                    lines[number] = line.replace(MARK, "", 1)
            path.write_text("\n".join(lines), encoding="utf-8", newline="")
        return marked

    def load(self, files: Mapping[str, str | bytes]) -> DesiredState:
        """The desired state of ``files`` over a sound fleet."""
        self.write(files)
        return load(self.directory, shown_as="here")

    def problems(self, files: Mapping[str, str | bytes]) -> tuple[Problem, ...]:
        """Everything wrong with ``files`` over a sound fleet, which must be something; every problem has a hint."""
        with pytest.raises(ConfigurationError) as caught:
            self.load(files)
        problems = caught.value.problems
        assert problems
        assert all(problem.hint and problem.message for problem in problems)
        assert all("\n" not in str(problem) for problem in problems)
        return problems

    def one_problem(self, files: Mapping[str, str | bytes]) -> Problem:
        """The only problem of ``files``, which must lie at the one marked place."""
        marked = self.write(files)
        with pytest.raises(ConfigurationError) as caught:
            load(self.directory, shown_as="here")
        assert len(caught.value.problems) == 1, [str(problem) for problem in caught.value.problems]
        (problem,) = caught.value.problems
        assert [tuple(problem.position)] == marked, str(problem)
        assert problem.hint
        return problem


@pytest.fixture
def fleets(tmp_path: Path) -> Fleets:
    return Fleets(tmp_path / "fleet")


Definitions = Callable[[str], str]


@pytest.fixture
def template() -> Definitions:
    """A template document whose spec has this text (indented by two) besides version and runtime."""

    def with_spec(text: str) -> str:
        return TEMPLATE.replace("  definitions: {}\n", text)

    return with_spec
