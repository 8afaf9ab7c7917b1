"""Device certificates: made, registered, described, listed, switched and deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography import x509

from reconciler.sandbox.iot import authority, refusals
from reconciler.sandbox.iot.paging import by_creation, marked_page
from reconciler.sandbox.iot.records import CaCertificate, Certificate
from reconciler.sandbox.iot.store import Handler, Store

SETTABLE = frozenset({"ACTIVE", "INACTIVE", "REVOKED"})


class Certificates:
    """The operations on device certificates over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreateKeysAndCertificate": self.create_with_keys,
            "CreateCertificateFromCsr": self.create_from_request,
            "RegisterCertificate": self.register,
            "RegisterCertificateWithoutCA": self.register_without_ca,
            "DescribeCertificate": self.describe,
            "ListCertificates": self.list,
            "ListCertificatesByCA": self.list_by_ca,
            "UpdateCertificate": self.update,
            "DeleteCertificate": self.delete,
        }

    def create_with_keys(self, params: dict[str, Any]) -> dict[str, Any]:
        """A certificate and its key pair; the private key is answered this once and kept nowhere."""
        keys = authority.make_keys()
        name = authority.subject({"commonName": "AWS IoT Certificate"})
        pem = authority.sign(keys.key.public_key(), name, now=self._store.now())
        certificate = self.add(pem, active=params.get("setAsActive", False))
        pair = {"PublicKey": keys.public_pem, "PrivateKey": keys.private_pem}
        return {**_made(certificate), "certificatePem": pem, "keyPair": pair}

    def create_from_request(self, params: dict[str, Any]) -> dict[str, Any]:
        """A certificate for a device's own key; the same request again makes another certificate."""
        try:
            key, name = authority.read_request(params["certificateSigningRequest"])
        except ValueError as problem:
            raise refusals.invalid(str(problem)) from problem
        pem = authority.sign(key, name, now=self._store.now())
        certificate = self.add(pem, active=params.get("setAsActive", False))
        return {**_made(certificate), "certificatePem": pem}

    def register(self, params: dict[str, Any]) -> dict[str, Any]:
        """A certificate that a registered CA signed; the sandbox's own authority counts as registered."""
        if "setAsActive" in params and "status" in params:
            raise refusals.invalid("setAsActive and status cannot be given together")
        status = _settable(params.get("status", "ACTIVE" if params.get("setAsActive") else "INACTIVE"))
        parsed = _parse(params["certificatePem"])
        ca_id, mode = self._issuer(parsed, params.get("caCertificatePem"))
        certificate = self._register(parsed, params["certificatePem"], status=status, ca_id=ca_id, mode=mode)
        return _made(certificate)

    def register_without_ca(self, params: dict[str, Any]) -> dict[str, Any]:
        """Any certificate at all, in SNI_ONLY mode."""
        status = _settable(params.get("status", "INACTIVE"))
        pem = params["certificatePem"]
        return _made(self._register(_parse(pem), pem, status=status, ca_id=None, mode="SNI_ONLY"))

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one certificate, its PEM included."""
        certificate = self._store.certificate(params["certificateId"])
        description: dict[str, Any] = {
            **_summary(certificate),
            "certificatePem": certificate.pem,
            "ownedBy": self._store.account,
            "lastModifiedDate": certificate.modified,
            "customerVersion": certificate.customer_version,
            "transferData": {},
            "generationId": certificate.generation_id,
            "validity": {"notBefore": certificate.not_before, "notAfter": certificate.not_after},
        }
        if certificate.ca_id is not None:
            description["caCertificateId"] = certificate.ca_id
        return {"certificateDescription": description}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By time of creation."""
        return self._page("ListCertificates", params, list(self._store.certificates.values()))

    def list_by_ca(self, params: dict[str, Any]) -> dict[str, Any]:
        """Those that one CA signed, by time of creation."""
        ca_id = params["caCertificateId"]
        signed = [certificate for certificate in self._store.certificates.values() if certificate.ca_id == ca_id]
        return self._page("ListCertificatesByCA", params, signed)

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Switch the status."""
        certificate = self._store.certificate(params["certificateId"])
        self.set_status(certificate, _settable(params["newStatus"]))
        return {}

    def set_status(self, certificate: Certificate, status: str) -> None:
        """Switch to a status that is allowed; the same one again changes nothing."""
        if certificate.status != status:
            certificate.status = status
            self._store.stirred.update(self._store.things_of.get(certificate.arn, ()))
            certificate.modified = self._store.now()
            certificate.customer_version += 1

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Not while it is active or attached to a thing; not with policies either, unless ``forceDelete``."""
        certificate = self._store.certificate(params["certificateId"])
        arn = certificate.arn
        if certificate.status == "ACTIVE":
            raise refusals.certificate_state(
                f"Certificate must be deactivated (not ACTIVE) before deletion (id: {certificate.id})"
            )
        if self._store.things_of.get(arn):
            raise refusals.delete_conflict(f"Things must be detached before deletion (arn: {arn})")
        policies = self._store.policies_of.get(arn)
        if policies and not params.get("forceDelete"):
            raise refusals.delete_conflict(f"Certificate policies must be detached before deletion (arn: {arn})")
        for policy in policies or ():
            self._store.policies[policy].targets.discard(arn)
        self._store.policies_of.pop(arn, None)
        self._store.things_of.pop(arn, None)
        del self._store.certificates[certificate.id]
        return {}

    def add(
        self, pem: str, *, active: bool = False, status: str = "", ca_id: str | None = None, mode: str = "DEFAULT"
    ) -> Certificate:
        """Keep a certificate that is known to be new."""
        parsed = x509.load_pem_x509_certificate(pem.encode())
        certificate_id, now = authority.fingerprint(parsed), self._store.now()
        certificate = Certificate(
            id=certificate_id,
            arn=self._store.arn("cert", certificate_id),
            pem=pem,
            status=status or ("ACTIVE" if active else "INACTIVE"),
            created=now,
            modified=now,
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            generation_id=self._store.new_id(),
            sequence=self._store.next_sequence(),
            ca_id=ca_id,
            mode=mode,
        )
        self._store.certificates[certificate_id] = certificate
        return certificate

    def _register(
        self, parsed: x509.Certificate, pem: str, *, status: str, ca_id: str | None, mode: str
    ) -> Certificate:
        certificate_id, now = authority.fingerprint(parsed), self._store.now()
        if known := self._store.certificates.get(certificate_id):
            raise refusals.already_exists(
                "The certificate is already provisioned or registered", resource_id=known.id, arn=known.arn
            )
        _check_validity(parsed, now)
        return self.add(pem, status=status, ca_id=ca_id, mode=mode)

    def _issuer(self, parsed: x509.Certificate, ca_pem: str | None) -> tuple[str | None, str]:
        """Id and mode of the registered CA that signed the certificate; None is the sandbox's own."""
        if ca_pem is not None:
            given = _parse(ca_pem)
            if not authority.issued_by(parsed, given):
                raise refusals.certificate_validation("The certificate is not signed by the given CA certificate")
            if authority.fingerprint(given) == authority.fingerprint(authority.authority().certificate):
                return None, "DEFAULT"
            registered = self._store.ca_certificates.get(authority.fingerprint(given))
            if registered is None:
                raise refusals.certificate_validation("The CA certificate is not registered")
            return _active(registered)
        if authority.issued_by(parsed, authority.authority().certificate):
            return None, "DEFAULT"
        for registered in self._store.ca_certificates.values():
            if registered.subject == parsed.issuer.public_bytes() and authority.issued_by(
                parsed, authority.read_certificate(registered.pem)
            ):
                return _active(registered)
        raise refusals.certificate_validation("The certificate is not signed by a registered CA certificate")

    def _page(self, operation: str, params: dict[str, Any], certificates: Sequence[Certificate]) -> dict[str, Any]:
        page, more = marked_page(operation, params, by_creation(certificates, params))
        return {"certificates": [_summary(certificate) for certificate in page], **more}


def _parse(pem: str) -> x509.Certificate:
    try:
        return authority.read_certificate(pem)
    except ValueError as problem:
        raise refusals.certificate_validation(str(problem)) from problem


def _check_validity(certificate: x509.Certificate, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise refusals.certificate_validation("The certificate has expired")


def _active(ca: CaCertificate) -> tuple[str, str]:
    if ca.status != "ACTIVE":
        raise refusals.certificate_state(f"The CA certificate is {ca.status} (id: {ca.id})")
    return ca.id, ca.mode


def _settable(status: str) -> str:
    """The statuses that callers may ask for; the others are AWS IoT's own, or given up."""
    if status not in SETTABLE:
        raise refusals.invalid(f"Certificate status {status} cannot be set; use ACTIVE, INACTIVE or REVOKED")
    return status


def _made(certificate: Certificate) -> dict[str, Any]:
    return {"certificateArn": certificate.arn, "certificateId": certificate.id}


def _summary(certificate: Certificate) -> dict[str, Any]:
    return {
        **_made(certificate),
        "status": certificate.status,
        "certificateMode": certificate.mode,
        "creationDate": certificate.created,
    }
