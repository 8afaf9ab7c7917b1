"""``spec.policies`` of a Fleet → its policies."""

from datetime import date

from reconciler.desired.cel import check_syntax
from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.problems import Problems, quote
from reconciler.model.guards import TAKEN, Policy, PolicyWaiver


def build_policies(spec: LocatedDict, problems: Problems) -> tuple[Policy, ...]:
    """The policies in a Fleet's spec, in their order."""
    policies: dict[str, Policy] = {}
    for item in spec.get("policies", ()):
        if not isinstance(item, LocatedDict):
            continue  # a problem of its own already
        name = item["name"]
        if name in policies or name in TAKEN:
            whose = f"declared twice, first at {policies[name].position}" if name in policies else "a guard's name"
            message = f"the policy {quote(name)} is {whose}"
            problems.add(item.position("name"), "duplicate-name", message, "give it another name")
            continue
        if wrong := check_syntax(item.get("expression", "true")):
            hint = 'write CEL, for example: plan.groups.all(g, g.operation != "delete")'
            problems.add(item.position("expression"), "bad-expression", f"the policy {quote(name)}: {wrong}", hint)
        policies[name] = Policy(
            name=name,
            expression=item.get("expression"),
            severity=item.get("severity"),
            message=item.get("message", ""),
            waivers=_waivers(item.get("waivers"), problems),
            position=item.position(),
        )
    return tuple(policies.values())


def _waivers(section: object, problems: Problems) -> tuple[PolicyWaiver, ...]:
    if not isinstance(section, LocatedList):
        return ()
    waivers = []
    for item in section:
        if not isinstance(item, LocatedDict):
            continue
        try:
            until = date.fromisoformat(item["until"])
        except ValueError:
            message = f"until is {quote(item['until'])}, which is no day of the calendar"
            problems.add(item.position("until"), "bad-date", message, "write year, month and day: 2026-12-31")
            continue
        waivers.append(PolicyWaiver(until, item["reason"], item.position()))
    return tuple(waivers)
