"""Policies and their versions, and what they are attached to."""

import json
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.ordered import Ordered
from reconciler.sandbox.iot.paging import by_creation, marked_page
from reconciler.sandbox.iot.records import Policy, PolicyVersion
from reconciler.sandbox.iot.store import Handler, Store

DOCUMENT_SIZE = 2048  # characters without white space; CreatePolicyVersion's documentation
VERSIONS = 5  # the same page


class Policies:
    """The operations on policies over one store; attaching them is policy_targets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreatePolicy": self.create,
            "GetPolicy": self.get,
            "ListPolicies": self.list,
            "DeletePolicy": self.delete,
            "CreatePolicyVersion": self.create_version,
            "GetPolicyVersion": self.get_version,
            "ListPolicyVersions": self.list_versions,
            "DeletePolicyVersion": self.delete_version,
            "SetDefaultPolicyVersion": self.set_default,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """A name that is taken is a conflict, whatever the document."""
        name, document = params["policyName"], params["policyDocument"]
        check_document(document)
        if known := self._store.policies.get(name):
            raise refusals.already_exists(
                f"Policy cannot be created - name already exists (name={name})", resource_id=name, arn=known.arn
            )
        now = self._store.now()
        policy = Policy(
            name=name,
            arn=self._store.arn("policy", name),
            versions={"1": PolicyVersion(id="1", document=document, created=now)},
            default="1",
            created=now,
            modified=now,
            generation_id=self._store.new_id(),
            sequence=self._store.next_sequence(),
        )
        self._store.policies[name] = policy
        self._store.set_tags(policy.arn, params.get("tags", ()))
        return {
            "policyName": name,
            "policyArn": policy.arn,
            "policyDocument": document,
            "policyVersionId": policy.default,
        }

    def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """The policy with the document of its default version."""
        policy = self._store.policy(params["policyName"])
        return {
            **summary(policy),
            "policyDocument": policy.versions[policy.default].document,
            "defaultVersionId": policy.default,
            "creationDate": policy.created,
            "lastModifiedDate": policy.modified,
            "generationId": policy.generation_id,
        }

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By time of creation."""
        policies = list(self._store.policies.values())
        page, more = marked_page("ListPolicies", params, by_creation(policies, params))
        return {"policies": [summary(policy) for policy in page], **more}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Not while it is attached, or has versions beside the default one."""
        policy = self._store.policy(params["policyName"])
        if policy.targets:
            raise refusals.delete_conflict(
                f"The policy cannot be deleted as the policy is attached to one or more principals (name={policy.name})"
            )
        if len(policy.versions) > 1:
            raise refusals.delete_conflict(
                "Cannot delete the policy because it has one or more policy versions attached to it "
                f"(name={policy.name})"
            )
        del self._store.policies[policy.name]
        self._store.tags.pop(policy.arn, None)
        return {}

    def create_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """At most five; numbers are never used again."""
        policy, document = self._store.policy(params["policyName"]), params["policyDocument"]
        check_document(document)
        if len(policy.versions) >= VERSIONS:
            raise refusals.versions_limit_exceeded(
                f"The policy {policy.name} already has the maximum number of versions ({VERSIONS})"
            )
        policy.last_version += 1
        version = PolicyVersion(id=str(policy.last_version), document=document, created=self._store.now())
        policy.versions[version.id] = version
        if params.get("setAsDefault"):
            self._make_default(policy, version.id)
        return {
            "policyArn": policy.arn,
            "policyDocument": document,
            "policyVersionId": version.id,
            "isDefaultVersion": policy.default == version.id,
        }

    def get_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """One version with its document."""
        policy = self._store.policy(params["policyName"])
        version = _version(policy, params["policyVersionId"])
        return {
            **summary(policy),
            "policyDocument": version.document,
            "policyVersionId": version.id,
            "isDefaultVersion": policy.default == version.id,
            "creationDate": version.created,
            "lastModifiedDate": version.created,
            "generationId": policy.generation_id,
        }

    def list_versions(self, params: dict[str, Any]) -> dict[str, Any]:
        """All of them, the newest first."""
        policy = self._store.policy(params["policyName"])
        return {
            "policyVersions": [
                {
                    "versionId": version.id,
                    "isDefaultVersion": policy.default == version.id,
                    "createDate": version.created,
                }
                for version in reversed(policy.versions.values())
            ]
        }

    def delete_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """Any but the default one."""
        policy = self._store.policy(params["policyName"])
        version = _version(policy, params["policyVersionId"])
        if version.id == policy.default:
            raise refusals.delete_conflict(f"Cannot delete the default version of a policy (name={policy.name})")
        del policy.versions[version.id]
        return {}

    def set_default(self, params: dict[str, Any]) -> dict[str, Any]:
        """The default version is the one in force."""
        policy = self._store.policy(params["policyName"])
        self._make_default(policy, _version(policy, params["policyVersionId"]).id)
        return {}

    def _make_default(self, policy: Policy, version_id: str) -> None:
        policy.default = version_id
        policy.modified = self._store.now()
        policy.generation_id = self._store.new_id()


def link(store: Store, policy: Policy, target: str) -> None:
    """Attach the policy to a target; the same again changes nothing."""
    policy.targets[target] = None
    store.policies_of.setdefault(target, Ordered())[policy.name] = None


def unlink(store: Store, policy: Policy, target: str) -> None:
    """Detach the policy from a target; what is not attached stays as it is."""
    policy.targets.discard(target)
    if target in store.policies_of:
        store.policies_of[target].discard(policy.name)


def summary(policy: Policy) -> dict[str, str]:
    """Name and ARN, as the lists of policies give them."""
    return {"policyName": policy.name, "policyArn": policy.arn}


def check_document(document: str) -> None:
    """A policy document: JSON, with statements of known effect; raises MalformedPolicyException."""
    try:
        content = json.loads(document)
    except ValueError as problem:
        raise refusals.malformed_policy(f"Policy document is Malformed: {problem}") from problem
    if not isinstance(content, dict) or content.get("Version") != "2012-10-17":
        raise refusals.malformed_policy('Policy document is Malformed: it needs "Version": "2012-10-17"')
    statements = content.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise refusals.malformed_policy("Policy document is Malformed: it needs a Statement")
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise refusals.malformed_policy(
                "Policy document is Malformed: each statement needs an Effect of Allow or Deny"
            )
        if not statement.get("Action") or not statement.get("Resource"):
            raise refusals.malformed_policy(
                "Policy document is Malformed: each statement needs an Action and a Resource"
            )
    if len("".join(document.split())) > DOCUMENT_SIZE:
        raise refusals.malformed_policy(f"Policy document is Malformed: it has more than {DOCUMENT_SIZE} characters")


def _version(policy: Policy, version_id: str) -> PolicyVersion:
    version = policy.versions.get(version_id)
    if version is None:
        raise refusals.not_found(f"Policy version {version_id} of {policy.name} not found")
    return version
