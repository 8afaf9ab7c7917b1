"""The permissions are those of the calls that the code makes: none is missing, none is too many."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.data import AdditionalSpecs  # type: ignore[import-untyped]  # it has annotations, and no py.typed
from cfnlint.helpers import load_resource  # type: ignore[import-untyped]  # as above

from reconciler.aws.stats import is_write
from reconciler.runtimes.v1.families import FAMILIES
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets, run_cli
from tests.infra.calls import actions_of, operations, operations_in
from tests.infra.templates import PSEUDO, WORKER, actions, arns, deploy, expanded, listed, statements
from tests.runtimes.v2.fleets import CLI, group, template
from tests.runtimes.v2.test_components import component

POLICY_SIZE = 6144
"""Characters of a managed policy without white space (IAM quotas)."""


OF_FUNCTIONS = "secretsmanager:GetSecretValue"
"""What functions alone call."""


def needed_by(called: list[str]) -> set[str]:
    return {action for operation in called for action in actions_of(operation)}


def test_the_worker_may_call_what_the_code_calls_and_nothing_else() -> None:
    called = operations()
    assert called.pop(OF_FUNCTIONS)
    for operation, place in called.items():
        assert actions_of(operation) <= actions(*WORKER), f"{place} calls {operation}: allow it in WorkerPolicy"
    needless = actions(*WORKER) - needed_by(list(called))
    assert needless == set(), "WorkerPolicy allows what no code calls"


def test_a_plan_may_only_read_what_the_code_reads_and_no_key() -> None:
    reads = {operation for operation in operations() if not is_write(operation.partition(":")[2])}
    allowed = actions("PlanPolicy")
    assert allowed - needed_by(sorted(reads)) == set()
    assert not [action for action in allowed if is_write(action.partition(":")[2])]
    assert "s3:GetObject" not in allowed  # private keys are among the artifacts


def test_nothing_but_the_two_policies_may_call_more_than_its_purpose() -> None:
    assert actions("BulkExecutionRole") == {"sts:AssumeRole", "greengrass:CreateDeployment", "s3:GetObject"}
    assert actions("FunctionRole") == {
        "sts:AssumeRole",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert actions("EncryptionPolicy") == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert actions("CdfFunctionPolicy") == {"lambda:InvokeFunction"}
    assert actions("CdfApiPolicy") == {"execute-api:Invoke"}
    assert actions("SecretPolicy") == {OF_FUNCTIONS}


def test_what_runs_call_is_what_the_policies_allow(aws: Sandbox, tmp_path: Path) -> None:
    make_buckets(aws.client)
    files = FleetFiles(tmp_path).group("a").group("b").group("c", devices=[{"thingName": "c-1", "thingType": "press"}])
    aws.client("iot").create_thing_type(thingTypeName="press")
    files.write()

    def called(*arguments: str | Path) -> set[str]:
        aws.clear_calls()
        assert run_cli(*arguments).code in {0, 2}
        return needed_by(list(aws.counts()))

    def planned() -> set[str]:
        return called("plan", tmp_path) | called("status", tmp_path)

    reading = planned()
    writing = called("apply", tmp_path, "--yes")
    reading |= planned()
    files.template(2, timeout=9).group("a", 2, devices=3).group("b", deployment={"state": "reset"}).write()
    reading |= planned()
    writing |= called("apply", tmp_path, "--yes") | called("runs", tmp_path)
    assert "greengrass:GetDeviceDefinitionVersion" in reading  # the runs were worth looking at
    assert {"iot:RegisterThing", "greengrass:StartBulkDeployment", "greengrass:ResetDeployments"} <= writing
    assert reading - actions("PlanPolicy") == set()
    assert writing - actions(*WORKER) == set()


def test_what_runs_of_v2_call_is_what_the_policies_allow(aws: Sandbox, tmp_path: Path) -> None:
    make_buckets(aws.client)
    files = FleetFiles(tmp_path).fleet(prune=True, deprovision=True, guards={"components": 9, "deleted": 9})
    component(template(files, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.6"))
    own = {"thingName": "a-core-1", "configuration": {CLI: {"port": 1}}}
    group(group(files, "a", cores=[own], devices=1), "b").write()

    def called(*arguments: str | Path) -> set[str]:
        aws.clear_calls()
        assert run_cli(*arguments).code in {0, 5}
        return needed_by(list(aws.counts()))

    aws.put_devices({"b-*": {"outcome": "fail"}})
    reading = called("plan", tmp_path)
    writing = called("apply", tmp_path, "--yes")
    reading |= called("plan", tmp_path, "--refresh") | called("status", tmp_path)
    aws.put_devices({})
    group(files, "a", cores=2).without_group("b").write()
    writing |= called("apply", tmp_path, "--yes")
    assert "greengrass:ListEffectiveDeployments" in reading  # the runs were worth looking at
    assert {"greengrass:CreateComponentVersion", "iot:CreateJob", "greengrass:DeleteDeployment"} <= writing
    assert reading - actions("PlanPolicy") == set()
    assert writing - actions(*WORKER) == set()


def test_every_operation_is_found_however_it_is_named() -> None:
    source = """
class X:
    def a(self, family):
        name = family.operation("Create", "DefinitionVersion")
        self.aws.call("greengrass", name, A=1)
        self.aws.pages("greengrass", family.operation("List"), "Definitions")
        self._wrapped("PutItem", 1)
        _bare("GetItem")
    def _wrapped(self, operation, other):
        return self.aws.call("dynamodb", operation)
