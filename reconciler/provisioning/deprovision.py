"""Takes back what provisioning made for a thing: certificate, policy and thing. What others made stays.

The mark is ``certs.zip``: it holds the certificate that was made, and says whose run stored it, and whether the thing
was there before. It is deleted last, by the caller, so that a run that was cut off can be repeated.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.aws.client import Aws, is_not_found
from reconciler.model.errors import AwsError
from reconciler.provisioning.artifacts import ArtifactStore, Credentials
from reconciler.provisioning.keys import certificate_id, fits

NAMED_BY_HASH = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
"""The name of a policy that RegisterThing made from a template's document ("Provisioning templates": a hash of it)."""
ATTEMPTS = 5
"""AWS IoT needs some seconds until what was detached counts as such (API reference, DetachThingPrincipal)."""
STILL_ATTACHED = frozenset({"DeleteConflictException", "InvalidRequestException"})

Policies = Callable[[frozenset[str]], frozenset[str]]
"""Remembers the names of policies before they are detached, and gives back those of an earlier run, too."""


class Left(NamedTuple):
    """What is left of a thing: why it stays, empty if it does not; and whether its ``keys`` have to stay, too."""

    why: str = ""
    keys: bool = False


@dataclass(frozen=True, slots=True)
class Deprovisioner:
    """Deprovisions the things of one fleet. Threads share it; methods raise AwsError, and what the store raises."""

    aws: Aws
    store: ArtifactStore
    fleet: str

    def deprovision(self, group_id: str, thing_name: str, remember: Policies) -> Left:
        """Delete what was made for a thing of a group. Repeating it after a crash finishes it."""
        stored = self.store.credentials(group_id, thing_name)
        if stored is None:
            return Left("nothing was made for it")
        if stored.fleet != self.fleet:
            return Left(f"its certificate bears no mark of fleet {self.fleet}", keys=True)
        principals = self._principals(thing_name)
        identifier = self._certificate(group_id, stored, principals or (), thing_name)
        if identifier is None:
            return Left("it never got a certificate")
        if user := self._delete_certificate(thing_name, identifier, principals or (), remember):
            return Left(f"{user} has the same certificate", keys=True)
        if principals is None:
            return Left()
        if stored.existed:
            return Left("it was there before")
        others = [arn for arn in principals if arn.rpartition("/")[2] != identifier]
        if others:
            return Left(f"somebody else has attached {others[0]} to it")
        self._ask("DeleteThing", attempts=ATTEMPTS, thingName=thing_name)
        return Left()

    def _certificate(
        self, group_id: str, stored: Credentials, principals: tuple[str, ...], thing_name: str
    ) -> str | None:
        """The id of the certificate that was made; where a run was cut off before it could store it, it is stored now:
        once it is detached, nothing else would lead to it.
        """
        if stored.certificate is not None:
            return certificate_id(stored.certificate)
        for arn in principals:
            described = self._ask("DescribeCertificate", certificateId=arn.rpartition("/")[2])
            pem = described["certificateDescription"]["certificatePem"] if described else ""
            if pem and stored.key is not None and fits(pem, stored.key, thing_name):
                self.store.keep_certificate(group_id, thing_name, pem, stored.key, existed=stored.existed)
                return arn.rpartition("/")[2]
        return None

    def _delete_certificate(
        self, thing_name: str, identifier: str, principals: tuple[str, ...], remember: Policies
    ) -> str:
        """Detach a certificate, deactivate it, and delete it and its policies; or name another thing that has it."""
        found = self._ask("DescribeCertificate", certificateId=identifier)
        arn = found["certificateDescription"]["certificateArn"] if found else ""
        if not arn:  # an earlier run deleted it, and may not have come to its policies
            self._delete_policies(remember(frozenset()))
            return ""
        for name in self._list("ListPrincipalThings", "things", principal=arn):
            if name != thing_name:
                return str(name)
        if arn in principals:
            self._ask("DetachThingPrincipal", thingName=thing_name, principal=arn)
        self._ask("UpdateCertificate", certificateId=identifier, newStatus="INACTIVE")
        attached = [row["policyName"] for row in self._list("ListAttachedPolicies", "policies", target=arn)]
        policies = remember(frozenset(attached))
        for name in attached:
            self._ask("DetachPolicy", policyName=name, target=arn)
        self._ask("DeleteCertificate", attempts=ATTEMPTS, certificateId=identifier)
        self._delete_policies(policies)
        return ""

    def _delete_policies(self, names: frozenset[str]) -> None:
        """Delete the policies that RegisterThing made and nobody uses any more; one that somebody edited stays."""
        for name in sorted(filter(NAMED_BY_HASH.fullmatch, names)):
            try:
                if not any(self._list("ListTargetsForPolicy", "targets", policyName=name)):
                    self._ask("DeletePolicy", policyName=name)
            except AwsError as error:
                if error.code != "DeleteConflictException" and not is_not_found(error):
                    raise

    def _principals(self, thing_name: str) -> tuple[str, ...] | None:
        """What is attached to a thing; None if there is no such thing."""
        try:
            return tuple(self._list("ListThingPrincipals", "principals", thingName=thing_name))
        except AwsError as error:
            if is_not_found(error):
                return None
            raise

    def _list(self, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Every item of a list of AWS IoT's, page by page: the older lists have markers, the newer ones tokens."""
        more: dict[str, str] = {}
        while True:
            answer = self.aws.call("iot", operation, **parameters, **more)
            yield from answer.get(key, [])
            if token := answer.get("nextToken"):
                more = {"nextToken": token}
            elif marker := answer.get("nextMarker"):
                more = {"marker": marker}
            else:
                return

    def _ask(self, operation: str, *, attempts: int = 1, **parameters: Any) -> dict[str, Any] | None:
        """The answer to a call, None where what it is about is not there: to a call that deletes, that is as good.

        With ``attempts`` it is repeated where AWS IoT may not know everywhere yet that something was detached.
        """
        for attempt in range(1, attempts + 1):
            try:
                return self.aws.call("iot", operation, **parameters)
            except AwsError as error:
                if is_not_found(error):
                    return None
                if error.code not in STILL_ATTACHED or attempt == attempts:
                    raise
                self.aws.back_off(attempt)
        raise AssertionError("the last attempt returns or raises")
