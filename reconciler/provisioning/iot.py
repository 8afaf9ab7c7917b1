"""Things and certificates from AWS IoT itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.aws.client import Aws, is_not_found
from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.provisioning.keys import certifies

RESENDS = 3
ACTIVE = "ACTIVE"


class Existing(NamedTuple):
    """A thing that is there: its ARN, its type, and the ARN of its newest active certificate (None: it has none)."""

    thing_arn: str
    thing_type: str | None
    certificate_arn: str | None


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What provisioning made. ``private_key`` is there only where the provider made the key (CDF with its own CA)."""

    certificate_arn: str
    certificate: str
    private_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AwsIot:
    """The provider ``iot``. Methods raise AwsError."""

    aws: Aws

    def look_up(self, thing_name: str) -> Existing | None:
        """The thing of that name, None if AWS IoT has none. One call where it has none, three or more where it has."""
        try:
            thing = self.aws.call("iot", "DescribeThing", thingName=thing_name)
        except AwsError as error:
            if is_not_found(error):
                return None
            raise
        newest = _newest(self._certificates(thing_name, ACTIVE))
        return Existing(
            thing["thingArn"], thing.get("thingTypeName"), newest["certificateArn"] if newest is not None else None
        )

    def certificate(self, certificate_arn: str) -> str:
        """The certificate (PEM) of an ARN."""
        return str(self._describe(certificate_arn)["certificatePem"])

    def provision(self, inputs: Mapping[str, Any], csr: str | None) -> Provisioned:
        """Carry out a ``provision-thing`` action's inputs with RegisterThing, and never twice.

        When the answer is lost, the certificate that was made is looked for before anything is sent again.
        """
        parameters = dict(inputs["parameters"])
        if "csrParameter" not in inputs:
            csr = None
        if csr is not None:
            parameters[inputs["csrParameter"]] = csr
        for resend in range(1, RESENDS + 2):
            try:
                answer = self.aws.call(
                    "iot", "RegisterThing", templateBody=inputs["templateBody"], parameters=parameters
                )
            except AnswerLostError:
                self.aws.back_off(resend)  # AWS may be at work on it still
                if (made := self.made_for(inputs, csr)) is not None:
                    return made
                if resend > RESENDS:
                    raise
            else:
                return self._made(inputs["thingName"], answer)
        raise AssertionError("the last attempt returns or raises")

    def made_for(self, inputs: Mapping[str, Any], csr: str | None) -> Provisioned | None:
        """What an earlier sending of ``inputs`` made, None if it made nothing.

        That is the thing's newest certificate for the key behind ``csr``, in the status that the template asks for.
        Without ``csr`` it is whichever the thing has, for only things without one are provisioned.
        """
        try:
            found = [
                certificate
                for certificate in self._certificates(inputs["thingName"], _status_asked_for(inputs))
                if csr is None or certifies(certificate["certificatePem"], csr)
            ]
        except AwsError as error:
            if is_not_found(error):
                return None
            raise
        newest = _newest(found)
        return Provisioned(newest["certificateArn"], newest["certificatePem"]) if newest is not None else None

    def _made(self, thing_name: str, answer: Mapping[str, Any]) -> Provisioned:
        arn = next((arn for arn in answer.get("resourceArns", {}).values() if ":cert/" in arn), None)
        if arn is None:
            raise AwsError(
                f"provisioning {thing_name}: its provisioning template makes no certificate",
                operation="iot:RegisterThing",
                code="NoCertificate",
                hint="add a resource of type AWS::IoT::Certificate to the template",
            )
        return Provisioned(arn, answer.get("certificatePem") or self.certificate(arn))

    def _certificates(self, thing_name: str, status: str) -> Iterator[dict[str, Any]]:
        for arn in self._principals(thing_name):
            if ":cert/" in arn and (found := self._describe(arn))["status"] == status:
                yield found

    def _principals(self, thing_name: str) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call("iot", "ListThingPrincipals", thingName=thing_name, **token)
            yield from answer["principals"]
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def _describe(self, certificate_arn: str) -> dict[str, Any]:
        certificate_id = certificate_arn.rsplit("/", 1)[-1]
        answer = self.aws.call("iot", "DescribeCertificate", certificateId=certificate_id)
        return dict(answer["certificateDescription"])


def _newest(certificates: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    return max(certificates, key=lambda found: (found["creationDate"], found["certificateArn"]), default=None)


def _status_asked_for(inputs: Mapping[str, Any]) -> str:
    """The status that the template gives its certificate: ACTIVE unless told (AWS IoT guide, "Provisioning templates").

    A template that CDF keeps is not known here.
    """
    template = json.loads(inputs.get("templateBody", "{}"))
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == "AWS::IoT::Certificate":
            status = resource.get("Properties", {}).get("Status", ACTIVE)
            if isinstance(status, Mapping):
                declared = template.get("Parameters", {}).get(status.get("Ref"), {})
                status = inputs["parameters"].get(status.get("Ref"), declared.get("Default", ACTIVE))
            return str(status).upper()
    return ACTIVE
