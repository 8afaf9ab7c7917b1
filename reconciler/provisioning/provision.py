"""Carries out the two actions that bring a thing into a group: provision it, or associate one that is there."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.aws.client import Aws
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.fleet import Fleet
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.provisioning.cdf import CdfProvisioning
from reconciler.provisioning.cdf_transport import transport_for
from reconciler.provisioning.iot import AwsIot, Existing, Provisioned
from reconciler.provisioning.keys import fits, new_key, signing_request


class Provider(Protocol):
    """Who knows and makes things."""

    def look_up(self, thing_name: str) -> Existing | None:
        """The thing of that name, None if there is none."""

    def certificate(self, certificate_arn: str) -> str:
        """The certificate (PEM) of an ARN."""

    def provision(self, inputs: Mapping[str, Any], csr: str | None) -> Provisioned:
        """Carry out the inputs of a ``provision-thing`` action, once, whatever becomes of the answer."""

    def made_for(self, inputs: Mapping[str, Any], csr: str) -> Provisioned | None:
        """What an earlier sending of ``inputs`` made for ``csr``, None if it made nothing."""


def provider_for(aws: Aws, fleet: Fleet) -> Provider:
    """The provider that ``Fleet.spec.provisioning`` names. Raises ConfigurationError for ``cdf`` without an address."""
    if fleet.provisioning.provider == "iot":
        return AwsIot(aws)
    transport = transport_for(aws, fleet.provisioning)
    if transport is None:
        message = "provisioning by cdf needs the URL of CDF Provisioning, or its function"
        hint = "add `url: …`, or `auth: {type: lambda, function: …}`, beside `provider: cdf`"
        raise ConfigurationError([Problem(fleet.provisioning.position, "missing-key", message, hint)])
    return CdfProvisioning(aws, transport)


def missing_artifacts_bucket(fleet: Fleet) -> ConfigurationError:
    """The error for a plan that provisions things of a fleet that says nowhere to keep their keys."""
    return ConfigurationError(
        [
            Problem(
                fleet.position,
                "artifacts-needed",
                "this plan provisions things, and the fleet has no place for their keys and certificates",
                "add `artifacts: {bucket: …, prefix: …}` to the Fleet's spec",
            )
        ]
    )


@dataclass(frozen=True)
class Provisioner:
    """Brings things into groups. Threads share it; methods raise AwsError."""

    aws: Aws
    provider: Provider
    store: ArtifactStore
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _memo: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def provision(self, group_id: str, inputs: Mapping[str, Any]) -> str:
        """Provision a thing from its action's inputs and return its certificate's ARN.

        The key is stored before the request leaves, so that no crash leaves a certificate whose key is lost.
        """
        thing_name, csr = inputs["thingName"], inputs.get("csr")
        existed = bool(inputs.get("exists"))
        if csr is None and "csrParameter" in inputs:
            key, made, existed = self._with_our_key(group_id, inputs, existed=existed)
        else:
            key, made = None, self.provider.provision(inputs, csr)
        fitting = _fitting(made, key, thing_name)
        self.store.keep_certificate(group_id, thing_name, made.certificate, fitting, existed=existed)
        self._keep_config(group_id, inputs)
        return made.certificate_arn

    def associate(self, group_id: str, inputs: Mapping[str, Any]) -> str:
        """Take a thing that is there into a group and return its certificate's ARN.

        Where an earlier run was cut off between the certificate and storing it, the certificate is stored now.
        """
        thing_name, certificate_arn = inputs["thingName"], inputs["certificateArn"]
        stored = self.store.credentials(group_id, thing_name)
        if stored is not None and stored.key is not None and stored.certificate is None:
            certificate = self.provider.certificate(certificate_arn)
            if fits(certificate, stored.key, thing_name):
                self.store.keep_certificate(group_id, thing_name, certificate, stored.key, existed=stored.existed)
        self._keep_config(group_id, inputs)
        return str(certificate_arn)

    def has_provisioned(self, group_id: str, inputs: Mapping[str, Any]) -> bool:
        """Whether what ``inputs`` of a ``provision-thing`` action ask for was made by an earlier apply of them.

        Its certificate is then for the key that is stored, or for the device's own signing request; nobody else has
        these.
        """
        csr = inputs.get("csr")
        if csr is None:
            stored = self.store.credentials(group_id, inputs["thingName"])
            if stored is None or stored.key is None:
                return False
            csr = signing_request(stored.key, inputs["thingName"])
        return self.provider.made_for(inputs, csr) is not None

    def _with_our_key(
        self, group_id: str, inputs: Mapping[str, Any], *, existed: bool
    ) -> tuple[bytes, Provisioned, bool]:
        """The key made here, what was made for it, now or by an earlier run that was cut off, and whether the thing
        ``existed`` before either.
        """
        thing_name, fresh = inputs["thingName"], new_key()
        key = self.store.keep_key(group_id, thing_name, fresh, existed=existed)
        if key != fresh:
            stored = self.store.credentials(group_id, thing_name)
            if stored is not None and stored.fleet is not None:
                existed = stored.existed
            if (made := self.provider.made_for(inputs, signing_request(key, thing_name))) is not None:
                return key, made, existed
            if stored is None or stored.certificate is not None:
                # It had its certificate, and that is gone or was deactivated, perhaps since the key is known to others.
                key = fresh
                self.store.replace_key(group_id, thing_name, key, existed=existed)
        return key, self.provider.provision(inputs, signing_request(key, thing_name)), existed

    def _keep_config(self, group_id: str, inputs: Mapping[str, Any]) -> None:
        if "nucleus" in inputs:
            endpoints = {
                "iotDataEndpoint": self._endpoint("iot:Data-ATS"),
                "iotCredEndpoint": self._endpoint("iot:CredentialProvider"),
            }
            self.store.keep_nucleus_config(group_id, inputs["thingName"], {**endpoints, **inputs["nucleus"]})
        elif inputs["role"] == "core":
            self.store.keep_core_config(
                group_id, inputs["thingName"], thing_arn=inputs["thingArn"], iot_host=self._endpoint("iot:Data-ATS")
            )

    def _endpoint(self, kind: str) -> str:
        """The account's endpoint of a kind, asked for once."""
        with self._lock:
            if kind not in self._memo:
                answer = self.aws.call("iot", "DescribeEndpoint", endpointType=kind)
                self._memo[kind] = answer["endpointAddress"]
            return self._memo[kind]


def _fitting(made: Provisioned, ours: bytes | None, thing_name: str) -> bytes | None:
    """The key that the certificate is for: the provider's or ours, None where the device keeps it."""
    keys = (made.private_key, ours)
    return next((key for key in keys if key is not None and fits(made.certificate, key, thing_name)), None)
