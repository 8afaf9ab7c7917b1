"""``reconcile doctor``: whether all is there that a fleet needs, and what a role needs to be allowed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click
from click.core import ParameterSource

from reconciler.aws.stats import Stats
from reconciler.cli import options
from reconciler.cli.fleet import written_at_end
from reconciler.cli.output import print_document, print_lines
from reconciler.desired.load import load
from reconciler.execution.doctor.permissions import Role, policy
from reconciler.execution.doctor.trust import Trusted, trust_policies
from reconciler.model.desired import DesiredState
from reconciler.model.errors import UsageError
from reconciler.model.fleet import Fleet
from reconciler.reporting.doctor_text import doctor_document, doctor_lines
from reconciler.reporting.json_text import json_text
from reconciler.reporting.style import Style

if TYPE_CHECKING:
    from reconciler.aws.client import Aws
    from reconciler.execution.queue.stack import Stack

NOT_WELL = 1


def _check_repository(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", value):
        raise UsageError(f"{value!r} is no repository", hint="write OWNER/NAME, as in the repository's address")
    return value


@click.command()
@options.directory_argument
@click.option(
    "--iam",
    "role",
    envvar="RECONCILE_IAM",
    type=click.Choice(get_args(Role)),
    help="Print the least-privilege IAM policy of a role that plans, applies, or works the queues off.",
)
@click.option(
    "--oidc",
    "repository",
    envvar="RECONCILE_OIDC",
    metavar="OWNER/NAME",
    callback=_check_repository,
    help="Print the trust policies of the roles that workflows of that repository plan and apply with, on GitHub.",
)
@click.option(
    "--branch",
    envvar="RECONCILE_BRANCH",
    default="main",
    show_default=True,
    help="With --oidc: the branch that is applied.",
)
@click.option(
    "--environment",
    "environments",
    envvar="RECONCILE_ENVIRONMENT",
    multiple=True,
    default=("fleet", "fleet-approval"),
    show_default=True,
    help="With --oidc: an environment that jobs which write run in. Repeatable.",
)
@click.option(
    "--repository-id",
    envvar="RECONCILE_REPOSITORY_ID",
    metavar="NUMBER",
    default="",
    help="With --oidc: the repository's id, which outlives its name.",
)
@click.option(
    "--workflow",
    envvar="RECONCILE_WORKFLOW",
    metavar="GLOB",
    default="",
    help="With --oidc: let jobs of this reusable workflow in alone, OWNER/NAME/.github/workflows/FILE@REF.",
)
@options.format_option("text", "json")
@options.color_option
@options.stats_option
@click.pass_context
def doctor(
    context: click.Context,
    directory: str,
    role: str | None,
    repository: str | None,
    branch: str,
    environments: tuple[str, ...],
    repository_id: str,
    workflow: str,
    output_format: str,
    style: Style,
    stats: Path | None,
) -> int:
    """Look whether all is there that the fleet in DIR needs: credentials, roles, buckets, ledger, queues, clock."""
    _check_together(context, role, repository)
    with written_at_end(stats) as counted:
        desired = load(Path(directory), shown_as=directory)
        if role is not None:
            print_document(json_text(_policy(desired, cast(Role, role), counted)))
            return 0
        if repository is not None:
            trusted = Trusted(repository, branch, environments, repository_id, workflow)
            print_document(json_text(trust_policies(desired.fleet, trusted)))
            return 0
        from reconciler.execution.doctor.checks import examine  # noqa: PLC0415 (imports botocore)

        findings = list(examine(_aws(desired.fleet, counted), desired))
    lines = doctor_lines(findings, style)
    if output_format == "json":
        print_document(json_text(doctor_document(findings)))
        print_lines(lines[-1:], to_stderr=True)
    else:
        print_lines(lines)
    return NOT_WELL if any(finding.state == "wrong" for finding in findings) else 0


def _check_together(context: click.Context, role: str | None, repository: str | None) -> None:
    """Raise UsageError for options of which one would be left unheeded."""
    if role is not None and repository is not None:
        raise UsageError("--iam and --oidc each print a document of their own", hint="give one at a time")
    if repository is None:
        for name in ("branch", "environment", "repository-id", "workflow"):
            parameter = {"environment": "environments"}.get(name, name.replace("-", "_"))
            if context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
                raise UsageError(f"--{name} goes with --oidc", hint="add --oidc OWNER/NAME, or leave it out")


def _aws(fleet: Fleet, stats: Stats) -> "Aws":
    from reconciler.aws.client import Aws  # noqa: PLC0415 (imports botocore)

    aws = Aws(fleet.region, limits=fleet.limits)
    aws.stats = stats
    return aws


def _policy(desired: DesiredState, role: Role, stats: Stats) -> dict[str, Any]:
    """The policy; in mode queue the places are those of the stack, which has to be there."""
    fleet = desired.fleet
    if fleet.execution.mode != "queue":
        return policy(role, fleet)
    from reconciler.execution.queue.stack import read_stack  # noqa: PLC0415 (imports botocore)

    stack = read_stack(_aws(fleet, stats), fleet)
    return policy(role, stack.fleet, _queue_arns(stack))


def _queue_arns(stack: "Stack") -> list[str]:
    """The ARNs behind the URLs of the queues and their dead letters."""
    fleet = stack.fleet
    names = [url.rpartition("/")[2] for urls in stack.queues.values() for url in urls]
    return [f"arn:{fleet.partition}:sqs:{fleet.region}:{fleet.account}:{name}" for name in names]
