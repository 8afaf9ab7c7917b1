"""AWS IoT of one account and region: all parts of the registry behind one table of handlers."""

from typing import TYPE_CHECKING

from reconciler.sandbox.iot.billing_groups import BillingGroups
from reconciler.sandbox.iot.ca_certificates import CaCertificates
from reconciler.sandbox.iot.certificates import Certificates
from reconciler.sandbox.iot.endpoints import Endpoints
from reconciler.sandbox.iot.fleet_index import FleetIndex
from reconciler.sandbox.iot.jobs import Jobs
from reconciler.sandbox.iot.policies import Policies
from reconciler.sandbox.iot.policy_targets import PolicyTargets
from reconciler.sandbox.iot.principals import Principals
from reconciler.sandbox.iot.provisioning_templates import ProvisioningTemplates
from reconciler.sandbox.iot.register_thing import RegisterThing
from reconciler.sandbox.iot.store import Handler, Store
from reconciler.sandbox.iot.tags import Tags
from reconciler.sandbox.iot.thing_group_members import ThingGroupMembers
from reconciler.sandbox.iot.thing_groups import ThingGroups
from reconciler.sandbox.iot.thing_types import ThingTypes
from reconciler.sandbox.iot.things import Things

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.sandbox.world import World


class Registry:
    """The registry; what it has no handler for goes to moto."""

    def __init__(self, world: "World", region: str) -> None:
        self.store = store = Store(account=world.account, region=region, now=world.clock.now)
        things, members, certificates, principals = (
            Things(store),
            ThingGroupMembers(store),
            Certificates(store),
            Principals(store),
        )
        parts = (
            things,
            members,
            certificates,
            principals,
            ThingTypes(store),
            ThingGroups(store),
            BillingGroups(store, things),
            CaCertificates(store),
            Policies(store),
            PolicyTargets(store),
            ProvisioningTemplates(store),
            RegisterThing(store, things, members, certificates, principals),
            Jobs(store, lambda: world.greengrass_v2_in(region).tick()),
            FleetIndex(store, lambda name: world.connectivity(name, region)),
            Endpoints(store),
            Tags(store),
        )
        self.handlers: Mapping[str, Handler] = {
            name: handler for part in parts for name, handler in part.handlers.items()
        }

    def has_active_certificate(self, thing_name: str) -> bool:
        """Whether a certificate of the thing is ACTIVE: without one a device cannot connect."""
        thing = self.store.things.get(thing_name)
        return thing is not None and any(self._is_active(principal) for principal in thing.principals)

    def _is_active(self, principal: str) -> bool:
        certificate = self.store.certificates.get(self.store.name_in(principal, "cert") or "")
        return certificate is not None and certificate.status == "ACTIVE"
