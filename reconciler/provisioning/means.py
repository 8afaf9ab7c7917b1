"""What things of one fleet are made, kept and taken back with."""

from dataclasses import dataclass

from reconciler.aws.client import Aws
from reconciler.model.fleet import Fleet
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.provisioning.deprovision import Deprovisioner
from reconciler.provisioning.provision import Provider, Provisioner, provider_for


@dataclass(frozen=True, slots=True)
class Means:
    """What a fleet has for its things. All but ``provider`` are None where it names no bucket to keep keys in."""

    provider: Provider
    store: ArtifactStore | None = None
    provisioner: Provisioner | None = None
    deprovisioner: Deprovisioner | None = None


def means_of(aws: Aws, fleet: Fleet) -> Means:
    """What ``fleet`` has for its things. Raises ConfigurationError as ``provider_for``."""
    provider = provider_for(aws, fleet)
    if fleet.artifacts is None:
        return Means(provider)
    store = ArtifactStore(aws, fleet.artifacts.bucket, fleet.artifacts.prefix, fleet.name)
    return Means(provider, store, Provisioner(aws, provider, store), Deprovisioner(aws, store, fleet.name))
