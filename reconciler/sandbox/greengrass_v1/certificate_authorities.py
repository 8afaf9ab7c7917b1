"""The certificate authority of each group, which signs the local server's certificate on its core."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.greengrass_v1.groups import Groups
from reconciler.sandbox.greengrass_v1.names import Arns, new_id
from reconciler.sandbox.greengrass_v1.refusals import bad_request, id_not_found

AUTHORITY_EXPIRY = 2_524_607_999_000
"""Milliseconds; what AWS's own samples show."""
USUAL_EXPIRY = 604_800_000
"""Seven days in milliseconds, the default for the server's certificate (V1 developer guide, gg-sec.md)."""
LONGEST_EXPIRY = 2_592_000_000
"""Thirty days in milliseconds."""


class CertificateAuthorities:
    """Authorities by group and id, and how long the certificates that they sign are good for."""

    def __init__(self, arns: Arns, clock: Clock, groups: Groups) -> None:
        self._arns = arns
        self._clock = clock
        self._groups = groups
        self._authorities: dict[str, dict[str, str]] = {}
        self._expiry: dict[str, int] = {}

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The five operations."""
        return {
            "CreateGroupCertificateAuthority": self._create,
            "GetGroupCertificateAuthority": self._get,
            "ListGroupCertificateAuthorities": self._list,
            "GetGroupCertificateConfiguration": self._get_configuration,
            "UpdateGroupCertificateConfiguration": self._update_configuration,
        }

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        group, authority_id = self._groups.get(params["GroupId"]), new_id()
        # A second authority takes the first one's place.
        self._authorities[group.id] = {authority_id: _certificate(group.id, self._clock.now())}
        return {"GroupCertificateAuthorityArn": self._arn(group.id, authority_id)}

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        group, authority_id = self._groups.get(params["GroupId"]), params["CertificateAuthorityId"]
        certificate = self._authorities.get(group.id, {}).get(authority_id)
        if certificate is None:
            raise id_not_found("That certificate authority does not exist.")
        return {
            "GroupCertificateAuthorityArn": self._arn(group.id, authority_id),
            "GroupCertificateAuthorityId": authority_id,
            "PemEncodedCertificate": certificate,
        }

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.get(params["GroupId"])
        return {
            "GroupCertificateAuthorities": [
                {
                    "GroupCertificateAuthorityArn": self._arn(group.id, authority_id),
                    "GroupCertificateAuthorityId": authority_id,
                }
                for authority_id in self._authorities.get(group.id, {})
            ]
        }

    def _get_configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.get(params["GroupId"])
        return {
            "CertificateAuthorityExpiryInMilliseconds": str(AUTHORITY_EXPIRY),
            "CertificateExpiryInMilliseconds": str(self._expiry.get(group.id, USUAL_EXPIRY)),
            "GroupId": group.id,
        }

    def _update_configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        group, expiry = self._groups.get(params["GroupId"]), params.get("CertificateExpiryInMilliseconds")
        if expiry is not None:
            if not (expiry.isascii() and expiry.isdigit() and 0 < int(expiry) <= LONGEST_EXPIRY):
                raise bad_request(f"The certificate expiry must be 1 to {LONGEST_EXPIRY} milliseconds.")
            self._expiry[group.id] = int(expiry)
        return self._get_configuration(params)

    def _arn(self, group_id: str, authority_id: str) -> str:
        return self._arns.of(f"groups/{group_id}/certificateauthorities/{authority_id}")


def _certificate(group_id: str, now: datetime) -> str:
    """A real certificate authority in PEM; its key is thrown away, since no simulated core signs anything."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{group_id}:Greengrass group CA")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=7_300))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
