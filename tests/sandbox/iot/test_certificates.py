"""Device certificates: made, registered, switched, deleted."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from reconciler.sandbox.cdf.certificates import make_certificate

Refused = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def request_with(key: Any, algorithm: Any = None) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm or hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def self_signed(*, until: datetime | None = None) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lonely")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    certificate = builder.not_valid_after(until or datetime(2049, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_the_id_is_the_hash_of_the_der(iot: Any, certificate: Any) -> None:
    made = certificate()
    assert made["certificateId"] == hashlib.sha256(der(made["certificatePem"])).hexdigest()
    assert made["certificateArn"] == f"arn:aws:iot:eu-central-1:123456789012:cert/{made['certificateId']}"


def test_a_certificate_bears_the_requests_key_and_subject(iot: Any, csr: str) -> None:
    made = iot.create_certificate_from_csr(certificateSigningRequest=csr)
    parsed = x509.load_pem_x509_certificate(made["certificatePem"].encode())
    asked = x509.load_pem_x509_csr(csr.encode())
    assert parsed.subject == asked.subject
    assert parsed.public_key() == asked.public_key()


def test_the_same_request_makes_another_certificate_every_time(iot: Any, certificate: Any) -> None:
    assert certificate()["certificateId"] != certificate()["certificateId"]


def test_certificates_are_inactive_unless_asked(iot: Any, certificate: Any) -> None:
    for active, status in ((True, "ACTIVE"), (False, "INACTIVE")):
        made = certificate(active=active)
        found = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert found["status"] == status
        assert found["certificatePem"] == made["certificatePem"]
        assert found["ownedBy"] == "123456789012"
        assert found["certificateMode"] == "DEFAULT"
        assert found["validity"]["notAfter"] == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert found["validity"]["notBefore"] < found["creationDate"]


def test_keys_belong_to_the_certificate_and_are_kept_nowhere(iot: Any) -> None:
    made = iot.create_keys_and_certificate(setAsActive=True)
    key = serialization.load_pem_private_key(made["keyPair"]["PrivateKey"].encode(), None)
    public = x509.load_pem_x509_certificate(made["certificatePem"].encode()).public_key()
    assert key.public_key() == public
    assert serialization.load_pem_public_key(made["keyPair"]["PublicKey"].encode()) == public
    assert "PrivateKey" not in str(iot.describe_certificate(certificateId=made["certificateId"]))


@pytest.mark.parametrize(
    "request_pem",
    [
        "nonsense",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        request_with(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - so that it is refused
        request_with(ec.generate_private_key(ec.SECP256K1())),
    ],
    ids=["text", "cut", "short RSA key", "other curve"],
)
def test_a_request_that_cannot_be_signed_is_refused(iot: Any, refused: Refused, request_pem: str) -> None:
    refusal = refused(iot.create_certificate_from_csr, certificateSigningRequest=request_pem)
    assert refusal[:2] == (400, "InvalidRequestException")
    assert iot.list_certificates()["certificates"] == []


def test_rsa_and_all_nist_curves_are_taken(iot: Any) -> None:
    keys = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()))
    for key in (*keys, ec.generate_private_key(ec.SECP521R1())):
        iot.create_certificate_from_csr(certificateSigningRequest=request_with(key))


def test_a_certificate_signed_by_the_given_ca_is_registered(iot: Any, refused: Refused) -> None:
    made = make_certificate({"commonName": "press"}, now=NOW)
    given = {"certificatePem": made.pem, "caCertificatePem": made.ca_pem}
    registered = iot.register_certificate(**given, status="ACTIVE")
    assert registered["certificateId"] == hashlib.sha256(der(made.pem)).hexdigest()
    found = iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]
    assert (found["status"], found["certificatePem"]) == ("ACTIVE", made.pem)
    with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as caught:
        iot.register_certificate(**given)
    assert caught.value.response["resourceArn"] == registered["certificateArn"]


def test_set_as_active_and_no_ca_are_fine_too(iot: Any) -> None:
    made = make_certificate({"commonName": "press"}, now=NOW)
    registered = iot.register_certificate(certificatePem=made.pem, setAsActive=True)
    found = iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]
    assert found["status"] == "ACTIVE"


def test_registering_is_refused_for_what_no_registered_ca_signed(iot: Any, refused: Refused) -> None:
    made, lonely = make_certificate({"commonName": "press"}, now=NOW), self_signed()
    for wrong in (
        {"certificatePem": lonely},
        {"certificatePem": "nonsense"},
        {"certificatePem": made.pem, "caCertificatePem": lonely},
        {"certificatePem": lonely, "caCertificatePem": lonely},
        {"certificatePem": made.pem, "caCertificatePem": "nonsense"},
    ):
        assert refused(iot.register_certificate, **wrong)[:2] == (400, "CertificateValidationException")
    both = {"certificatePem": made.pem, "status": "ACTIVE", "setAsActive": True}
    assert refused(iot.register_certificate, **both)[:2] == (400, "InvalidRequestException")


def test_without_a_ca_any_certificate_is_registered_but_no_expired_one(iot: Any, refused: Refused) -> None:
    registered = iot.register_certificate_without_ca(certificatePem=self_signed(), status="ACTIVE")
    found = iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]
    assert (found["status"], found["certificateMode"]) == ("ACTIVE", "SNI_ONLY")
    expired = self_signed(until=datetime(2021, 1, 1, tzinfo=UTC))
    refusal = refused(iot.register_certificate_without_ca, certificatePem=expired)
    assert refusal[:2] == (400, "CertificateValidationException")


def test_the_status_is_switched_but_not_to_what_is_awss_own(iot: Any, certificate: Any, refused: Refused) -> None:
    certificate_id = certificate()["certificateId"]
    for status in ("REVOKED", "ACTIVE", "INACTIVE", "INACTIVE"):
        iot.update_certificate(certificateId=certificate_id, newStatus=status)
        found = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
        assert found["status"] == status
    assert found["customerVersion"] == 4
    for status in ("PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE"):
        refusal = refused(iot.update_certificate, certificateId=certificate_id, newStatus=status)
        assert refusal[:2] == (400, "InvalidRequestException")
    assert refused(iot.update_certificate, certificateId="0" * 64, newStatus="ACTIVE")[0] == 404
    assert refused(iot.describe_certificate, certificateId="0" * 64)[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.describe_certificate, certificateId="g" * 64)[:2] == (400, "InvalidRequestException")


def test_a_certificate_in_use_is_not_deleted(iot: Any, certificate: Any, refused: Refused, document: str) -> None:
    made = certificate()
    delete = {"certificateId": made["certificateId"]}
    arn = made["certificateArn"]
    iot.create_thing(thingName="press")
    iot.create_policy(policyName="connect", policyDocument=document)
    iot.attach_policy(policyName="connect", target=arn)
    iot.attach_thing_principal(thingName="press", principal=arn)
    assert refused(iot.delete_certificate, **delete, forceDelete=True)[:2] == (406, "CertificateStateException")
    iot.update_certificate(**delete, newStatus="INACTIVE")
    assert refused(iot.delete_certificate, **delete, forceDelete=True)[:2] == (409, "DeleteConflictException")
    iot.detach_thing_principal(thingName="press", principal=arn)
    assert refused(iot.delete_certificate, **delete)[:2] == (409, "DeleteConflictException")
    iot.delete_certificate(**delete, forceDelete=True)
    assert refused(iot.delete_certificate, **delete)[:2] == (404, "ResourceNotFoundException")
    assert iot.list_targets_for_policy(policyName="connect")["targets"] == []
