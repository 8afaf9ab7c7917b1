"""A step of a workflow: where it runs, whom it tells, and that GitHub's failures are not its own."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from reconciler.github.checks import Check, put_check
from reconciler.github.client import GitHub, GitHubError
from reconciler.github.commands import Print, add_summary, message
from reconciler.github.comments import Render, put_comment
from reconciler.github.context import Context, read_context
from reconciler.model.errors import Problem
from reconciler.model.position import Position
from reconciler.reporting.markdown import SUMMARY, Budget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A step that runs in ``context``. ``api`` is None where it may write nothing: without a token, or for a fork.

    ``print_lines`` writes to stdout.
    """

    context: Context
    api: GitHub | None
    print_lines: Print

    def gently(self, what: str, do: Callable[[GitHub], T]) -> T | None:
        """Do something on GitHub. If GitHub does not let us, that is a warning, and the result None."""
        if self.api is None:
            return None
        try:
            return do(self.api)
        except GitHubError as error:
            self.warn(f"{what}: {error.message}" + (f"; {error.hint}" if error.hint else ""))
            return None

    def with_token(self, token: str) -> "Job":
        """The same step with another token; with none it stays as it is."""
        context = self.context
        if not token or not context.repository:
            return self
        return replace(self, api=GitHub(context.api_url, context.repository, token))

    def warn(self, text: str) -> None:
        """A warning on the run's page."""
        self.print_lines([message("warning", text)])

    def summarise(self, render: Callable[[Budget], str]) -> None:
        """Add a page to the job summary, in whatever room there is left of it."""
        if self.context.summary is None:
            return
        there = self.context.summary.stat().st_size if self.context.summary.exists() else 0
        left = max((SUMMARY.size or 0) - there - 1, 0)
        if not add_summary(self.context.summary, render(Budget(left, left))):
            self.warn("the job summary is full: the rest is in the artifact")

    def comment(self, number: int, identity: Mapping[str, str], render: Render, *, create: bool = True) -> None:
        """Put our comment about ``identity`` on a pull request."""
        run = self.context.run_id
        self.gently(
            "writing the comment", lambda api: put_comment(api, number, identity, render, run=run, create=create)
        )

    def check(self, check: Check) -> None:
        """Put a check on the commit that people review."""
        context = self.context
        self.gently(
            "writing the check",
            lambda api: put_check(api, context.reviewed_commit, check, context.run_url, str(context.run_id)),
        )


def open_job(environment: Mapping[str, str], print_lines: Print, *, tells: bool = True) -> Job:
    """The step that ``environment`` describes. Raises ReconcileError for an event that cannot be read.

    One that ``tells`` what it found without having a token to do so is warned of.
    """
    context = read_context(environment)
    pull_request = context.pull_request
    from_fork = pull_request is not None and pull_request.from_fork
    api = None
    if context.token and context.repository and not from_fork:
        api = GitHub(context.api_url, context.repository, context.token)
    job = Job(context, api, print_lines)
    if tells and context.run_id and not context.token and not from_fork:
        job.warn("GITHUB_TOKEN is not set: what is found stands in the job summary alone; give the step its token")
    return job


def in_workspace(problems: Sequence[Problem], workspace: Path) -> list[Problem]:
    """``problems`` with the files as GitHub calls them: from the top of the checkout."""
    return [
        Problem(
            Position(os.path.relpath(problem.position.file, workspace), problem.position.line, problem.position.column),
            problem.rule,
            problem.message,
            problem.hint,
        )
        for problem in problems
    ]
