"""RegisterThing: a thing, its certificate and its policies from a template, in one call.

What a template gets wrong is an InvalidRequestException, what the registry refuses a
ResourceRegistrationFailureException, and an existing resource whose OverrideSettings say FAIL a
ResourceConflictsException. All of that is found before anything is written. Without OverrideSettings an existing
resource takes what the template says, and what it leaves out stays.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.iot import authority, refusals
from reconciler.sandbox.iot.certificates import Certificates
from reconciler.sandbox.iot.policies import Policies, check_document
from reconciler.sandbox.iot.policy_targets import PolicyTargets
from reconciler.sandbox.iot.principals import Principals
from reconciler.sandbox.iot.records import Certificate, Thing
from reconciler.sandbox.iot.store import Handler, Store
from reconciler.sandbox.iot.template_body import (
    CERTIFICATE,
    POLICY,
    THING,
    VALUE_SIZE,
    parse,
)
from reconciler.sandbox.iot.thing_group_members import ThingGroupMembers
from reconciler.sandbox.iot.things import Things, check_attributes
from reconciler.sandbox.iot.wishes import (
    CertificateWish,
    PolicyWish,
    ThingWish,
    certificate_wish,
    policy_wish,
    thing_wish,
)


class RegisterThing:
    """RegisterThing over one store, by the operations that AWS calls, too."""

    def __init__(
        self,
        store: Store,
        things: Things,
        members: ThingGroupMembers,
        certificates: Certificates,
        principals: Principals,
    ) -> None:
        self._store = store
        self._things = things
        self._members = members
        self._certificates = certificates
        self._principals = principals
        self._policies = Policies(store)
        self._targets = PolicyTargets(store)
        self.handlers: dict[str, Handler] = {"RegisterThing": self.register}

    def register(self, params: dict[str, Any]) -> dict[str, Any]:
        """Provision what the template says; answers each resource's ARN by its logical name."""
        given = params.get("parameters", {})
        for name, value in given.items():
            if len(value) > VALUE_SIZE:
                raise refusals.invalid(f"The value of parameter {name} has more than {VALUE_SIZE} characters")
        body = parse(params["templateBody"]).evaluate(given)
        if body.of_type(POLICY) and not body.of_type(CERTIFICATE):
            raise refusals.invalid("Template body has a policy, but no certificate to attach it to")
        things = {resource.name: thing_wish(resource) for resource in body.of_type(THING)}
        certificates = {resource.name: certificate_wish(resource) for resource in body.of_type(CERTIFICATE)}
        policies = {resource.name: policy_wish(resource) for resource in body.of_type(POLICY)}
        for wish in things.values():
            self._check_thing(wish)
        for asked in policies.values():
            self._check_policy(asked)
        return self._provide(things, certificates, policies)

    def _provide(
        self,
        things: Mapping[str, ThingWish],
        certificates: Mapping[str, CertificateWish],
        policies: Mapping[str, PolicyWish],
    ) -> dict[str, Any]:
        """Write: the certificate first, since it is the last that can be refused."""
        arns: dict[str, str] = {}
        answer: dict[str, Any] = {"resourceArns": arns}
        certificate: Certificate | None = None
        for name, asked in certificates.items():
            certificate = self._provide_certificate(asked)
            arns[name], answer["certificatePem"] = certificate.arn, certificate.pem
        for name, wish in things.items():
            thing = self._provide_thing(wish)
            arns[name] = thing.arn
            if certificate is not None:
                with _registering():
                    self._principals.attach({"thingName": thing.name, "principal": certificate.arn})
        for name, policy in policies.items():
            if certificate is not None:
                arns[name] = self._provide_policy(policy, certificate)
        return answer

    def _check_thing(self, wish: ThingWish) -> None:
        thing = self._store.things.get(wish.name)
        if thing is not None:
            for key, action in wish.overrides.items():
                if action == "FAIL":
                    raise refusals.resource_conflicts(f"Thing {wish.name} exists, and its {key} may not change")
        attributes, type_name, groups = _after(thing, wish)
        with _registering():
            check_attributes(attributes, typed=type_name is not None)
            if type_name is not None and (thing is None or thing.type_name != type_name):
                self._things.check_type(type_name)
            self._members.check_groups(groups)
            if wish.billing_group is not None:
                self._store.billing_group(wish.billing_group)

    def _provide_thing(self, wish: ThingWish) -> Thing:
        thing = self._store.things.get(wish.name)
        attributes, type_name, groups = _after(thing, wish)
        if thing is None:
            new: dict[str, Any] = {"thingName": wish.name, "attributePayload": {"attributes": attributes}}
            if type_name is not None:
                new["thingTypeName"] = type_name
            self._things.create(new)
            thing = self._store.thing(wish.name)
        elif (attributes, type_name) != (thing.attributes, thing.type_name):
            self._things.change(thing, attributes=attributes, type_name=type_name)
        self._members.set_groups(thing, groups)
        if wish.billing_group is not None:
            self._things.set_billing_group(thing, wish.billing_group)
        return thing

    def _provide_certificate(self, wish: CertificateWish) -> Certificate:
        with _registering():
            if wish.key == "CertificateSigningRequest":
                request = {"certificateSigningRequest": wish.value, "setAsActive": wish.status == "ACTIVE"}
                return self._store.certificate(self._certificates.create_from_request(request)["certificateId"])
            known = self._known_certificate(wish)
        if known is not None:
            if wish.override == "FAIL":
                raise refusals.resource_conflicts(f"Certificate {known.id} exists, and its Status may not change")
            if wish.override == "REPLACE":
                self._certificates.set_status(known, wish.status)
            return known
        with _registering():
            registration = {"certificatePem": wish.value, "status": wish.status}
            if wish.ca_pem is not None:
                registration["caCertificatePem"] = wish.ca_pem
            return self._store.certificate(self._certificates.register(registration)["certificateId"])

    def _known_certificate(self, wish: CertificateWish) -> Certificate | None:
        if wish.key == "CertificateId":
            return self._store.certificate(wish.value)
        try:
            certificate_id = authority.fingerprint(authority.read_certificate(wish.value))
        except ValueError as problem:
            raise refusals.certificate_validation(str(problem)) from problem
        return self._store.certificates.get(certificate_id)

    def _check_policy(self, wish: PolicyWish) -> None:
        with _registering():
            if wish.document is None:
                self._store.policy(wish.name)
            else:
                check_document(wish.document)

    def _provide_policy(self, wish: PolicyWish, certificate: Certificate) -> str:
        with _registering():
            if wish.document is not None and wish.name not in self._store.policies:
                self._policies.create({"policyName": wish.name, "policyDocument": wish.document})
            self._targets.attach(wish.name, certificate.arn)
        return self._store.policy(wish.name).arn


