"""Bringing things into groups: the key in S3 always fits the certificate, and there is one certificate a thing."""

import json
import logging
import traceback
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError, ConfigurationError, ReconcileError
from reconciler.model.fleet import Fleet, Provisioning
from reconciler.model.position import Position
from reconciler.provisioning.artifacts import ArtifactStore, root_ca
from reconciler.provisioning.cdf import CdfProvisioning
from reconciler.provisioning.cdf_transport import HttpTransport
from reconciler.provisioning.iot import AwsIot, Provisioned
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.provisioning.provision import Provisioner, missing_artifacts_bucket, provider_for
from reconciler.sandbox.testing import Sandbox
from tests.provisioning.conftest import GROUP, World, fault, inputs, is_pair, template

pytestmark = pytest.mark.sampled

KEY = new_key()
CSR = signing_request(KEY, "press")


@pytest.fixture
def provisioner(client: Aws, store: ArtifactStore) -> Provisioner:
    return Provisioner(client, AwsIot(client), store)


def assert_whole(world: World, arn: str, *, others: int = 0) -> None:
    """The thing has one active certificate, ``arn``, and its key is the one in S3."""
    certificates = world.certificates()
    assert certificates.pop(arn) == "ACTIVE"
    assert [status for status in certificates.values() if status != "ACTIVE"] == list(certificates.values())
    assert len(certificates) == others
    members = world.members("press")
    assert members is not None
    assert set(members) == {"cert.pem", "private.key", "root.ca.pem"}
    assert members["cert.pem"].decode() == world.pem(arn)
    assert members["root.ca.pem"].decode() == root_ca()
    assert is_pair(members["private.key"], world.pem(arn))


