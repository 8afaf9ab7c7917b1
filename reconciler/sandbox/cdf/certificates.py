"""Keys, certificates and signing requests that CDF makes for a device, from CDF's ``certInfo``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from reconciler.sandbox.iot.authority import authority, make_keys, sign, subject

DAYS = 365  # CDF's default expiry


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate with its private key and its CA's certificate, all PEM."""

    pem: str
    ca_pem: str
    private_key: str = field(repr=False)


def make_certificate(info: Mapping[str, Any], *, now: datetime) -> Made:
    """Key and certificate with the subject and life that ``certInfo`` says; raises ValueError."""
    days = info.get("daysExpiry", DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days < 10_000:
        raise ValueError(f"daysExpiry must be a number of days, not {days!r}")
    keys = make_keys()
    pem = sign(keys.key.public_key(), subject(info), now=now, days=days)
    return Made(pem=pem, ca_pem=authority().pem, private_key=keys.private_pem)


def make_request(info: Mapping[str, Any]) -> tuple[str, str]:
    """A signing request with the subject that ``certInfo`` says, and its private key; raises ValueError."""
    keys = make_keys()
    request = x509.CertificateSigningRequestBuilder().subject_name(subject(info)).sign(keys.key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode(), keys.private_pem
