"""Problems in the files → lines for people, JSON, and annotations for GitHub; pure."""

import json
from collections.abc import Sequence

from reconciler.model.desired import DesiredState
from reconciler.model.errors import Problem
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import clean

FORMAT_VERSION = 1


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """One line a problem: ``path:line:column: [rule] what; how to mend it``."""
    return [clean(str(problem)) for problem in problems]


def problems_summary(problems: Sequence[Problem]) -> str:
    """``3 problems in 2 files.``"""
    files = len({problem.position.file for problem in problems})
    return f"{count(len(problems), 'problem')} in {count(files, 'file')}."


def clean_summary(state: DesiredState) -> str:
    """``12 groups, 12 cores, 25 devices: no problems.``; who is in several groups counts in each."""
    cores = sum(len(group.cores) for group in state.groups)
    devices = sum(len(group.devices) for group in state.groups)
    groups = count(len(state.groups), "group")
    return f"{groups}, {count(cores, 'core')}, {count(devices, 'device')}: no problems."


def problems_json(problems: Sequence[Problem]) -> str:
    """The document of ``schemas/validate.schema.json``."""
    entries = [
        {
            "file": problem.position.file,
            "line": problem.position.line,
            "column": problem.position.column,
            "rule": problem.rule,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return json.dumps({"formatVersion": FORMAT_VERSION, "problems": entries}, indent=2)


def problem_annotations(problems: Sequence[Problem]) -> list[str]:
    """One GitHub workflow command a problem, which shows it beside the line in the pull request."""
    return [problem_annotation(problem) for problem in problems]


def problem_annotation(problem: Problem) -> str:
    """The workflow command that shows ``problem`` beside its line."""
    return (
        f"::error file={_property(problem.position.file)},line={problem.position.line}"
        f",col={problem.position.column},title={_property(problem.rule)}"
        f"::{workflow_data(clean(f'{problem.message}; {problem.hint}'))}"
    )


def workflow_data(text: str) -> str:
    """``text`` as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")