def _bare(operation):
    return aws.call("dynamodb", operation)
"""
    found = {operation for operation, _ in operations_in(source)}
    assert {"greengrass:CreateCoreDefinitionVersion", "greengrass:ListLoggerDefinition"} < found
    assert {"dynamodb:PutItem", "dynamodb:GetItem"} < found
    assert len(found) == 2 * 7 + 2


@pytest.mark.parametrize("argument", ["names[0]", "'Get' + what", "unheard_of", "f'Get{what}'"])
def test_an_operation_that_cannot_be_told_is_an_error(argument: str) -> None:
    source = f"def a(aws, names, what):\n    aws.call('iot', {argument})\n"
    with pytest.raises(ValueError, match="operation"):
        list(operations_in(source))


PLACES = {"Partition": "aws", "Region": PSEUDO["Region"], "Account": PSEUDO["AccountId"]}
REFERENCE: dict[str, Any] = load_resource(AdditionalSpecs, "Policies.json")
"""The Service Authorization Reference as cfn-lint ships it: which action takes which resources, and their ARNs."""


def takes(action: str) -> list[str]:
    """The forms of the ARNs that an action takes, none if it takes no resource."""
    service, _, name = action.partition(":")
    known = REFERENCE[service]
    kinds = known["Actions"][name.lower()].get("Resources", [])
    return [form for kind in kinds for form in known["Resources"][kind.lower()]["ARNFormats"]]


def fits(arn: str, form: str) -> bool:
    """Whether an ARN of a policy is of a form, or its stars let some of that form through."""
    pattern = re.sub(r"\$\{\w+\}", "[^:]*", form)
    example = re.sub(r"\.\*|\$\{\w+\}", "x", re.sub(r"\$\{(\w+)\}", lambda at: PLACES.get(at[1], "x"), form))
    return re.fullmatch(pattern, arn) is not None or fnmatchcase(example, arn)


def allowed_pairs() -> list[tuple[str, str, list[str]]]:
    """Every action that any policy allows, with its place and the ARNs that it is allowed on."""
    return [
        (name, action, arns(statement))
        for name, statement in statements()
        if statement["Effect"] == "Allow" and arns(statement)
        for pattern in listed(statement["Action"])
        for action in expanded(pattern)
    ]


def test_only_actions_that_take_no_resource_are_allowed_on_every_resource() -> None:
    everywhere = {action for _, action, on in allowed_pairs() if "*" in on}
    assert "greengrass:ListGroups" in everywhere
    # Of V2 these take none, though of V1 they do.
    of_v2 = {"greengrass:CreateDeployment", "greengrass:ListDeployments"}
    assert [action for action in sorted(everywhere - of_v2) if takes(action)] == []


def test_every_action_is_allowed_on_what_it_takes() -> None:
    pairs = [(name, action, on) for name, action, on in allowed_pairs() if on != ["*"]]
    assert len(pairs) > 50
    for name, action, on in pairs:
        assert takes(action), f"{name}: {action} takes no resource, so that on {on} it allows nothing"
        assert any(fits(arn, form) for arn in on for form in takes(action)), f"{name}: {action} takes none of {on}"


PATTERNS = [
    f"greengrass:{verb}*Definition{what}"
    for verb, what in (
        ("Create", ""),
        ("Create", "Version"),
        ("Delete", ""),
        ("Get", ""),
        ("Get", "Version"),
        ("Update", ""),
    )
] + ["greengrass:List*Definitions", "greengrass:List*DefinitionVersions"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_stands_for_one_action_of_each_family(pattern: str) -> None:
    assert expanded(pattern) == {pattern.replace("*", family.api) for family in FAMILIES.values()}


def test_no_statement_allows_more_by_pattern_or_to_everybody() -> None:
    for name, statement in statements():
        if statement["Effect"] == "Allow":
            patterns = {action for action in listed(statement["Action"]) if "*" in action}
            assert patterns <= set(PATTERNS), name
            assert "*" not in json.dumps(statement.get("Principal", {})), name
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), name


def test_services_take_roles_and_queues_for_this_account_alone() -> None:
    trusted = {name: one for name, one in statements() if "Service" in str(one.get("Principal"))}
    assert set(trusted) == {
        "BulkExecutionRole",
        "FunctionRole",
        "DeploymentStatusQueuePolicy",
        "EventsDeadLetterQueuePolicy",
    }
    assert trusted["BulkExecutionRole"]["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    for queue in ("DeploymentStatusQueuePolicy", "EventsDeadLetterQueuePolicy"):
        rule: dict[str, Any] = trusted[queue]["Condition"]["ArnEquals"]["aws:SourceArn"]
        assert rule == {"Fn::GetAtt": ["DeploymentStatusRule", "Arn"]}


def test_the_role_of_bulk_deployments_goes_to_greengrass_alone() -> None:
    (passing,) = [one for _, one in statements() if "iam:PassRole" in listed(one["Action"])]
    assert passing["Resource"] == {"Fn::GetAtt": ["BulkExecutionRole", "Arn"]}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "greengrass.amazonaws.com"}}


def test_the_policies_fit_into_iam(aws: Sandbox) -> None:
    outputs = deploy(aws, name="greengrass-reconciler-production-europe")
    client = aws.client("iam")
    for output in ("PlanPolicyArn", "WorkerPolicyArn", "WorkerV2PolicyArn"):
        document = client.get_policy_version(PolicyArn=outputs[output], VersionId="v1")["PolicyVersion"]["Document"]
        assert len(json.dumps(document, separators=(",", ":"))) < POLICY_SIZE
