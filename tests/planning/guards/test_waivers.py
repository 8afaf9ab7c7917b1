"""What lets one plan pass, and no other."""

from dataclasses import replace

import pytest

from reconciler.model.errors import UsageError
from reconciler.model.plan import GuardFinding
from reconciler.planning.guards.waivers import Waiver, check_names, lift, parse_waiver
from tests.planning.guards.plans import many, plan_of

ERROR = GuardFinding("updated", "error", "too many")
ASKED = GuardFinding("mine", "needs-approval", "two people")
WARNING = GuardFinding("failing", "warning", "hm")
PLAN = plan_of(many(1), (ERROR, ASKED, WARNING))
OTHER = "0123456789abcdef0123456789abcdef"


def lifted(*texts: str) -> dict[str, str]:
    """What lifts each finding of the plan."""
    waivers = [parse_waiver(kind, text) for kind, text in (text.split(" ") for text in texts)]  # type: ignore[arg-type]
    return {finding.guard: finding.waived for finding in lift(PLAN, waivers).guards}


@pytest.mark.parametrize("digest", [PLAN.digest, PLAN.digest[:12]])
def test_a_waiver_lifts_what_it_names_for_this_plan(digest: str) -> None:
    found = lifted(f"waive updated@{digest}")
    assert found == {"updated": f"--waive updated@{PLAN.digest[:12]}", "mine": "", "failing": ""}
    assert [finding.guard for finding in lift(PLAN, [Waiver("waive", "updated", digest)]).errors] == ["mine"]


def test_waiving_is_not_approving() -> None:
    assert lifted(f"waive mine@{PLAN.digest}", f"approve updated@{PLAN.digest}") == dict.fromkeys(
        ("updated", "mine", "failing"), ""
    )
    assert lifted(f"approve mine@{PLAN.digest}")["mine"] == f"--approve mine@{PLAN.digest[:12]}"


def test_a_waiver_of_another_plan_lifts_nothing_and_refuses() -> None:
    plan = lift(plan_of(many(1), (WARNING,)), [Waiver("waive", "updated", OTHER)])
    (finding,) = plan.errors
    assert (finding.guard, finding.limit, finding.actual) == ("waiver", OTHER[:12], plan.digest[:12])
    assert finding.message == (
        f"--waive updated@0123456789ab is for another plan: this one is {plan.digest[:12]}; look at it, and if it is "
        "right, give its digest"
    )


def test_what_is_left_of_a_plan_is_waived_by_the_digest_of_the_whole() -> None:
    part = replace(PLAN, groups=())
    assert lift(part, [Waiver("waive", "updated", PLAN.digest)], digest=PLAN.digest).guards[0].waived
    assert not lift(part, [Waiver("waive", "updated", PLAN.digest)]).guards[0].waived


def test_what_blocks_a_group_is_never_waived() -> None:
    plan = plan_of(many(1), (GuardFinding("foreign-group", "error", "not ours"),))
    assert lift(plan, [Waiver("waive", "foreign-group", plan.digest)]).errors
    with pytest.raises(UsageError, match="foreign-group cannot be waived") as caught:
        check_names([Waiver("waive", "foreign-group", plan.digest)], ())
    assert "--exclude" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["updated", "updated@", "@" + OTHER, "updated@xyz", f"updated@{OTHER[:11]}", "a@b@c", ""]
)
def test_the_form_of_a_waiver(text: str) -> None:
    with pytest.raises(UsageError, match="not of the form NAME@DIGEST"):
        parse_waiver("waive", text)


def test_a_waiver_names_a_guard_or_a_policy() -> None:
    check_names([Waiver("waive", "updated", OTHER), Waiver("approve", "mine", OTHER)], {"mine"})
    with pytest.raises(UsageError, match="no guard or policy 'updatet'") as caught:
        check_names([Waiver("waive", "updatet", OTHER)], {"mine"})
    assert "updated, deleted" in caught.value.hint
    assert "mine" in caught.value.hint
