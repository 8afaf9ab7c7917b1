"""``reconcile validate``: everything that is wrong with the files, without AWS."""

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.output import print_document, print_lines
from reconciler.desired.load import load
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.reporting.problems import (
    clean_summary,
    problem_annotations,
    problem_lines,
    problems_json,
    problems_summary,
)


@click.command()
@options.directory_argument
@options.format_option("text", "json")
def validate(directory: str, output_format: str) -> int:
    """Check the files of the fleet in DIR (default: this directory).

    Prints every problem at once, one a line, as path:line:column: [rule] what; how to mend it. AWS is not asked.
    Exit code 0: no problems; 1: problems.
    """
    problems: tuple[Problem, ...] = ()
    try:
        summary = clean_summary(load(Path(directory), shown_as=directory))
    except ConfigurationError as error:
        problems = error.problems
        summary = problems_summary(problems)
    as_json = output_format == "json"
    if as_json:
        print_document(problems_json(problems))
    else:
        print_lines(problem_lines(problems))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print_lines(problem_annotations(problems), to_stderr=as_json)
    print_lines([summary], to_stderr=as_json)
    return ConfigurationError.exit_code if problems else 0
