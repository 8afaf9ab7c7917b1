"""A plan: everything that an apply will do, frozen, sorted and complete in itself.

An apply needs nothing but the plan and the account: content to publish is in ``contents`` by digest, and every action
carries its own ``inputs``. An action id that several groups share (a definition that they share) is carried out once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from reconciler.model.canonical import digest
from reconciler.model.template import TemplateRef

FORMAT_VERSION = 1
DIGEST_SHOWN = 12
"""Characters of a plan's digest that are shown: enough to tell plans apart, and to name one in a waiver."""
KNOWN_AFTER_APPLY = "(known after apply)"
"""Stands in content for what AWS makes during the apply: the certificate ARN of a thing yet to be provisioned."""
SENT_AGAIN = "(sent again)"
"""Stands as what a deployment becomes that brings once more what it brought."""

_NAMING_CONTENT = ("content", "document", "recipe")
"""The inputs of actions that hold the digest of a content of the plan."""

Operation = Literal["create", "update", "delete", "deploy", "none"]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference. ``path`` names the place, e.g. ``functions[press].FunctionConfiguration.Timeout``."""

    path: str
    kind: Literal["add", "remove", "change"]
    before: Any = field(default=None, compare=False)
    after: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Action:
    """One step that realises changes; ``needs`` are the ids of actions that must be done before it."""

    id: str
    kind: str
    subject: str
    needs: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deployments(self) -> int:
        """How many deployments an action asks for that asks for some: in Greengrass V2 one to the thing group, if it
        has a document for it, and one to each core that is named.
        """
        to_cores = len(self.inputs.get("release", ())) + len(self.inputs.get("cores", ()))
        return to_cores + ("document" in self.inputs) or 1

    @property
    def contents(self) -> frozenset[str]:
        """The digests of the contents that it names: what it publishes, or deploys to a group and to single cores."""
        entries = (self.inputs, *self.inputs.get("release", ()), *self.inputs.get("cores", ()))
        return frozenset(entry[name] for entry in entries for name in _NAMING_CONTENT if name in entry)


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """What happens to one group. ``things`` are the names of its cores and devices; a blocked group is left alone.

    ``live`` is what its runtime remembers of the live group: the ids that the actions are carried out on, and what an
    apply looks at to tell whether the group moved since; ``fingerprint`` is its digest.
    ``carried`` names what nobody manages in the files and stays as it is (shown with ``--verbose``); ``notes`` are
    facts about the live group that cause no change.
    """

    name: str
    runtime: str
    operation: Operation
    target: TemplateRef
    fingerprint: str
    reasons: tuple[str, ...] = ()
    drift: bool = False
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    things: tuple[str, ...] = ()
    live: Mapping[str, Any] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    blocked: bool = False

    @property
    def digest(self) -> str:
        """A digest of what happens to it: equal if an apply would do the same to the same live group."""
        return digest(self.structure)

    @property
    def structure(self) -> list[Any]:
        """What its digest, and the plan's, are over: no texts."""
        return [
            self.name,
            self.runtime,
            self.operation,
            list(self.target),
            self.blocked,
            self.fingerprint,
            self.live,
            [[change.path, change.kind, change.before, change.after] for change in self.changes],
            [[act.id, act.kind, act.subject, list(act.needs), act.inputs] for act in self.actions],
        ]

    @property
    def finishing(self) -> tuple["Action", ...]:
        """What comes after its deployment, if it has one, has succeeded: above all what it deletes, in order."""
        return self.of_kind(*FINISHING_KINDS)

    @property
    def deletions(self) -> tuple["Action", ...]:
        """What it deletes, in order."""
        return self.of_kind(*DELETION_KINDS)

    @property
    def deployments(self) -> int:
        """How many deployments it asks for: in Greengrass V2 also those to single cores."""
        return sum(action.deployments for action in self.of_kind(*DEPLOYMENT_KINDS, *LATE_KINDS))

    def of_kind(self, *kinds: str) -> tuple[Action, ...]:
        """Its actions of these kinds, in order."""
        return tuple(action for action in self.actions if action.kind in kinds)


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """What a guard or policy says of the plan: all but a ``warning`` refuses the apply unless it is waived.

    ``source`` is ``file:line`` of the limit or value; ``waived`` says what lets it pass, empty for nothing.
    """

    guard: str
    severity: Literal["error", "warning", "needs-approval"]
    message: str
    limit: Any = None
    actual: Any = None
    source: str = ""
    waived: str = ""

    @property
    def refuses(self) -> bool:
        """Whether it stands in the way of an apply."""
        return self.severity != "warning" and not self.waived


@dataclass(frozen=True, slots=True)
class Summary:
    """A plan's last line: counts of groups, but ``provision`` things, ``deploy`` deployments, ``devices`` touched."""

    create: int = 0
    update: int = 0
    delete: int = 0
    unchanged: int = 0
    provision: int = 0
    deploy: int = 0
    blocked: int = 0
    devices: int = 0


@dataclass(frozen=True)  # without slots: cached_property has no place in them
class Plan:
    """All changes of one fleet, groups sorted by name. ``created_at`` is ISO 8601 in UTC."""

    fleet: str
    account: str
    region: str
    created_at: str
    groups: tuple[GroupPlan, ...] = ()
    guards: tuple[GuardFinding, ...] = ()
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[GroupPlan, ...]:
        """The groups that an apply has something to do for."""
        return tuple(group for group in self.groups if group.actions and not group.blocked)

    @property
    def errors(self) -> tuple[GuardFinding, ...]:
        """The findings that refuse an apply."""
        return tuple(finding for finding in self.guards if finding.refuses)

    @property
    def summary(self) -> Summary:
        """What the last line counts."""
        return summarise(self.groups)

    @cached_property
    def digest(self) -> str:
        """A digest over structure only: not the time, not paths, not texts. Equal plans have equal digests."""
        return digest(
            {
                "version": FORMAT_VERSION,
                "fleet": [self.fleet, self.account, self.region],
                "groups": [group.structure for group in self.groups],
            }
        )


DEPLOYMENT_KINDS = ("deploy", "redeploy", "reset-deployments")
"""The kinds of action that ask Greengrass for a deployment."""


LATE_KINDS = ("deploy-cores",)
"""The kinds of action that bring something once the deployment has succeeded: Greengrass V2 takes it no sooner."""
DELETION_KINDS = ("delete-deployments", "delete-group", "delete-definition", "deprovision-thing", "delete-artifacts")
"""The kinds of action that delete something; they come last, once the core runs what is without it."""
FINISHING_KINDS = (*LATE_KINDS, *DELETION_KINDS)
"""The kinds of action that come after the deployment has succeeded."""


def summarise(groups: tuple[GroupPlan, ...]) -> Summary:
    """Count ``groups`` for the summary line; a blocked group counts as blocked alone."""
    open_groups = [group for group in groups if not group.blocked]
    operations = [group.operation for group in open_groups]
    return Summary(
        create=operations.count("create"),
        update=operations.count("update"),
        delete=operations.count("delete"),
        unchanged=operations.count("none"),
        provision=sum(len(group.of_kind("provision-thing")) for group in open_groups),
        deploy=sum(group.deployments for group in open_groups),
        blocked=len(groups) - len(open_groups),
        devices=sum(len(group.things) for group in open_groups if group.operation != "none"),
    )
