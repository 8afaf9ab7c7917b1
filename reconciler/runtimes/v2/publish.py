"""Publishes component versions: artifacts first, then the recipe, then waits until AWS has taken it in."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.desired.wire import inline_recipe
from reconciler.model.canonical import digest
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.plan import Action
from reconciler.runtimes.base import Journal
from reconciler.runtimes.marks import owner_tags
from reconciler.runtimes.once import Once
from reconciler.runtimes.v2.names import component_arn
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.publications import PENDING
from reconciler.runtimes.v2.recipes import recipe_digest

PATIENCE = 1200.0
"""Seconds that AWS may take to make a version deployable (CloudFormation's handler waits as long)."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
SHA256 = "reconciler-sha256"
"""Metadata of an artifact in S3: what it holds."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class Publisher:
    """Carries out ``publish-component`` actions. Threads share it. Methods raise AwsError and ReconcileError.

    ``directory`` is where the files of artifacts lie; None where there are none, so that they must be in S3 already.
    """

    observer: Observer
    directory: Path | None
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    once: Once = field(default_factory=Once)

    def publish(self, action: Action, contents: Mapping[str, Mapping[str, Any]], journal: Journal) -> str:
        """The ARN of the component version, which is deployable when this returns."""
        return self.once.do(journal, action, lambda: self._publish(action, contents, journal))

    def upload(self, action: Action) -> None:
        """Put the artifacts of a component version into S3, as far as they are not there."""
        for artifact in action.inputs.get("artifacts", ()):
            self._upload(artifact)

    def _publish(self, action: Action, contents: Mapping[str, Mapping[str, Any]], journal: Journal) -> str:
        inputs, aws = action.inputs, self.observer.aws
        arn = component_arn(self.observer.fleet, inputs["name"], inputs["version"])
        state, _ = self.observer.components.state(arn)
        if state not in PENDING | {"DEPLOYABLE"}:
            self.upload(action)
            if state == "FAILED":
                aws.call("greengrassv2", "DeleteComponent", arn=arn)
            self._create(action, contents, journal.run if state else "")
        self._wait(arn, lambda: self._create(action, contents, journal.run))
        published = recipe_digest(self.observer.components.recipe(arn)) if "recipe" in inputs else ""
        if published and published != recipe_digest(contents[inputs["recipe"]]):
            raise ReconcileError(
                f"component {inputs['name']} {inputs['version']} was published with another recipe meanwhile",
                hint="a version that is published never changes: give what is new a version of its own",
            )
        return arn

    def _create(self, action: Action, contents: Mapping[str, Mapping[str, Any]], again: str) -> None:
        """Ask for the version; ``again`` tells it from an earlier asking that AWS remembers the answer of."""
        inputs = action.inputs
        if "recipe" in inputs:
            what: dict[str, Any] = {"inlineRecipe": inline_recipe(contents[inputs["recipe"]])}
        else:
            what = {"lambdaFunction": inputs["lambdaFunction"]}
        said = inputs.get("recipe") or inputs["lambdaFunction"]
        token = digest(["component", inputs["name"], inputs["version"], said, again])
        tags = owner_tags(self.observer.fleet)
        try:
            self.observer.aws.call("greengrassv2", "CreateComponentVersion", clientToken=token, tags=tags, **what)
        except AwsError as error:
            if error.code not in {"ConflictException", "RequestAlreadyInProgressException"}:
                raise

    def _wait(self, arn: str, ask_again: Callable[[], None]) -> None:
        """Wait until a version is deployable. One that is not there though AWS said that it was made has been deleted
        since it was made under that token: it is asked for again.
        """
        until, pause = self.clock() + PATIENCE, FIRST_PAUSE
        while (found := self.observer.components.state(arn))[0] != "DEPLOYABLE":
            state, message = found
            if not state:
                ask_again()
            name = arn.partition(":components:")[2].replace(":versions:", " ")
            if state not in PENDING and state:
                raise ReconcileError(
                    f"component {name} is {state}: {message}", hint="mend its recipe or artifacts, and apply again"
                )
            if self.clock() >= until:
                raise ReconcileError(f"component {name} is still {state or 'unknown'}", hint="apply again later")
            self.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _upload(self, artifact: Mapping[str, str]) -> None:
        """Put an artifact into S3 unless it is there."""
        bucket, _, key = artifact["uri"].removeprefix("s3://").partition("/")
        aws = self.observer.aws
        try:
            metadata = aws.call("s3", "HeadObject", Bucket=bucket, Key=key).get("Metadata") or {}
            if {name.lower(): value for name, value in metadata.items()}.get(SHA256) == artifact["sha256"]:
                return
        except AwsError as error:
            if not is_not_found(error):
                raise
        if self.directory is None:
            raise ReconcileError(
                f"the artifact {artifact['file']} is not in S3 yet, and its file is not at hand here",
                hint="apply from the fleet's directory",
            )
        path = self.directory / artifact["file"]
        try:
            with path.open("rb") as file:
                if _sha256(path) != artifact["sha256"]:
                    raise ReconcileError(
                        f"the artifact {artifact['file']} has changed since the plan was made", hint="plan again"
                    )
                marks = {SHA256: artifact["sha256"]}
                aws.call("s3", "PutObject", Bucket=bucket, Key=key, Body=file, Metadata=marks)
        except OSError as error:
            raise ReconcileError(f"reading the artifact {path}: {error.strerror}", hint="plan again") from error


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()