@contextmanager
def _registering() -> Iterator[None]:
    """What the registry refuses inside is RegisterThing's own error."""
    try:
        yield
    except ServiceError as problem:
        raise refusals.registration_failure(problem.message) from problem


def _after(thing: Thing | None, wish: ThingWish) -> tuple[dict[str, str], str | None, set[str]]:
    """Attributes, type and groups that the thing will have."""
    wanted_attributes, wanted_groups = dict(wish.attributes or {}), set(wish.groups or ())
    if thing is None:
        return wanted_attributes, wish.type_name, wanted_groups
    attributes, type_name, groups = dict(thing.attributes), thing.type_name, set(thing.groups)
    if wish.attributes is not None:
        action = wish.overrides.get("AttributePayload", "REPLACE")
        merged = attributes | wanted_attributes
        attributes = {"REPLACE": wanted_attributes, "MERGE": merged}.get(action, attributes)
    if wish.type_name is not None and wish.overrides.get("ThingTypeName", "REPLACE") == "REPLACE":
        type_name = wish.type_name
    if wish.groups is not None:
        action = wish.overrides.get("ThingGroups", "REPLACE")
        groups = {"REPLACE": wanted_groups, "MERGE": groups | wanted_groups}.get(action, groups)
    return attributes, type_name, groups
