"""AWS IoT as the provider: one thing and one certificate, whatever is lost, refused or already there."""

import json
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.provisioning.iot import RESENDS, AwsIot, Existing, Provisioned
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.sandbox.testing import Sandbox
from tests.provisioning.conftest import World, fault, inputs, is_pair, several, template

pytestmark = pytest.mark.sampled

KEY = new_key()
CSR = signing_request(KEY, "press")
ARN = "arn:aws:iot:eu-central-1:123456789012:thing/press"


@pytest.fixture
def provider(client: Aws, world: World) -> AwsIot:
    return AwsIot(client)


def registered(aws: Sandbox) -> int:
    return aws.counts().get("iot:RegisterThing", 0)


class TestLookUp:
    def test_a_thing_that_is_not_there_costs_one_call(self, provider: AwsIot, aws: Sandbox) -> None:
        assert provider.look_up("press") is None
        assert aws.counts() == {"iot:DescribeThing": 1}

    def test_a_thing_is_told_with_its_type_and_certificate(self, provider: AwsIot, world: World) -> None:
        world.iot.create_thing_type(thingTypeName="type")
        world.iot.create_thing(thingName="press", thingTypeName="type")
        arn = world.attach_new("press", CSR)
        assert provider.look_up("press") == Existing(ARN, "type", arn)

    def test_a_thing_without_certificate_has_none(self, provider: AwsIot, world: World) -> None:
        world.iot.create_thing(thingName="press")
        assert provider.look_up("press") == Existing(ARN, None, None)

    @pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
    def test_a_certificate_that_is_not_active_is_none(self, provider: AwsIot, world: World, status: str) -> None:
        world.iot.create_thing(thingName="press")
        world.switch(world.attach_new("press", CSR), status)
        assert provider.look_up("press") == Existing(ARN, None, None)

    def test_of_several_the_newest_active_one_counts(self, provider: AwsIot, world: World, aws: Sandbox) -> None:
        world.iot.create_thing(thingName="press")
        made = several(world, aws)
        world.switch(world.attach_new("press", CSR), "INACTIVE")
        assert provider.look_up("press") == Existing(ARN, None, made[-1])

    def test_principals_are_read_past_the_first_page(self, provider: AwsIot, world: World, aws: Sandbox) -> None:
        """The newest by date is the last by name, on whichever page that is."""
        world.iot.create_thing(thingName="press")
        made = [world.attach_new("press", CSR, active=False) for _ in range(27)]
        last = max(made)
        world.switch(last, "ACTIVE")
        aws.clear_calls()
        assert provider.look_up("press") == Existing(ARN, None, last)
        assert aws.counts()["iot:ListThingPrincipals"] == 2

    def test_principals_that_are_no_certificates_are_passed_over(self, provider: AwsIot, world: World) -> None:
        world.iot.create_thing(thingName="press")
        world.iot.attach_thing_principal(
            thingName="press", principal="eu-central-1:00000000-0000-4000-8000-000000000000"
        )
        assert provider.look_up("press") == Existing(ARN, None, None)

    @pytest.mark.parametrize("operation", ["DescribeThing", "ListThingPrincipals", "DescribeCertificate"])
    def test_a_refusal_is_no_missing_thing(self, client: Aws, world: World, aws: Sandbox, operation: str) -> None:
        world.iot.create_thing(thingName="press")
        world.attach_new("press", CSR)
        aws.put_faults([fault(f"iot:{operation}", "error", times=None)])
        with pytest.raises(AwsError, match=f"iot:{operation}: InternalFailure"):
            AwsIot(client).look_up("press")


