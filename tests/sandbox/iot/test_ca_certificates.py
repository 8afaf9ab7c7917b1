"""CA certificates of the account, and device certificates that they signed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Refused = Callable[..., tuple[int, str, str]]


class Ca:
    """A certificate authority of somebody's own."""

    def __init__(self, *, is_ca: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plant CA")])
        self.pem = self.sign("plant CA", self.key, is_ca=is_ca)

    def sign(self, common_name: str, key: Any = None, *, is_ca: bool = False) -> str:
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def ca(iot: Any) -> tuple[Ca, str]:
    """A registered, active CA and its id."""
    made = Ca()
    verification = made.sign(iot.get_registration_code()["registrationCode"])
    registered = iot.register_ca_certificate(
        caCertificate=made.pem, verificationCertificate=verification, setAsActive=True
    )
    return made, registered["certificateId"]


def test_a_ca_comes_back_changes_and_goes(iot: Any, ca: tuple[Ca, str], refused: Refused) -> None:
    made, ca_id = ca
    found = iot.describe_ca_certificate(certificateId=ca_id)["certificateDescription"]
    assert (found["status"], found["autoRegistrationStatus"], found["certificatePem"]) == (
        "ACTIVE",
        "DISABLE",
        made.pem,
    )
    assert [item["certificateId"] for item in iot.list_ca_certificates()["certificates"]] == [ca_id]
    assert iot.list_ca_certificates(templateName="jitp")["certificates"] == []
    assert refused(iot.delete_ca_certificate, certificateId=ca_id)[:2] == (406, "CertificateStateException")
    iot.update_ca_certificate(
        certificateId=ca_id,
        newStatus="INACTIVE",
        newAutoRegistrationStatus="ENABLE",
        registrationConfig={"templateName": "jitp"},
    )
    found = iot.describe_ca_certificate(certificateId=ca_id)
    assert found["certificateDescription"]["autoRegistrationStatus"] == "ENABLE"
    assert found["registrationConfig"] == {"templateName": "jitp"}
    iot.update_ca_certificate(certificateId=ca_id, removeAutoRegistration=True)
    assert iot.describe_ca_certificate(certificateId=ca_id)["registrationConfig"] == {}
    iot.delete_ca_certificate(certificateId=ca_id)
    assert refused(iot.describe_ca_certificate, certificateId=ca_id)[:2] == (404, "ResourceNotFoundException")


def test_its_device_certificates_are_registered_with_and_without_naming_it(
    iot: Any, ca: tuple[Ca, str], refused: Refused
) -> None:
    made, ca_id = ca
    first = iot.register_certificate(certificatePem=made.sign("a"), caCertificatePem=made.pem)["certificateId"]
    second = iot.register_certificate(certificatePem=made.sign("b"))["certificateId"]
    listed = iot.list_certificates_by_ca(caCertificateId=ca_id, ascendingOrder=True)["certificates"]
    assert [item["certificateId"] for item in listed] == [first, second]
    described = iot.describe_certificate(certificateId=first)["certificateDescription"]
    assert described["caCertificateId"] == ca_id
    iot.update_ca_certificate(certificateId=ca_id, newStatus="INACTIVE")
    refusal = refused(iot.register_certificate, certificatePem=made.sign("c"))
    assert refusal[:2] == (406, "CertificateStateException")
    impostor = Ca()  # the same name, another key
    refusal = refused(iot.register_certificate, certificatePem=impostor.sign("d"))
    assert refusal[:2] == (400, "CertificateValidationException")


def test_registering_takes_a_ca_and_the_proof_of_its_key(iot: Any, refused: Refused) -> None:
    ca, other = Ca(), Ca()
    code = iot.get_registration_code()["registrationCode"]
    register = iot.register_ca_certificate
    assert iot.get_registration_code()["registrationCode"] == code
    assert refused(register, caCertificate=ca.pem)[:2] == (400, "InvalidRequestException")
    for wrong in (
        {"caCertificate": "nonsense", "verificationCertificate": ca.sign(code)},
        {"caCertificate": ca.pem, "verificationCertificate": "nonsense"},
        {"caCertificate": ca.pem, "verificationCertificate": other.sign(code)},
        {"caCertificate": Ca(is_ca=False).pem, "verificationCertificate": ca.sign(code)},
    ):
        assert refused(register, **wrong)[:2] == (400, "CertificateValidationException")
    refusal = refused(register, caCertificate=ca.pem, verificationCertificate=ca.sign("another name"))
    assert refusal[:2] == (400, "RegistrationCodeValidationException")
    iot.delete_registration_code()
    refusal = refused(register, caCertificate=ca.pem, verificationCertificate=ca.sign(code))
    assert refusal[1] == "RegistrationCodeValidationException"
    register(caCertificate=ca.pem, certificateMode="SNI_ONLY")
    refusal = refused(register, caCertificate=ca.pem, certificateMode="SNI_ONLY")
    assert refusal[:2] == (409, "ResourceAlreadyExistsException")
