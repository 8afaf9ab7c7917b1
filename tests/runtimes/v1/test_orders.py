"""What becomes of an order for one group, by its live state alone."""

import pytest

from reconciler.model.fleet import Fleet
from reconciler.model.group import DeploymentSpec, Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import GroupPlan
from reconciler.model.template import TemplateRef
from reconciler.runtimes.v1.live import LiveDefinition, LiveDeployment, LiveGroup
from reconciler.runtimes.v1.orders import Looked, departures, order_group

pytestmark = pytest.mark.sampled

FLEET = Fleet("demo", "123456789012", "eu-central-1")
CORE = "arn:aws:greengrass:eu-central-1:123456789012:/greengrass/definition/cores/a/versions/b"


def group(name: str = "berlin", spec: DeploymentSpec | None = None) -> Group:
    return Group(name, TemplateRef("line", 2), "greengrass/v1", deployment=spec or DeploymentSpec())


def live(
    deployment: LiveDeployment | None = None, *, version: str | None = "v1", core: bool = True, name: str = "berlin"
) -> LiveGroup:
    return LiveGroup(
        name=name,
        id="g1",
        arn="arn:g1",
        version_id=version,
        version_created_at="2026-01-01T00:00:00Z",
        tags={"reconciler:fleet": "demo"},
        definitions={"cores": LiveDefinition(CORE, {})} if core else {},
        deployment=deployment,
    )


def last(kind: str = "NewDeployment", status: str = "Success") -> LiveDeployment:
    version = None if "Reset" in kind else "v1"
    return LiveDeployment("d1", kind, version, "2026-01-02T00:00:00Z", status, "2026-01-02T00:00:01Z")


def planned(order: DeploymentOrder, state: LiveGroup, looked: Looked | None = None) -> GroupPlan:
    return order_group(FLEET, group(), state, order, looked or Looked())[0]


@pytest.mark.parametrize(
    ("order", "state", "rule"),
    [
        ("NewDeployment", live(version=None), "no-version"),
        ("NewDeployment", live(core=False), "no-core"),
        ("Redeployment", live(), "never-deployed"),
        ("Redeployment", live(last("ResetDeployment")), "nothing-to-repeat"),
        ("Redeployment", live(last("ForceResetDeployment", "Failure")), "nothing-to-repeat"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(order: str, state: LiveGroup, rule: str) -> None:
    plan, finding = order_group(FLEET, group(), state, DeploymentOrder(order), Looked())  # type: ignore[arg-type]  # a literal
    assert finding is not None
    assert (finding.guard, finding.severity, plan.blocked, plan.actions) == (rule, "error", True, ())


@pytest.mark.parametrize(
    ("kind", "newest", "is_asked"),
    [
        ("ResetDeployment", None, False),
        ("ResetDeployment", last(), True),
        ("ResetDeployment", last("NewDeployment", "Failure"), True),
        ("ResetDeployment", last("ResetDeployment"), False),
        ("ResetDeployment", last("ResetDeployment", "InProgress"), False),
        ("ResetDeployment", last("ResetDeployment", "Failure"), True),
        ("ForceResetDeployment", last("ResetDeployment", "InProgress"), True),
        ("ForceResetDeployment", last("ForceResetDeployment"), False),
    ],
)
def test_a_reset_is_asked_for_where_there_is_something_to_reset(
    kind: str, newest: LiveDeployment | None, is_asked: bool
) -> None:
    plan = planned(DeploymentOrder(kind), live(newest))  # type: ignore[arg-type]  # a literal
    assert (bool(plan.actions), plan.operation) == (is_asked, "deploy" if is_asked else "none")
    assert bool(plan.notes) == (not is_asked)
    if is_asked:
        assert plan.actions[0].inputs == {"force": kind == "ForceResetDeployment", "previous": "d1"}


@pytest.mark.parametrize("kind", ["NewDeployment", "Redeployment", "ResetDeployment"])
def test_what_is_under_way_is_told(kind: str) -> None:
    plan = planned(DeploymentOrder(kind), live(last(status="InProgress")))  # type: ignore[arg-type]  # a literal
    assert "deployment d1 is on its way (InProgress since 2026-01-02T00:00:01Z)" in plan.notes[0]


def test_the_version_that_a_named_deployment_brought_is_told() -> None:
    arn = "arn:aws:greengrass:eu-central-1:1:/greengrass/groups/g1/versions/v0"
    row = {"DeploymentId": "d0", "DeploymentType": "NewDeployment", "GroupArn": arn}
    plan = planned(DeploymentOrder("Redeployment", deployment_id="d0"), live(last()), Looked(deployment=row))
    assert plan.actions[0].inputs == {
        "deploymentId": "d0",
        "groupVersionId": "v0",
        "pinned": True,
        "previous": "d1",
    }
    assert (plan.changes[0].before, plan.changes[0].after) == ("v1", "v0")


def test_a_warning_names_a_few_of_many_groups() -> None:
    order = DeploymentOrder("ResetDeployment")
    groups = [group(f"g{number}") for number in range(8)]
    state = {item.name: live(last(), name=item.name) for item in groups}
    plans = [order_group(FLEET, item, state[item.name], order, Looked())[0] for item in groups]
    (finding,) = departures(groups, plans, state, order)
    assert finding.severity == "warning"
    assert finding.message.startswith("g0, g1, g2, g3, g4 and 3 more: the files say `state: deployed`")


@pytest.mark.parametrize(
    ("order", "spec"),
    [
        (DeploymentOrder("NewDeployment"), DeploymentSpec()),
        (DeploymentOrder("Redeployment"), DeploymentSpec()),
        (DeploymentOrder("ResetDeployment"), DeploymentSpec("reset")),
        (DeploymentOrder("ResetDeployment"), DeploymentSpec("none")),
        (DeploymentOrder("NewDeployment"), DeploymentSpec("none")),
    ],
)
def test_what_the_files_mean_as_well_is_no_departure(order: DeploymentOrder, spec: DeploymentSpec) -> None:
    member, state = group(spec=spec), live(last())
    plan, finding = order_group(FLEET, member, state, order, Looked())
    assert finding is None
    assert departures([member], [plan], {"berlin": state}, order) == []
