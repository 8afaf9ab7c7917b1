"""Keys, signing requests, and which certificate is for which."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from reconciler.model.errors import ReconcileError
from reconciler.provisioning.keys import certifies, fits, new_key, signing_request


def pem(key: PrivateKeyTypes, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def certificate_for(request: str) -> str:
    """A certificate for a request, by an authority that nobody knows."""
    csr, authority = x509.load_pem_x509_csr(request.encode()), ec.generate_private_key(ec.SECP256R1())
    now = datetime(2026, 11, 20, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(csr.subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")]))
        .public_key(csr.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_key_is_rsa_2048_in_pkcs1_and_never_the_same() -> None:
    key = new_key()
    assert key.startswith(b"-----BEGIN RSA PRIVATE KEY-----\n")
    loaded = serialization.load_pem_private_key(key, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    assert loaded.key_size == 2048
    assert key != new_key()


def test_a_request_is_signed_by_its_key_and_names_the_thing() -> None:
    csr = x509.load_pem_x509_csr(signing_request(new_key(), "press").encode())
    assert csr.is_signature_valid
    assert [name.value for name in csr.subject] == ["press"]


def test_a_name_longer_than_x509_allows_is_cut() -> None:
    csr = x509.load_pem_x509_csr(signing_request(new_key(), "p" * 128).encode())
    assert [name.value for name in csr.subject] == ["p" * 64]


@pytest.mark.parametrize("key", [new_key(), pem(ec.generate_private_key(ec.SECP256R1()))], ids=["rsa", "ec"])
def test_a_certificate_fits_the_key_of_its_request_and_no_other(key: bytes) -> None:
    request, other = signing_request(key, "press"), new_key()
    certificate = certificate_for(request)
    assert certifies(certificate, request)
    assert fits(certificate, key, "press")
    assert not certifies(certificate, signing_request(other, "press"))
    assert not fits(certificate, other, "press")


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
UNFIT = {
    "cut": pem(RSA)[:400],
    "empty": b"",
    "no PEM": b"\x00\xff",
    "encrypted": pem(RSA, b"password"),
    "of a kind that AWS IoT lacks": pem(ed25519.Ed25519PrivateKey.generate()),
}


@pytest.mark.parametrize("key", UNFIT.values(), ids=UNFIT.keys())
def test_a_key_that_cannot_be_used_is_named_by_its_thing_alone(key: bytes) -> None:
    with pytest.raises(ReconcileError, match="the private key of press is none that AWS IoT takes") as caught:
        signing_request(key, "press")
    assert "certs.zip" in caught.value.hint
    assert caught.value.__context__ is None
    with pytest.raises(ReconcileError):
        fits(certificate_for(signing_request(pem(RSA), "press")), key, "press")


def test_a_key_that_signs_what_it_cannot_prove_is_found_out() -> None:
    numbers = RSA.private_numbers()
    public = rsa.RSAPublicNumbers(3, numbers.public_numbers.n)
    wrong = rsa.RSAPrivateNumbers(numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp, public)
    with pytest.raises(ReconcileError, match="the private key of press is none that AWS IoT takes"):
        signing_request(pem(wrong.private_key(unsafe_skip_rsa_key_validation=True)), "press")
