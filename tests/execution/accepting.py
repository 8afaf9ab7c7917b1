"""Live state accepted into the files of a small fleet, and what became of them."""

from reconciler.cli.fleet import opened
from reconciler.execution.accept import accept_live
from reconciler.model.accepted import Accepted
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli


def accepted(fleet: FleetFiles) -> Accepted:
    """What accepting says, written to the files; client devices are read anew."""
    with opened(str(fleet.directory), (), (), None, refresh=True) as found:
        result = accept_live(found.session, found.groups)
    for file, text in result.files.items():
        path = fleet.directory / file
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return result


def applied(fleet: FleetFiles, aws: Sandbox) -> None:
    """Write and apply ``fleet``; its cores have reported when this returns."""
    fleet.write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)


def added(before: str, after: str | None) -> str | None:
    """The lines that a text has now and had not before, without indentation, ``;`` between; None for no text."""
    if after is None:
        return None
    lines = after.splitlines()
    for line in before.splitlines():
        if line in lines:
            lines.remove(line)
    return "; ".join(line.strip() for line in lines)


def plan_line(fleet: FleetFiles, *options: str) -> str:
    """The last line of a plan of the files as they are; all of it where there are changes."""
    ran = run_cli("plan", fleet.directory, "--refresh", *options)
    return ran.last_line if ran.last_line.startswith("No changes") else ran.out + ran.err
