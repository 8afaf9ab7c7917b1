"""Waivers and approvals: what lets one plan pass, by the name of a guard or policy and the digest of the plan."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.model.errors import UsageError
from reconciler.model.guards import BLOCKERS, GUARDS
from reconciler.model.plan import DIGEST_SHOWN, GuardFinding, Plan

_TEXT = re.compile(r"([^@\s]+)@([0-9a-f]+)\Z")
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class Waiver:
    """``waive`` lifts what a guard or policy refuses, ``approve`` what a policy wants approved; of one plan alone."""

    kind: Literal["waive", "approve"]
    name: str
    digest: str

    def __str__(self) -> str:
        return f"--{self.kind} {self.name}@{self.digest[:DIGEST_SHOWN]}"


def parse_waiver(kind: Literal["waive", "approve"], text: str) -> Waiver:
    """The waiver that ``text`` (``NAME@DIGEST``) stands for. Raises UsageError for any other form."""
    match = _TEXT.match(text)
    if match is None or len(match[2]) not in {DIGEST_SHOWN, _DIGEST}:
        raise UsageError(
            f"--{kind} {text} is not of the form NAME@DIGEST",
            hint=f"give the guard's name and the plan's digest as `reconcile plan` prints it ({DIGEST_SHOWN} letters)",
        )
    return Waiver(kind, match[1], match[2])


def check_names(waivers: Iterable[Waiver], policies: Collection[str]) -> None:
    """Raise UsageError if a waiver names no guard and none of ``policies``."""
    for waiver in waivers:
        if waiver.name in BLOCKERS:
            raise UsageError(
                f"{waiver.name} cannot be waived: there is nothing that could be carried out",
                hint="mend what it names, or leave the group out with --exclude",
            )
        if waiver.name not in GUARDS and waiver.name not in policies:
            known = ", ".join([*GUARDS, *sorted(policies)])
            raise UsageError(f"there is no guard or policy {waiver.name!r}", hint=f"there are {known}")


def lift(plan: Plan, waivers: Iterable[Waiver], *, digest: str = "") -> Plan:
    """``plan`` with the findings waived that ``waivers`` name; each of another plan adds an error of its own.

    ``digest`` is the one that waivers have to name, if it is not the plan's own.
    """
    waivers = list(waivers)
    if not waivers:
        return plan
    digest = digest or plan.digest
    valid: dict[tuple[str, str], Waiver] = {
        (waiver.kind, waiver.name): waiver for waiver in waivers if digest.startswith(waiver.digest)
    }
    others = [waiver for waiver in waivers if not digest.startswith(waiver.digest)]
    findings = [
        *(_lifted(finding, valid) for finding in plan.guards),
        *(_of_another(waiver, digest) for waiver in others),
    ]
    return replace(plan, guards=tuple(findings))


_KINDS = {"error": "waive", "needs-approval": "approve"}


def _lifted(finding: GuardFinding, valid: dict[tuple[str, str], Waiver]) -> GuardFinding:
    waiver = valid.get((_KINDS.get(finding.severity, ""), finding.guard))
    return replace(finding, waived=str(waiver)) if waiver is not None and finding.guard not in BLOCKERS else finding


def _of_another(waiver: Waiver, digest: str) -> GuardFinding:
    return GuardFinding(
        "waiver",
        "error",
        f"{waiver} is for another plan: this one is {digest[:DIGEST_SHOWN]}; look at it, and if it is right, give its "
        "digest",
        limit=waiver.digest[:DIGEST_SHOWN],
        actual=digest[:DIGEST_SHOWN],
        source=f"--{waiver.kind}",
    )
