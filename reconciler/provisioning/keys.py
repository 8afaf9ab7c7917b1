"""Device keys and certificate signing requests. A key is made here and never leaves but into the artifact bucket."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import NameOID

from reconciler.model.errors import ReconcileError

KEY_BITS = 2048
"""RSA 2048, as AWS IoT's own CreateKeysAndCertificate makes, and what every V1 core and device SDK can use."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def new_key() -> bytes:
    """A new private key: RSA, PKCS #1 PEM, unencrypted."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def signing_request(key: bytes, thing_name: str) -> str:
    """A certificate signing request (PEM) for ``key``, with the thing's name as common name (cut at X.509's 64).

    Raises ReconcileError for what is no key that AWS IoT takes.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, thing_name[:64])])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(_read(key, thing_name), hashes.SHA256())
    )
    if not request.is_signature_valid:
        raise _no_key(thing_name)
    return request.public_bytes(serialization.Encoding.PEM).decode()


def certifies(certificate: str, request: str) -> bool:
    """Whether the certificate (PEM) is for the key that signed ``request`` (PEM)."""
    return _public(certificate) == _encoded(x509.load_pem_x509_csr(request.encode()).public_key())


def certificate_id(certificate: str) -> str:
    """The id that AWS IoT gives a certificate (PEM): the SHA-256 of its DER (API reference, CertificateDescription)."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex()


def fits(certificate: str, key: bytes, thing_name: str) -> bool:
    """Whether the certificate (PEM) is for ``key``. Raises ReconcileError for what is no key that AWS IoT takes."""
    return _public(certificate) == _encoded(_read(key, thing_name).public_key())


def _read(key: bytes, thing_name: str) -> PrivateKey:
    try:
        # That its primes are primes is not tested, which takes a tenth of a second for each of many thousands of keys:
        # a wrong one is found out by what it signs.
        private = serialization.load_pem_private_key(key, password=None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        private = None
    if isinstance(private, PrivateKey):
        return private
    # Outside of the handler, and without what is wrong: nothing of a key may come into a message.
    raise _no_key(thing_name)


def _no_key(thing_name: str) -> ReconcileError:
    return ReconcileError(
        f"the private key of {thing_name} is none that AWS IoT takes: RSA or elliptic curve, in PEM, not encrypted",
        hint="take its certs.zip out of the artifact bucket, so that a new key is made, and apply again",
    )


def _public(certificate: str) -> bytes:
    return _encoded(x509.load_pem_x509_certificate(certificate.encode()).public_key())


def _encoded(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
