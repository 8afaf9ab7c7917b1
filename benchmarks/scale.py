"""What commands cost by the size of the fleet: CPU time, memory, calls to AWS, and what quotas make of the calls.

The fleets are on a sandbox of their own, with no limits. CPU time and memory are the command's own, as the operating
system accounts for them, so that they tell the same on a machine that is busy with other things. How long the calls
take an account is reckoned from the calls and the budgets that the product keeps to.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import click

from benchmarks.fleets import BUCKET, Runtime, set_version, write_fleet
from reconciler.aws.budgets import DEFAULT_RATES

RECONCILE = str(Path(sys.executable).parent / "reconcile")
KILOBYTES = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit that getrusage counts memory in."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: its CPU ``seconds``, its peak ``memory`` in MB, its AWS calls by ``service:Operation``."""

    seconds: float
    memory: float
    calls: Mapping[str, int]

    @property
    def paced(self) -> float:
        """The seconds that an account's quotas let the calls take at least: those of the slowest budget."""
        counts: Counter[str] = Counter()
        for name, times in self.calls.items():
            counts[name] += times
            counts[name.partition(":")[0]] += times
        return max((counts[name] / rate for name, rate in DEFAULT_RATES.items()), default=0.0)


@click.command()
@click.option("--sizes", default="20,200", show_default=True, help="Groups of the fleets, with commas between them.")
@click.option("--runtime", "runtimes", multiple=True, type=click.Choice(["v1", "v2"]), default=("v2", "v1"))
@click.option("--indexed/--not-indexed", default=False, help="Whether the account indexes its things.")
def main(sizes: str, runtimes: tuple[Runtime, ...], *, indexed: bool) -> None:
    """Measure what commands cost for fleets of these sizes."""
    numbers = [int(size) for size in sizes.split(",")]
    for runtime in runtimes:
        columns = [measure(runtime, size, indexed=indexed) for size in numbers]
        print(table(runtime, numbers, columns), flush=True)


def measure(runtime: Runtime, groups: int, *, indexed: bool) -> dict[str, Cost]:
    """The cost of each step in the life of a fleet of so many ``groups``."""
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder) / "aws") as environment:
        boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"]).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        if indexed:
            boto3.client("iot", endpoint_url=environment["AWS_ENDPOINT_URL"]).update_indexing_configuration(
                thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"}
            )
        fleet = Path(folder) / "fleet"
        write_fleet(fleet, runtime, groups, DEFAULT_RATES)
        return life(fleet, environment)


def life(fleet: Path, environment: Mapping[str, str]) -> dict[str, Cost]:
    """The cost of each step, from a fleet that is written down only to one that is live and changes."""
    saved = fleet.parent / "plan.json"
    costs = {
        "validate": run(environment, "validate", fleet),
        "plan --out, nothing is there": run(environment, "plan", fleet, "--out", saved),
    }
    for form in ("text", "markdown", "html", "json"):
        costs[f"show --format {form}"] = run(environment, "show", saved, "--format", form)
    costs["apply of that plan"] = run(environment, "apply", saved, "--dir", fleet, "--yes")
    shutil.rmtree(fleet / ".reconcile")
    costs["plan, nothing changed, cache cold"] = run(environment, "plan", fleet)
    costs["plan, nothing changed"] = run(environment, "plan", fleet)
    costs["drift"] = run(environment, "drift", fleet)
    costs["status"] = run(environment, "status", fleet)
    commit(fleet)
    set_version(fleet, 0, 2)
    commit(fleet)
    costs["fleets --changed, one group changed"] = run(environment, "fleets", fleet, "--changed", "HEAD~1..HEAD")
    costs["plan, one group changed"] = run(environment, "plan", fleet)
    costs["apply, one group changed"] = run(environment, "apply", fleet, "--yes")
    costs["apply again"] = run(environment, "apply", fleet, "--yes")
    return costs


def commit(fleet: Path) -> None:
    """Commit all that is in the fleet's directory to the Git repository there, which is made if there is none."""
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for arguments in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message", "fleet")):
        subprocess.run(["git", "-C", fleet, *arguments], check=True)  # noqa: S607 # the one that is on PATH


@contextmanager
def sandbox(home: Path) -> Iterator[dict[str, str]]:
    """A sandbox of its own; the environment that leads to it."""
    start: list[str | Path] = [RECONCILE, "sandbox", "start", "--home", home]
    subprocess.run(start, check=True, capture_output=True)
    try:
        shown = subprocess.run(
            [RECONCILE, "sandbox", "env", "--home", home], check=True, capture_output=True, text=True
        ).stdout
        lines = (line.removeprefix("export ").partition("=") for line in shown.splitlines())
        variables = {name: value.strip("'\"") for name, _, value in lines}
        os.environ.update(variables)
        yield {**os.environ, **variables}
    finally:
        subprocess.run([RECONCILE, "sandbox", "stop", "--home", home], check=True, capture_output=True)


def run(environment: Mapping[str, str], command: str, path: Path, *options: str | Path) -> Cost:
    """Run a command on ``path``, a fleet or a plan; it must work."""
    stats = path.parent / "stats.json"
    stats.write_text('{"calls": {}}', encoding="utf-8")
    more: list[str | Path] = [] if command in {"validate", "show", "fleets"} else ["--stats", stats]
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            [RECONCILE, command, path, *more, *options], stdout=printed, stderr=subprocess.STDOUT, env=environment
        )
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        if process.returncode:
            printed.seek(0)
            sys.exit(f"reconcile {command} ended with {process.returncode}:\n{printed.read()[-2000:]}")
    calls = json.loads(stats.read_text(encoding="utf-8"))["calls"]
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * KILOBYTES / 1e6, calls)


def table(runtime: str, sizes: list[int], columns: list[dict[str, Cost]]) -> str:
    """The costs as a Markdown table: a row a step, per size the CPU time, the memory, the calls and the time on AWS."""
    head = [
        f"Greengrass {runtime.upper()}",
        *(f"{size:,} groups: CPU s · MB · calls · s on AWS" for size in sizes),
        "growth",
    ]
    rows = [head, ["---", *["---:"] * (len(sizes) + 1)]]
    for step in columns[0]:
        costs = [column[step] for column in columns]
        cells = [cell(cost) for cost in costs]
        rows.append([step, *cells, f"{costs[-1].seconds / costs[0].seconds:.1f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def cell(cost: Cost) -> str:
    """What a table says of one command."""
    return f"{cost.seconds:.1f} · {cost.memory:.0f} · {sum(cost.calls.values()):,} · {cost.paced:.0f}"


if __name__ == "__main__":
    main()
