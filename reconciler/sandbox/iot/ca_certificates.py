"""CA certificates of the account, by which device certificates are registered."""

import hashlib
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from reconciler.sandbox.iot import authority, refusals
from reconciler.sandbox.iot.paging import by_creation, marked_page
from reconciler.sandbox.iot.records import CaCertificate
from reconciler.sandbox.iot.store import Handler, Store


class CaCertificates:
    """The operations on CA certificates over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._code: str | None = None
        self.handlers: dict[str, Handler] = {
            "RegisterCACertificate": self.register,
            "DescribeCACertificate": self.describe,
            "ListCACertificates": self.list,
            "UpdateCACertificate": self.update,
            "DeleteCACertificate": self.delete,
            "GetRegistrationCode": self.get_code,
            "DeleteRegistrationCode": self.delete_code,
        }

    def get_code(self, params: dict[str, Any]) -> dict[str, Any]:
        """The code that a verification certificate bears as its common name; the same until it is deleted."""
        if self._code is None:
            self._code = hashlib.sha256(self._store.new_id().encode()).hexdigest()
        return {"registrationCode": self._code}

    def delete_code(self, params: dict[str, Any]) -> dict[str, Any]:
        """The next GetRegistrationCode makes another one."""
        self._code = None
        return {}

    def register(self, params: dict[str, Any]) -> dict[str, Any]:
        """In DEFAULT mode, the verification certificate shows that the caller has the CA's key."""
        pem, mode = params["caCertificate"], params.get("certificateMode", "DEFAULT")
        certificate = _parse(pem)
        _check_is_ca(certificate)
        if mode == "DEFAULT":
            self._check_verification(certificate, params.get("verificationCertificate"))
        ca_id, now = authority.fingerprint(certificate), self._store.now()
        if known := self._store.ca_certificates.get(ca_id):
            raise refusals.already_exists("CA Certificate already registered", resource_id=known.id, arn=known.arn)
        ca = CaCertificate(
            id=ca_id,
            arn=self._store.arn("cacert", ca_id),
            pem=pem,
            subject=certificate.subject.public_bytes(),
            status="ACTIVE" if params.get("setAsActive") else "INACTIVE",
            auto_registration="ENABLE" if params.get("allowAutoRegistration") else "DISABLE",
            created=now,
            modified=now,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            generation_id=self._store.new_id(),
            sequence=self._store.next_sequence(),
            mode=mode,
            registration_config=params.get("registrationConfig", {}),
        )
        self._store.ca_certificates[ca_id] = ca
        self._store.set_tags(ca.arn, params.get("tags", ()))
        return {"certificateArn": ca.arn, "certificateId": ca.id}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one CA certificate."""
        ca = self._find(params["certificateId"])
        description = {
            **_summary(ca),
            "certificatePem": ca.pem,
            "ownedBy": self._store.account,
            "autoRegistrationStatus": ca.auto_registration,
            "lastModifiedDate": ca.modified,
            "customerVersion": ca.customer_version,
            "generationId": ca.generation_id,
            "validity": {"notBefore": ca.not_before, "notAfter": ca.not_after},
            "certificateMode": ca.mode,
        }
        return {"certificateDescription": description, "registrationConfig": ca.registration_config}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By time of creation; ``templateName`` asks for those that register by that template."""
        template = params.get("templateName")
        found = [
            ca
            for ca in self._store.ca_certificates.values()
            if template is None or ca.registration_config.get("templateName") == template
        ]
        page, more = marked_page("ListCACertificates", params, by_creation(found, params))
        return {"certificates": [_summary(ca) for ca in page], **more}

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Status, automatic registration and its configuration, each where it is given."""
        ca = self._find(params["certificateId"])
        ca.status = params.get("newStatus", ca.status)
        ca.auto_registration = params.get("newAutoRegistrationStatus", ca.auto_registration)
        ca.registration_config = params.get("registrationConfig", ca.registration_config)
        if params.get("removeAutoRegistration"):
            ca.auto_registration, ca.registration_config = "DISABLE", {}
        ca.modified = self._store.now()
        ca.customer_version += 1
        return {}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Not while it is active."""
        ca = self._find(params["certificateId"])
        if ca.status == "ACTIVE":
            raise refusals.certificate_state(f"CA certificate must be deactivated before deletion (id: {ca.id})")
        del self._store.ca_certificates[ca.id]
        self._store.tags.pop(ca.arn, None)
        return {}

    def _find(self, ca_id: str) -> CaCertificate:
        ca = self._store.ca_certificates.get(ca_id)
        if ca is None:
            raise refusals.not_found(f"CA certificate {ca_id} not found")
        return ca

    def _check_verification(self, ca: x509.Certificate, pem: str | None) -> None:
        if pem is None:
            raise refusals.invalid("verificationCertificate is required in DEFAULT mode")
        verification = _parse(pem)
        if not authority.issued_by(verification, ca):
            raise refusals.certificate_validation("The verification certificate is not signed by the CA certificate")
        names = {str(part.value) for part in verification.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
        if self._code is None or self._code not in names:
            raise refusals.registration_code("The verification certificate's common name is not the registration code")


def _parse(pem: str) -> x509.Certificate:
    try:
        return authority.read_certificate(pem)
    except ValueError as problem:
        raise refusals.certificate_validation(str(problem)) from problem


def _check_is_ca(certificate: x509.Certificate) -> None:
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise refusals.certificate_validation("The certificate is not a CA's: its basic constraints say so")


def _summary(ca: CaCertificate) -> dict[str, Any]:
    return {"certificateArn": ca.arn, "certificateId": ca.id, "status": ca.status, "creationDate": ca.created}