class TestProvision:
    def test_a_device_takes_one_registration_and_two_writes(
        self, provisioner: Provisioner, world: World, aws: Sandbox
    ) -> None:
        assert_whole(world, provisioner.provision(GROUP, inputs()))
        assert world.members("press", "greengrassCoreConfig.zip") is None

    def test_the_key_is_stored_before_anything_is_asked_for(
        self, provisioner: Provisioner, aws: Sandbox, world: World
    ) -> None:
        provisioner.provision(GROUP, inputs())
        assert [f"{call['service']}:{call['operation']}" for call in aws.calls()] == [
            "s3:PutObject",
            "iot:RegisterThing",
            "s3:PutObject",
        ]

    def test_a_core_gets_its_configuration_and_the_endpoint_is_asked_for_once(
        self, provisioner: Provisioner, world: World, aws: Sandbox
    ) -> None:
        for name in ("one", "two"):
            provisioner.provision(GROUP, inputs(name, role="core"))
        assert aws.counts()["iot:DescribeEndpoint"] == 1
        members = world.members("two", "greengrassCoreConfig.zip")
        assert members is not None
        core = json.loads(members["config.json"])["coreThing"]
        assert core["thingArn"].endswith(":thing/two")
        assert core["iotHost"] == world.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]

    @pytest.mark.parametrize("kind", ["lost", "refused", "error", "throttle"])
    @pytest.mark.parametrize("after", [0, 1])
    @pytest.mark.parametrize("operation", ["s3:PutObject", "iot:RegisterThing"])
    def test_one_certificate_and_its_key_whatever_fault_there_is(
        self, provisioner: Provisioner, world: World, aws: Sandbox, operation: str, after: int, kind: str
    ) -> None:
        aws.put_faults([fault(operation, kind, times=2, after=after)])
        assert_whole(world, provisioner.provision(GROUP, inputs()))

    @pytest.mark.parametrize("kind", ["lost", "refused"])
    @pytest.mark.parametrize("call", range(3))
    def test_a_run_that_was_cut_off_at_any_call_is_finished_by_the_next(
        self, world: World, aws: Sandbox, store: ArtifactStore, call: int, kind: str
    ) -> None:
        """The same action again: the key that was stored is used, its certificate found."""

        class CutOffError(BaseException):
            """As a process that is killed."""

        def die(_: float) -> None:
            raise CutOffError

        aws.put_faults([fault("*:*", kind, times=None, after=call)])
        cut = Aws(aws.region, sleep=die)
        with pytest.raises(CutOffError):
            Provisioner(cut, AwsIot(cut), ArtifactStore(cut, store.bucket, store.prefix)).provision(GROUP, inputs())
        aws.put_faults([])
        whole = Aws(aws.region)
        again = Provisioner(whole, AwsIot(whole), ArtifactStore(whole, store.bucket, store.prefix))
        assert_whole(world, again.provision(GROUP, inputs()))

    def test_carried_out_again_it_finds_what_it_made(
        self, provisioner: Provisioner, world: World, aws: Sandbox
    ) -> None:
        arn = provisioner.provision(GROUP, inputs())
        before = world.members("press")
        assert provisioner.provision(GROUP, inputs()) == arn
        assert_whole(world, arn)
        assert world.members("press") == before
        assert aws.counts()["iot:RegisterThing"] == 1

    @pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
    def test_a_key_whose_certificate_was_deactivated_is_not_certified_again(
        self, provisioner: Provisioner, world: World, status: str
    ) -> None:
        """It may have been deactivated because the key is known to others."""
        old = provisioner.provision(GROUP, inputs())
        key = (world.members("press") or {})["private.key"]
        world.switch(old, status)
        assert_whole(world, provisioner.provision(GROUP, inputs()), others=1)
        assert (world.members("press") or {})["private.key"] != key

    def test_a_device_with_its_own_key_leaves_none_anywhere(
        self, provisioner: Provisioner, world: World, aws: Sandbox
    ) -> None:
        arn = provisioner.provision(GROUP, inputs(csr=CSR))
        assert world.certificates() == {arn: "ACTIVE"}
        assert is_pair(KEY, world.pem(arn))
        assert world.members("press") == {"cert.pem": world.pem(arn).encode(), "root.ca.pem": root_ca().encode()}
        assert aws.writes() == ["iot:RegisterThing", "s3:PutObject"]

    @pytest.mark.parametrize("declared", [None, "CSR"])
    def test_a_certificate_for_another_key_is_stored_without_one(
        self, provisioner: Provisioner, world: World, declared: str | None
    ) -> None:
        """A template that takes a certificate made before, with and without a parameter for requests beside it."""
        found = world.iot.create_certificate_from_csr(certificateSigningRequest=CSR, setAsActive=True)
        names = ("ThingName", "CertificateId", "CSR")
        carried = inputs(
            templateBody=template(parameters=names, CertificateId={"Ref": "CertificateId"}),
            parameters={"ThingName": "press", "CertificateId": found["certificateId"], "CSR": ""},
            csrParameter=declared,
        )
        assert provisioner.provision(GROUP, carried) == found["certificateArn"]
        members = world.members("press")
        assert members == {"cert.pem": found["certificatePem"].encode(), "root.ca.pem": root_ca().encode()}

    def test_a_bucket_that_is_not_there_stops_it_before_a_certificate_is_made(
        self, client: Aws, world: World, aws: Sandbox
    ) -> None:
        provisioner = Provisioner(client, AwsIot(client), ArtifactStore(client, "nowhere", ""))
        with pytest.raises(AwsError, match="NoSuchBucket"):
            provisioner.provision(GROUP, inputs())
        assert world.certificates() == {}

    def test_a_stored_key_that_cannot_be_read_stops_it_before_a_certificate_is_made(
        self, provisioner: Provisioner, world: World
    ) -> None:
        world.put_members("press", {"private.key": KEY[:300]})
        with pytest.raises(ReconcileError, match="the private key of press is none that AWS IoT takes"):
            provisioner.provision(GROUP, inputs())
        assert world.certificates() == {}
        assert world.members("press") == {"private.key": KEY[:300]}


class TestCdf:
    def test_the_key_that_cdf_made_is_the_one_that_is_stored(self, client: Aws, world: World, aws: Sandbox) -> None:
        """Also where a request of ours went along, which CDF had no use for."""
        aws.world.cdf.version = "head"
        body = json.loads(
            template(parameters=("ThingName", "CSR", "CertificateId"), CertificateId={"Ref": "CertificateId"})
        )
        configuration = {"LocationConstraint": aws.region}
        world.s3.create_bucket(Bucket="cdf-templates", CreateBucketConfiguration=configuration)
        text = json.dumps(body | {"CDF": {"createDeviceAWSCertificate": True}}).encode()
        world.s3.put_object(Bucket="cdf-templates", Key="templates/by-aws.json", Body=text)
        store = ArtifactStore(client, "fleet-artifacts", "demo/")
        provisioner = Provisioner(client, CdfProvisioning(client, HttpTransport(client, f"{aws.url}/cdf")), store)
        carried = inputs(templateBody=None, provisioningTemplateId="by-aws")
        assert_whole(world, provisioner.provision(GROUP, carried))


