"""Sends cores what is theirs alone once they have what their group was sent, and waits until they have that, too."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.errors import ReconcileError
from reconciler.model.plan import Action, Plan
from reconciler.runtimes.v2.deploy import Deployer
from reconciler.runtimes.v2.outcomes import Reports, Watched

PATIENCE = 300.0
"""Seconds that the cores get; one that is offline gets it when it comes back."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


@dataclass(frozen=True)
class LateDeployer:
    """Carries out ``deploy-cores`` actions. Methods raise AwsError, and ReconcileError where a core lacks it."""

    deployer: Deployer
    reports: Reports
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def deploy(self, plan: Plan, action: Action) -> None:
        """Ask for the deployments, those that are there by now excepted, and wait for what the cores report."""
        made = []
        for core in action.inputs["cores"]:
            inputs = {**core, "document": plan.contents[core["document"]]}
            made.append(self.deployer.create(action.kind, inputs, again=True))
        watched = Watched(dict.fromkeys(made, 1))
        until, pause = self.clock() + PATIENCE, FIRST_PAUSE
        while not (progress := self.reports.progress(watched)).is_over and self.clock() < until:
            self.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        if not progress.is_over:
            words = self.reports.waiting(progress)
            raise ReconcileError(f"not all cores have what is theirs alone: {words}", hint="apply again later")
        if not progress.succeeded:
            raise ReconcileError(f"what is theirs alone: {self.reports.failures(watched, progress)}")
