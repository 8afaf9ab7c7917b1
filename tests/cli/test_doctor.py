"""``reconcile doctor``: what it finds right and wrong, and the policies that it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError
from reconciler.sandbox.testing import Sandbox
from tests.fleets import ACCOUNT, ARTIFACTS_BUCKET, BULK_BUCKET, FleetFiles, run_cli

pytestmark = pytest.mark.sampled


def found(directory: Path) -> dict[str, list[str]]:
    """The messages of each state."""
    ran = run_cli("doctor", directory, "--format", "json")
    by_state: dict[str, list[str]] = {}
    for row in json.loads(ran.out)["findings"]:
        by_state.setdefault(row["state"], []).append(f"{row['subject']}: {row['message']}")
    assert ran.code == (1 if "wrong" in by_state else 0)
    return by_state


def mend(aws: Sandbox) -> None:
    """Make the buckets and the role as they have to be."""
    s3 = aws.client("s3")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=ARTIFACTS_BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket=ARTIFACTS_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=ARTIFACTS_BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    aws.client("iam").create_role(RoleName="bulk", AssumeRolePolicyDocument="{}")


def test_it_says_what_is_wrong_and_how_to_mend_it(fleet: FleetFiles, aws: Sandbox) -> None:
    ran = run_cli("doctor", fleet.directory)
    assert ran.code == 1
    assert f"! artifact bucket {ARTIFACTS_BUCKET}: it may be made public, and it holds private keys\n" in ran.out
    assert "    aws s3api put-public-access-block" in ran.out
    assert "…" not in ran.out  # the commands are whole
    assert "! bulk execution role: there is no role bulk" in ran.out
    assert ran.last_line.endswith("checks: 4 wrong, 0 to be looked at.")
    mend(aws)
    assert "wrong" not in found(fleet.directory)
    assert aws.calls()
    assert not [call for call in aws.writes() if call.startswith(("greengrass:", "iot:", "dynamodb:"))]


def test_it_never_writes(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    run_cli("doctor", fleet.directory)
    assert aws.writes() == []


def test_without_the_right_credentials_nothing_else_is_looked_at(
    fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "account", lambda _self: "999999999999")
    states = found(fleet.directory)
    assert set(states) == {"wrong"}
    (message,) = states["wrong"]
    assert message.startswith("credentials: ")
    assert f"fleet demo is in account {ACCOUNT}, the credentials belong to 999999999999" in message


def test_what_it_may_not_look_at_is_not_called_wrong(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend(aws)
    real = Aws.call

    def call(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation == "GetBucketLocation":
            raise AwsError("no", operation="s3:GetBucketLocation", code="AccessDenied", status=403)
        return real(self, service, operation, **parameters)

    monkeypatch.setattr(Aws, "call", call)
    states = found(fleet.directory)
    assert "wrong" not in states
    assert f"bulk bucket {BULK_BUCKET}: these credentials may not look: s3:GetBucketLocation" in states["unknown"]


def test_buckets_that_are_not_there_or_not_fit(fleet: FleetFiles, aws: Sandbox) -> None:
    s3 = aws.client("s3")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=BULK_BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.delete_bucket(Bucket=ARTIFACTS_BUCKET)
    wrong = found(fleet.directory)["wrong"]
    assert f"artifact bucket {ARTIFACTS_BUCKET}: it is not there" in wrong
    assert f"bulk bucket {BULK_BUCKET}: it is encrypted with a KMS key" in wrong


def test_a_clock_that_is_wrong(fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "clock_skew", lambda _self: -400.0)
    assert "clock: this machine is 400 seconds ahead of AWS" in found(fleet.directory)["wrong"]


CLAIM = "token.actions.githubusercontent.com"


def test_trust_policies_of_the_two_roles(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    ran = run_cli("doctor", fleet.directory, "--oidc", "octo/fleets", "--repository-id", "42")
    policies = json.loads(ran.out)
    assert (ran.code, list(policies)) == (0, ["plan", "apply"])
    assert aws.calls() == []
    [apply] = policies["apply"]["Statement"]
    assert apply["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{CLAIM}"}
    assert apply["Condition"] == {
        "StringEquals": {
            f"{CLAIM}:aud": "sts.amazonaws.com",
            f"{CLAIM}:sub": ["repo:octo/fleets:environment:fleet", "repo:octo/fleets:environment:fleet-approval"],
            f"{CLAIM}:repository_id": "42",
        }
    }
    exact, queue = (statement["Condition"] for statement in policies["plan"]["Statement"])
    assert exact["StringEquals"][f"{CLAIM}:sub"] == [
        "repo:octo/fleets:pull_request",
        "repo:octo/fleets:ref:refs/heads/main",
    ]
    assert queue["StringLike"] == {f"{CLAIM}:sub": ["repo:octo/fleets:ref:refs/heads/gh-readonly-queue/main/*"]}
    assert queue["StringEquals"][f"{CLAIM}:aud"] == "sts.amazonaws.com"


def test_trust_may_be_narrowed_to_a_workflow_and_other_names(fleet: FleetFiles) -> None:
    names = ["--branch", "trunk", "--environment", "prod", "--workflow", "octo/r/.github/workflows/apply-fleet.yml@*"]
    policies = json.loads(run_cli("doctor", fleet.directory, "--oidc", "octo/fleets", *names).out)
    [apply] = policies["apply"]["Statement"]
    assert apply["Condition"]["StringEquals"][f"{CLAIM}:sub"] == ["repo:octo/fleets:environment:prod"]
    assert apply["Condition"]["StringLike"] == {f"{CLAIM}:job_workflow_ref": names[-1]}
    assert "refs/heads/trunk" in json.dumps(policies["plan"])


@pytest.mark.parametrize("name", ["octo", "octo/fleets/more", "repo:*", ""])
def test_what_is_no_repository(name: str, fleet: FleetFiles) -> None:
    ran = run_cli("doctor", fleet.directory, "--oidc", name)
    assert (ran.code, ran.out) == (64, "")


@pytest.mark.parametrize("option", ["--branch", "--environment", "--repository-id", "--workflow"])
def test_an_option_of_trust_policies_alone_is_wrong_usage(option: str, fleet: FleetFiles) -> None:
    ran = run_cli("doctor", fleet.directory, option, "x")
    assert (ran.code, ran.out) == (64, "")
    assert f"error: {option} goes with --oidc" in ran.err


def test_one_document_at_a_time(fleet: FleetFiles) -> None:
    ran = run_cli("doctor", fleet.directory, "--iam", "plan", "--oidc", "owner/name")
    assert (ran.code, ran.out) == (64, "")
    assert "each print a document of their own" in ran.err


def test_stats_count_what_it_looked_at(fleet: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    aws.clear_calls()
    run_cli("doctor", fleet.directory, "--stats", tmp_path / "stats.json")
    assert json.loads((tmp_path / "stats.json").read_text())["calls"] == aws.counts()