class TestAssociate:
    def test_a_thing_with_everything_in_place_costs_one_read(
        self, provisioner: Provisioner, world: World, aws: Sandbox
    ) -> None:
        arn = provisioner.provision(GROUP, inputs())
        aws.clear_calls()
        assert provisioner.associate(GROUP, inputs(certificateArn=arn)) == arn
        assert aws.counts() == {"s3:GetObject": 1}

    def test_a_half_stored_archive_is_finished(self, provisioner: Provisioner, world: World) -> None:
        world.put_members("press", {"private.key": KEY})
        world.iot.create_thing(thingName="press")
        arn = world.attach_new("press", CSR)
        assert provisioner.associate(GROUP, inputs(certificateArn=arn)) == arn
        assert_whole(world, arn)
        assert (world.members("press") or {})["private.key"] == KEY

    def test_a_key_that_is_not_the_certificates_is_left_alone(self, provisioner: Provisioner, world: World) -> None:
        other = new_key()
        world.put_members("press", {"private.key": other})
        world.iot.create_thing(thingName="press")
        provisioner.associate(GROUP, inputs(certificateArn=world.attach_new("press", CSR)))
        assert world.members("press") == {"private.key": other}

    def test_a_thing_that_was_made_elsewhere_gets_no_archive(self, provisioner: Provisioner, world: World) -> None:
        world.iot.create_thing(thingName="press")
        arn = world.attach_new("press", CSR)
        assert provisioner.associate(GROUP, inputs(certificateArn=arn)) == arn
        assert world.members("press") is None

    def test_a_core_gets_its_configuration(self, provisioner: Provisioner, world: World) -> None:
        world.iot.create_thing(thingName="press")
        arn = world.attach_new("press", CSR)
        provisioner.associate(GROUP, inputs(certificateArn=arn, role="core"))
        assert set(world.members("press", "greengrassCoreConfig.zip") or {}) == {"config.json"}


class TestProviderFor:
    def test_the_fleet_names_its_provider(self, client: Aws) -> None:
        iot = provider_for(client, Fleet("demo", "123456789012", "eu-central-1"))
        cdf = provider_for(client, Fleet("demo", "1" * 12, "eu-central-1", Provisioning("cdf", "http://cdf")))
        assert (iot, cdf) == (AwsIot(client), CdfProvisioning(client, HttpTransport(client, "http://cdf")))

    def test_cdf_without_url_is_not_aws_iot_in_silence(self, client: Aws) -> None:
        place = Position("fleet.yaml", 8, 3)
        with pytest.raises(ConfigurationError) as caught:
            provider_for(client, Fleet("demo", "1" * 12, "eu-central-1", Provisioning("cdf", position=place)))
        assert [problem.position for problem in caught.value.problems] == [place]

    def test_a_fleet_without_bucket_is_told_what_to_add(self) -> None:
        place = Position("fleet.yaml", 2, 1)
        error = missing_artifacts_bucket(Fleet("demo", "1" * 12, "eu-central-1", position=place))
        (problem,) = error.problems
        assert (problem.position, problem.rule) == (place, "artifacts-needed")
        assert "artifacts: {bucket: …" in problem.hint


class _Leaky:
    """A provider that fails with a key in hand."""

    def look_up(self, thing_name: str) -> None:
        return None

    def certificate(self, certificate_arn: str) -> str:
        raise AssertionError(certificate_arn)

    def made_for(self, inputs: Any, csr: str) -> Provisioned | None:
        return None

    def provision(self, inputs: Any, csr: str | None) -> Provisioned:
        raise AwsError(f"not made: {Provisioned('arn', 'PEM', KEY)}", operation="cdf:CreateThing", code="X")


def test_a_private_key_shows_in_no_log_error_or_representation(
    client: Aws, store: ArtifactStore, world: World, aws: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provisioner = Provisioner(client, AwsIot(client), store)
    provisioner.provision(GROUP, inputs())
    aws.put_faults([fault("iot:RegisterThing", "refused", times=None)])
    errors: list[ReconcileError] = []
    for name, tried in (("other", provisioner), ("third", Provisioner(client, _Leaky(), store))):
        with pytest.raises(AwsError) as caught:
            tried.provision(GROUP, inputs(name))
        errors.append(caught.value)
    keys = [(world.members(name) or {})["private.key"].decode() for name in ("press", "other", "third")]
    told = [caplog.text, repr(provisioner)]
    told += ["".join(traceback.format_exception(error)) for error in errors]
    for text in told:
        assert "PRIVATE KEY" not in text
        assert not [key for key in [*keys, KEY.decode()] if key.splitlines()[1] in text]
