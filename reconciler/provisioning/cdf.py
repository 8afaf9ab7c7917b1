"""Things and certificates from a CDF Provisioning service (AWS Connected Device Framework)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.aws.client import Aws
from reconciler.aws.http import HttpAnswer
from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.provisioning.cdf_transport import Transport
from reconciler.provisioning.iot import ACTIVE, RESENDS, AwsIot, Existing, Provisioned
from reconciler.provisioning.requests import CSR_PARAMETERS


@dataclass(frozen=True, slots=True)
class CdfProvisioning:
    """The provider ``cdf``, reached by ``transport``. Methods raise AwsError, and what the transport raises."""

    aws: Aws
    transport: Transport

    def look_up(self, thing_name: str) -> Existing | None:
        """The thing of that name, None if there is none.

        CDF's first versions answer 500 for a thing that is not there, as for every other fault: AWS IoT is asked then.
        """
        answer = self.transport.send("GetThing", "GET", f"/things/{quote(thing_name, safe='')}")
        if answer.status == 404:
            return None
        if answer.status == 500:
            return AwsIot(self.aws).look_up(thing_name)
        found = self._expect(answer, 200, "GetThing", thing_name)
        certificates = found.get("certificates") or []
        active = [item["arn"] for item in certificates if item.get("certificateStatus") == ACTIVE]
        if len(active) > 1:  # which is the newest, CDF does not tell
            return AwsIot(self.aws).look_up(thing_name)
        return Existing(found["arn"], found.get("thingType"), active[0] if active else None)

    def certificate(self, certificate_arn: str) -> str:
        """The certificate (PEM) of an ARN; CDF's certificates live in AWS IoT."""
        return AwsIot(self.aws).certificate(certificate_arn)

    def provision(self, inputs: Mapping[str, Any], csr: str | None) -> Provisioned:
        """Carry out a ``provision-thing`` action's inputs with ``POST /things``, and never twice.

        When the answer is lost, AWS IoT is asked for the certificate that was made for ``csr``. Where CDF makes the
        key, a lost answer takes the key with it: that is an error, never a second certificate made in silence.
        """
        thing_name, document = inputs["thingName"], _document(inputs, csr)
        for resend in range(1, RESENDS + 2):
            try:
                answer = self.transport.send("CreateThing", "POST", "/things", document)
                made = self._expect(answer, 201, "CreateThing", thing_name)
            except AnswerLostError as error:
                if (found := self._after_loss(error, inputs, csr, resend)) is not None:
                    return found
                if csr is None:
                    raise _lost(
                        error,
                        f"AWS IoT has no certificate of {thing_name} yet",
                        "wait a minute and apply again; a certificate that it has by then is without its private key: "
                        "deactivate that first",
                    ) from error
                if resend > RESENDS:
                    raise
            else:
                return self._made(thing_name, made)
        raise AssertionError("the last attempt returns or raises")

    def made_for(self, inputs: Mapping[str, Any], csr: str) -> Provisioned | None:
        """What an earlier sending of ``inputs`` made for ``csr``, None if it made nothing."""
        return AwsIot(self.aws).made_for(inputs, csr)

    def _after_loss(
        self, error: AnswerLostError, inputs: Mapping[str, Any], csr: str | None, resend: int
    ) -> Provisioned | None:
        """What was made though its answer was lost, None for nothing. Raises where it was made for a key of CDF's."""
        self.aws.back_off(resend)  # CDF may be at work on it still
        if csr is not None and (found := self.made_for(inputs, csr)) is not None:
            return found
        existing = AwsIot(self.aws).look_up(inputs["thingName"])
        if existing is None or existing.certificate_arn is None:
            return None
        certificate_id = existing.certificate_arn.rpartition("/")[2]
        raise _lost(
            error,
            f"CDF made {existing.certificate_arn} for {inputs['thingName']} all the same, and the private key of that "
            "certificate was lost with the answer",
            "deactivate the certificate, so that the thing gets another one, and apply again: `aws iot "
            f"update-certificate --new-status INACTIVE --certificate-id {certificate_id}`",
        ) from error

    def _made(self, thing_name: str, answer: Mapping[str, Any]) -> Provisioned:
        arn = (answer.get("resourceArns") or {}).get("certificate")
        if arn is None:
            raise AwsError(
                f"provisioning {thing_name}: its provisioning template makes no certificate that CDF tells of",
                operation="cdf:CreateThing",
                code="NoCertificate",
                hint="the template needs a resource of type AWS::IoT::Certificate with the name `certificate`",
            )
        key = answer.get("privateKey")
        certificate = answer.get("certificatePem") or self.certificate(arn)
        return Provisioned(arn, certificate, key.encode() if key else None)

    def _expect(self, answer: HttpAnswer, status: int, operation: str, thing_name: str) -> dict[str, Any]:
        """The document of an answer with ``status``; what the service says of any other in an error."""
        if answer.status == status and isinstance(answer.document, dict):
            return answer.document
        kind = AnswerLostError if answer.status >= 500 and operation == "CreateThing" else AwsError
        raise kind(
            f"cdf:{operation}: {answer.status}: {self.transport.masked(_words(answer))} ({thing_name})",
            operation=f"cdf:{operation}",
            code=str(answer.status),
            status=answer.status,
            hint=self._hint(answer.status, operation),
        )

    def _hint(self, status: int, operation: str) -> str:
        if status in {401, 403}:
            return self.transport.denied
        if status == 429:
            return "CDF Provisioning is called too often: set `limits: {cdf: …}` in the Fleet, or try again later"
        if status >= 500:
            return "look at the logs of CDF Provisioning, and apply again"
        if operation == "CreateThing" and status == 400:
            return (
                "check provisioningTemplate, parameters and cdfProvisioningParameters; CDF Provisioning's logs say more"
            )
        return f"check `{self.transport.place}` in the Fleet: CDF Provisioning does not answer there"


def _document(inputs: Mapping[str, Any], csr: str | None) -> dict[str, Any]:
    parameters = dict(inputs["parameters"])
    if csr is not None:
        parameters[inputs.get("csrParameter", CSR_PARAMETERS[0])] = csr
    document: dict[str, Any] = {
        "provisioningTemplateId": inputs["provisioningTemplateId"],
        "parameters": parameters,
    }
    if "cdfProvisioningParameters" in inputs:
        document["cdfProvisioningParameters"] = dict(inputs["cdfProvisioningParameters"])
    return document


def _words(answer: HttpAnswer) -> str:
    """What an answer says: ``error`` is CDF's word for it, ``message`` API Gateway's, in one spelling or the other."""
    document = answer.document if isinstance(answer.document, dict) else {}
    if words := document.get("error") or document.get("message") or document.get("Message"):
        return str(words)
    return "not the JSON of a thing" if answer.status < 300 else "no message"


def _lost(error: AnswerLostError, what: str, hint: str) -> AnswerLostError:
    return AnswerLostError(
        f"{error.message}; {what}", operation=error.operation, code=error.code, status=error.status, hint=hint
    )
