"""Policies, their versions, and what they are attached to."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., tuple[int, str, str]]


@pytest.fixture
def policy(iot: Any, document: str) -> str:
    iot.create_policy(policyName="connect", policyDocument=document)
    return "connect"


def names(answer: dict[str, Any]) -> list[str]:
    return [item["policyName"] for item in answer["policies"]]


def test_a_policy_comes_back_as_it_was_made(iot: Any, document: str) -> None:
    made = iot.create_policy(policyName="connect", policyDocument=document)
    assert made["policyArn"] == "arn:aws:iot:eu-central-1:123456789012:policy/connect"
    found = iot.get_policy(policyName="connect")
    assert (found["policyDocument"], found["defaultVersionId"]) == (document, "1")
    assert names(iot.list_policies()) == ["connect"]


def test_a_name_is_taken_even_by_the_same_document(iot: Any, policy: str, document: str, refused: Refused) -> None:
    refusal = refused(iot.create_policy, policyName=policy, policyDocument=document)
    assert refusal[:2] == (409, "ResourceAlreadyExistsException")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"Version": "2012-10-17"}',
        '{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": ["x"]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}',
        json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "x" * 2000}]}
        ),
    ],
)
def test_a_malformed_document_is_refused(iot: Any, policy: str, refused: Refused, text: str) -> None:
    expected = (400, "MalformedPolicyException")
    assert refused(iot.create_policy, policyName="other", policyDocument=text)[:2] == expected
    assert refused(iot.create_policy_version, policyName=policy, policyDocument=text)[:2] == expected


def test_white_space_does_not_count_and_one_statement_needs_no_list(iot: Any) -> None:
    statement = {"Effect": "Deny", "Action": ["iot:*"], "Resource": ["*"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement}) + " " * 3000
    iot.create_policy(policyName="connect", policyDocument=text)


def test_versions_are_numbered_limited_and_one_is_the_default(
    iot: Any, policy: str, document: str, refused: Refused
) -> None:
    for number in range(2, 6):
        made = iot.create_policy_version(policyName=policy, policyDocument=document, setAsDefault=number == 3)
        assert (made["policyVersionId"], made["isDefaultVersion"]) == (str(number), number == 3)
    new = {"policyName": policy, "policyDocument": document}
    assert refused(iot.create_policy_version, **new)[:2] == (409, "VersionsLimitExceededException")
    iot.delete_policy_version(policyName=policy, policyVersionId="5")
    assert iot.create_policy_version(**new)["policyVersionId"] == "6"
    assert refused(iot.delete_policy_version, policyName=policy, policyVersionId="3")[:2] == (
        409,
        "DeleteConflictException",
    )
    iot.set_default_policy_version(policyName=policy, policyVersionId="4")
    listed = iot.list_policy_versions(policyName=policy)["policyVersions"]
    assert [(item["versionId"], item["isDefaultVersion"]) for item in listed] == [
        ("6", False),
        ("4", True),
        ("3", False),
        ("2", False),
        ("1", False),
    ]
    version = iot.get_policy_version(policyName=policy, policyVersionId="4")
    assert (version["policyDocument"], version["isDefaultVersion"]) == (document, True)
    missing = {"policyName": policy, "policyVersionId": "5"}
    for call in (iot.get_policy_version, iot.delete_policy_version, iot.set_default_policy_version):
        assert refused(call, **missing)[:2] == (404, "ResourceNotFoundException")


def test_a_policy_in_use_or_with_versions_is_not_deleted(
    iot: Any, policy: str, document: str, certificate: Any, refused: Refused
) -> None:
    target = certificate()["certificateArn"]
    iot.create_policy_version(policyName=policy, policyDocument=document)
    assert refused(iot.delete_policy, policyName=policy)[:2] == (409, "DeleteConflictException")
    iot.delete_policy_version(policyName=policy, policyVersionId="2")
    iot.attach_policy(policyName=policy, target=target)
    assert refused(iot.delete_policy, policyName=policy)[:2] == (409, "DeleteConflictException")
    iot.detach_policy(policyName=policy, target=target)
    iot.delete_policy(policyName=policy)
    assert refused(iot.get_policy, policyName=policy)[:2] == (404, "ResourceNotFoundException")


def test_policies_are_attached_to_certificates_by_both_generations(
    iot: Any, policy: str, certificate: Any, refused: Refused
) -> None:
    one, two = certificate()["certificateArn"], certificate()["certificateArn"]
    iot.attach_policy(policyName=policy, target=one)
    iot.attach_policy(policyName=policy, target=one)
    iot.attach_principal_policy(policyName=policy, principal=two)
    assert names(iot.list_attached_policies(target=one)) == [policy]
    assert names(iot.list_principal_policies(principal=two)) == [policy]
    assert iot.list_targets_for_policy(policyName=policy)["targets"] == sorted([one, two])
    assert iot.list_policy_principals(policyName=policy)["principals"] == sorted([one, two])
    iot.detach_principal_policy(policyName=policy, principal=one)
    refusal = refused(iot.detach_principal_policy, policyName=policy, principal=one)
    assert refusal[:2] == (404, "ResourceNotFoundException")
    iot.detach_policy(policyName=policy, target=two)
    iot.detach_policy(policyName=policy, target=two)
    assert iot.list_targets_for_policy(policyName=policy)["targets"] == []


def test_policies_of_thing_groups_are_inherited_by_the_groups_below(iot: Any, policy: str, document: str) -> None:
    plant = iot.create_thing_group(thingGroupName="plant")["thingGroupArn"]
    line = iot.create_thing_group(thingGroupName="line", parentGroupName="plant")["thingGroupArn"]
    iot.create_policy(policyName="publish", policyDocument=document)
    iot.attach_policy(policyName=policy, target=plant)
    iot.attach_policy(policyName="publish", target=line)
    assert names(iot.list_attached_policies(target=line)) == ["publish"]
    assert names(iot.list_attached_policies(target=line, recursive=True)) == [policy, "publish"]
    assert iot.list_policy_principals(policyName=policy)["principals"] == []
    assert iot.list_targets_for_policy(policyName=policy)["targets"] == [plant]
    iot.delete_thing_group(thingGroupName="line")
    assert iot.list_targets_for_policy(policyName="publish")["targets"] == []


def test_cognito_identities_can_bear_policies(iot: Any, policy: str) -> None:
    identity = "eu-central-1:0a1b2c3d-0000-4444-8888-0a1b2c3d4e5f"
    iot.attach_policy(policyName=policy, target=identity)
    assert names(iot.list_attached_policies(target=identity)) == [policy]


def test_what_is_not_there_bears_no_policy(iot: Any, policy: str, certificate: Any, refused: Refused) -> None:
    arn = certificate()["certificateArn"]
    gone = arn[:-64] + "0" * 64
    foreign = arn.replace("eu-central-1", "eu-west-1")
    group = "arn:aws:iot:eu-central-1:123456789012:thinggroup/none"
    assert refused(iot.attach_policy, policyName="none", target=arn)[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.attach_policy, policyName=policy, target=gone)[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.attach_policy, policyName=policy, target=group)[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.attach_policy, policyName=policy, target=foreign)[:2] == (400, "InvalidRequestException")
    assert refused(iot.attach_policy, policyName=policy, target="nobody")[:2] == (400, "InvalidRequestException")
    assert refused(iot.list_attached_policies, target="nobody")[0] == 400
    assert refused(iot.list_principal_policies, principal=gone)[0] == 404


def test_a_target_bears_ten_policies_at_most(iot: Any, document: str, certificate: Any, refused: Refused) -> None:
    target = certificate()["certificateArn"]
    for number in range(11):
        iot.create_policy(policyName=f"p{number}", policyDocument=document)
    for number in range(10):
        iot.attach_policy(policyName=f"p{number}", target=target)
    iot.attach_policy(policyName="p0", target=target)
    refusal = refused(iot.attach_policy, policyName="p10", target=target)
    assert refusal[:2] == (410, "LimitExceededException")
