"""Policies on certificates, Cognito identities and thing groups, by both generations of operations."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import marked_page
from reconciler.sandbox.iot.policies import link, summary, unlink
from reconciler.sandbox.iot.records import Policy
from reconciler.sandbox.iot.store import Handler, Store
from reconciler.sandbox.iot.thing_groups import ancestors

POLICIES_PER_TARGET = 10  # AWS IoT limits page


class PolicyTargets:
    """The operations that attach and detach policies, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "AttachPolicy": lambda params: self.attach(params["policyName"], params["target"]),
            "DetachPolicy": lambda params: self.detach(params["policyName"], params["target"]),
            "AttachPrincipalPolicy": lambda params: self.attach(params["policyName"], params["principal"]),
            "DetachPrincipalPolicy": self.detach_principal,
            "ListAttachedPolicies": self.list_attached,
            "ListPrincipalPolicies": self.list_of_principal,
            "ListPolicyPrincipals": self.list_principals,
            "ListTargetsForPolicy": self.list_targets,
        }

    def attach(self, policy_name: str, target: str) -> dict[str, Any]:
        """Attaching again is a success; at most ten policies on a target."""
        policy = self._store.policy(policy_name)
        self._check_target(target)
        attached = self._store.policies_of.get(target)
        if attached is not None and policy.name not in attached and len(attached) >= POLICIES_PER_TARGET:
            raise refusals.limit_exceeded(f"The target has {POLICIES_PER_TARGET} policies already (target={target})")
        link(self._store, policy, target)
        return {}

    def detach(self, policy_name: str, target: str) -> dict[str, Any]:
        """Detaching what is not attached is a success."""
        policy = self._store.policies.get(policy_name)
        if policy is not None:
            unlink(self._store, policy, target)
        return {}

    def detach_principal(self, params: dict[str, Any]) -> dict[str, Any]:
        """The older operation, which does say when there is nothing to detach."""
        policy, principal = self._store.policy(params["policyName"]), params["principal"]
        if principal not in policy.targets:
            raise refusals.not_found(f"Policy {policy.name} is not attached to {principal}")
        unlink(self._store, policy, principal)
        return {}

    def list_attached(self, params: dict[str, Any]) -> dict[str, Any]:
        """The policies on a target; with ``recursive`` also those on the groups above a thing group."""
        target = params["target"]
        self._check_target(target)
        targets = [target]
        group_name = self._store.name_in(target, "thinggroup")
        if group_name is not None and params.get("recursive"):
            group = self._store.thing_group(group_name)
            targets.extend(above.arn for above in ancestors(self._store, group))
        return self._policies("ListAttachedPolicies", params, targets)

    def list_of_principal(self, params: dict[str, Any]) -> dict[str, Any]:
        """The policies on a certificate or Cognito identity."""
        self._store.check_principal(params["principal"])
        return self._policies("ListPrincipalPolicies", params, [params["principal"]])

    def list_principals(self, params: dict[str, Any]) -> dict[str, Any]:
        """The principals that bear a policy: its targets that are no thing groups."""
        return self._targets("ListPolicyPrincipals", "principals", params, principals_only=True)

    def list_targets(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything that bears a policy."""
        return self._targets("ListTargetsForPolicy", "targets", params, principals_only=False)

    def _targets(self, operation: str, member: str, params: dict[str, Any], *, principals_only: bool) -> dict[str, Any]:
        policy = self._store.policy(params["policyName"])

        def after(key: str) -> Iterator[tuple[str, str]]:
            for target, _ in policy.targets.after(key):
                if not (principals_only and self._store.name_in(target, "thinggroup")):
                    yield target, target

        targets, more = marked_page(operation, params, after)
        return {member: targets, **more}

    def _policies(self, operation: str, params: dict[str, Any], targets: list[str]) -> dict[str, Any]:
        names = sorted({name for target in targets for name in self._store.policies_of.get(target, ())})

        def after(key: str) -> Iterator[tuple[str, Policy]]:
            return ((name, self._store.policies[name]) for name in names if name > key)

        page, more = marked_page(operation, params, after)
        return {"policies": [summary(policy) for policy in page], **more}

    def _check_target(self, target: str) -> None:
        group_name = self._store.name_in(target, "thinggroup")
        if group_name is not None:
            self._store.thing_group(group_name)
        else:
            self._store.check_principal(target)