class TestProvision:
    def test_thing_and_certificate_are_made_in_one_call(self, provider: AwsIot, world: World, aws: Sandbox) -> None:
        made = provider.provision(inputs(), CSR)
        assert aws.counts() == {"iot:RegisterThing": 1}
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert is_pair(KEY, made.certificate)
        assert provider.look_up("press") == Existing(ARN, None, made.certificate_arn)
        assert provider.certificate(made.certificate_arn) == made.certificate == world.pem(made.certificate_arn)

    def test_an_existing_thing_gets_a_certificate(self, provider: AwsIot, world: World) -> None:
        world.iot.create_thing(thingName="press")
        old = world.attach_new("press", CSR, active=False)
        made = provider.provision(inputs(), CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE", old: "INACTIVE"}

    @pytest.mark.parametrize("times", [1, 2, RESENDS])
    @pytest.mark.parametrize("kind", ["lost", "refused", "error", "throttle"])
    def test_one_certificate_whatever_becomes_of_the_answer(
        self, provider: AwsIot, world: World, aws: Sandbox, kind: str, times: int
    ) -> None:
        aws.put_faults([fault("iot:RegisterThing", kind, times=times)])
        made = provider.provision(inputs(), CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert is_pair(KEY, made.certificate)
        assert registered(aws) == (1 if kind == "lost" else times + 1)

    @pytest.mark.parametrize("kind", ["lost", "refused", "error", "throttle"])
    @pytest.mark.parametrize("operation", ["ListThingPrincipals", "DescribeCertificate"])
    def test_looking_what_was_made_survives_faults_too(
        self, provider: AwsIot, world: World, aws: Sandbox, operation: str, kind: str
    ) -> None:
        aws.put_faults([fault("iot:RegisterThing", "lost"), fault(f"iot:{operation}", kind, times=3)])
        made = provider.provision(inputs(), CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert registered(aws) == 1

    @pytest.mark.parametrize("kind", ["refused", "error"])
    def test_what_never_succeeds_is_an_error_that_leaves_nothing(
        self, provider: AwsIot, world: World, aws: Sandbox, kind: str
    ) -> None:
        aws.put_faults([fault("iot:RegisterThing", kind, times=None)])
        with pytest.raises(AnswerLostError, match=r"iot:RegisterThing: "):
            provider.provision(inputs(), CSR)
        assert registered(aws) == RESENDS + 1
        assert world.certificates() == {}

    def test_what_is_done_late_is_seen_before_anything_is_sent_again(self, world: World, aws: Sandbox) -> None:
        """AWS may still be at work when the connection breaks."""
        late: list[str] = []

        def sleep(_: float) -> None:
            if not late:
                world.iot.create_thing(thingName="press")
                late.append(world.attach_new("press", CSR))

        aws.put_faults([fault("iot:RegisterThing", "refused", times=1)])
        made = AwsIot(Aws(aws.region, sleep=sleep)).provision(inputs(), CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert late == [made.certificate_arn]
        assert registered(aws) == 1

    def test_certificates_for_other_keys_are_not_taken_for_ours(
        self, provider: AwsIot, world: World, aws: Sandbox
    ) -> None:
        world.iot.create_thing(thingName="press")
        foreign = world.attach_new("press", signing_request(new_key(), "press"))
        aws.put_faults([fault("iot:RegisterThing", "refused")])
        made = provider.provision(inputs(), CSR)
        assert made.certificate_arn != foreign
        assert is_pair(KEY, made.certificate)
        assert registered(aws) == 2

    def test_an_old_inactive_certificate_for_the_same_key_is_not_taken_for_a_new_one(
        self, provider: AwsIot, world: World, aws: Sandbox
    ) -> None:
        """As of a device that keeps its key, and so sends the same request for ever."""
        world.iot.create_thing(thingName="press")
        old = world.attach_new("press", CSR, active=False)
        aws.put_faults([fault("iot:RegisterThing", "refused")])
        made = provider.provision(inputs(), CSR)
        assert world.certificates() == {old: "INACTIVE", made.certificate_arn: "ACTIVE"}

    @pytest.mark.parametrize("status", ["INACTIVE", "inactive", {"Ref": "Status"}])
    def test_a_certificate_that_the_template_wants_inactive_is_found_again(
        self, provider: AwsIot, world: World, aws: Sandbox, status: Any
    ) -> None:
        body = json.loads(template(CertificateSigningRequest={"Ref": "CSR"}, Status=status))
        body["Parameters"]["Status"] = {"Type": "String", "Default": "INACTIVE"}
        aws.put_faults([fault("iot:RegisterThing", "lost")])
        made = provider.provision(inputs(templateBody=json.dumps(body)), CSR)
        assert world.certificates() == {made.certificate_arn: "INACTIVE"}
        assert registered(aws) == 1

    def test_the_request_goes_where_the_template_takes_it(self, provider: AwsIot, world: World) -> None:
        body = template(
            parameters=("ThingName", "CertificateSigningRequest"),
            CertificateSigningRequest={"Ref": "CertificateSigningRequest"},
        )
        made = provider.provision(inputs(templateBody=body, csrParameter="CertificateSigningRequest"), CSR)
        assert is_pair(KEY, made.certificate)


class TestOtherCertificates:
    """Templates that take a certificate instead of a request."""

    @pytest.fixture
    def by_id(self, world: World) -> dict[str, Any]:
        found = world.iot.create_certificate_from_csr(certificateSigningRequest=CSR, setAsActive=True)
        body = template(parameters=("ThingName", "CertificateId"), CertificateId={"Ref": "CertificateId"})
        parameters = {"ThingName": "press", "CertificateId": found["certificateId"]}
        return inputs(templateBody=body, parameters=parameters, csrParameter=None)

    @pytest.mark.parametrize("kind", [None, "lost", "refused", "error", "throttle"])
    def test_a_template_without_request_is_carried_out_once(
        self, provider: AwsIot, world: World, aws: Sandbox, by_id: dict[str, Any], kind: str | None
    ) -> None:
        if kind:
            aws.put_faults([fault("iot:RegisterThing", kind)])
        made = provider.provision(by_id, None)
        assert list(world.certificates()) == [made.certificate_arn]
        assert made.certificate == world.pem(made.certificate_arn)
        assert provider.look_up("press") == Existing(ARN, None, made.certificate_arn)

    def test_a_template_that_makes_no_certificate_is_an_error_that_says_so(
        self, provider: AwsIot, world: World
    ) -> None:
        body = json.loads(template(parameters=("ThingName",)))
        del body["Resources"]["certificate"]
        with pytest.raises(AwsError, match="press: its provisioning template makes no certificate") as caught:
            provider.provision(inputs(templateBody=json.dumps(body), csrParameter=None), None)
        assert caught.value.hint == "add a resource of type AWS::IoT::Certificate to the template"

    def test_what_aws_refuses_is_in_the_error(self, provider: AwsIot, aws: Sandbox) -> None:
        body = json.loads(template())
        body["Resources"]["thing"]["Properties"]["ThingTypeName"] = "nowhere"
        with pytest.raises(
            AwsError, match=r"^iot:RegisterThing: ResourceRegistrationFailureException: .*nowhere"
        ) as caught:
            provider.provision(inputs(templateBody=json.dumps(body)), CSR)
        assert not isinstance(caught.value, AnswerLostError)
        assert registered(aws) == 1


def test_what_was_made_shows_no_key() -> None:
    assert "secret" not in repr(Provisioned("arn", "PEM", b"secret"))
