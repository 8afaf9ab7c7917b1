"""What commands cost by the size of the fleet: seconds of this machine, calls to AWS, and what quotas make of them.

The fleets are on a sandbox of their own, with no limits, so that the seconds are those of the product and the sandbox
together. How long the same calls take an account is reckoned from the calls and the budgets that the product keeps to.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
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


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: ``seconds`` here, and its AWS calls by ``service:Operation``."""

    seconds: float
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
        costs = {
            "validate": run(environment, "validate", fleet),
            "plan, nothing is there": run(environment, "plan", fleet),
            "apply, everything": run(environment, "apply", fleet, "--yes"),
        }
        shutil.rmtree(fleet / ".reconcile")
        costs["plan, nothing changed, cache cold"] = run(environment, "plan", fleet)
        costs["plan, nothing changed"] = run(environment, "plan", fleet)
        set_version(fleet, 0, 2)
        costs["plan, one group changed"] = run(environment, "plan", fleet)
        costs["apply, one group changed"] = run(environment, "apply", fleet, "--yes")
        costs["apply again"] = run(environment, "apply", fleet, "--yes")
    return costs


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


def run(environment: Mapping[str, str], command: str, fleet: Path, *options: str) -> Cost:
    """Run a command on ``fleet``, which must work."""
    stats = fleet.parent / "stats.json"
    stats.write_text('{"calls": {}}', encoding="utf-8")
    more = [] if command == "validate" else ["--stats", str(stats)]
    started = time.monotonic()
    ran = subprocess.run(
        [RECONCILE, command, fleet, *more, *options], check=False, capture_output=True, text=True, env=environment
    )
    seconds = time.monotonic() - started
    if ran.returncode:
        sys.exit(f"reconcile {command} ended with {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
    return Cost(seconds, json.loads(stats.read_text(encoding="utf-8"))["calls"])


def table(runtime: str, sizes: list[int], columns: list[dict[str, Cost]]) -> str:
    """The costs as a Markdown table: a row a step, per size the seconds here, the calls and the seconds on AWS."""
    head = [
        f"Greengrass {runtime.upper()}",
        *(f"{size:,} groups: s here · calls · s on AWS" for size in sizes),
        "growth",
    ]
    rows = [head, ["---", *["---:"] * (len(sizes) + 1)]]
    for step in columns[0]:
        costs = [column[step] for column in columns]
        cells = [f"{cost.seconds:.1f} · {sum(cost.calls.values()):,} · {cost.paced:.0f}" for cost in costs]
        rows.append([step, *cells, f"{costs[-1].seconds / costs[0].seconds:.1f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


if __name__ == "__main__":
    main()
