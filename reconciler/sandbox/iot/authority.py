"""The certificate authority that stands in for Amazon's: made once a process, and certificates signed by it.

Keys are EC (P-256), the authority's and those it makes for devices: an RSA key takes some 60 ms to make, an EC key
far less than one, and nothing in the sandbox depends on which it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

# AWS IoT's own certificates end here: "Validity Not After: Dec 31 23:59:59 2049 GMT", developer guide.
END_OF_VALIDITY = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_SMALLEST_RSA = 2048

_SUBJECT_FIELDS = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "stateName": NameOID.STATE_OR_PROVINCE_NAME,
    "country": NameOID.COUNTRY_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Authority:
    """The sandbox's CA: its key, its certificate and that in PEM."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    pem: str


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key made for a device, both halves in PEM."""

    key: ec.EllipticCurvePrivateKey
    private_pem: str
    public_pem: str


@cache
def authority() -> Authority:
    """The process's authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "greengrass-reconciler sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox IoT CA"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(END_OF_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key=key, certificate=certificate, pem=_pem(certificate))


def make_keys() -> KeyPair:
    """A fresh key pair for a device."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(key=key, private_pem=private.decode(), public_pem=public.decode())


def subject(fields: Mapping[str, str]) -> x509.Name:
    """A subject from CDF's names for its parts (``commonName``, ``organization``, …); raises ValueError."""
    return x509.Name(
        [x509.NameAttribute(oid, str(fields[name])) for name, oid in _SUBJECT_FIELDS.items() if fields.get(name)]
    )


def sign(
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    name: x509.Name,
    *,
    now: datetime,
    days: int | None = None,
) -> str:
    """A new certificate in PEM: every call makes another one. Valid to the end of 2049 unless ``days`` are given."""
    ca = authority()
    start = now.replace(microsecond=0) - timedelta(minutes=2)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(ca.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(END_OF_VALIDITY if days is None else start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(ca.key, hashes.SHA256())
    )
    return _pem(certificate)


def read_request(pem: str) -> tuple[ec.EllipticCurvePublicKey | rsa.RSAPublicKey, x509.Name]:
    """Public key and subject of a signing request; raises ValueError that says what is wrong with it."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise ValueError("The certificate signing request is not valid PEM") from problem
    if not signed:
        raise ValueError("The certificate signing request does not bear its key's signature")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SMALLEST_RSA:
        return key, request.subject
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key, request.subject
    raise ValueError(
        "The certificate signing request's key is neither RSA with 2048 bits or more nor NIST P-256, P-384, P-521"
    )


def read_certificate(pem: str) -> x509.Certificate:
    """The first certificate in a PEM; raises ValueError."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as problem:
        raise ValueError("The certificate is not valid PEM") from problem


def fingerprint(certificate: x509.Certificate) -> str:
    """The certificate's id in AWS IoT: the SHA-256 of its DER, in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    """Whether ``ca`` signed the certificate."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
