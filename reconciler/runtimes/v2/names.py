"""ARNs of Greengrass V2, and the names that we give deployments: they bear whose a deployment is, and what it says."""

from typing import NamedTuple, Self

from reconciler.model.canonical import digest
from reconciler.model.fleet import Fleet
from reconciler.model.template import TemplateRef

PREFIX = "reconciler"
LONGEST_NAME = 256
"""Of a deployment (API reference, CreateDeployment)."""
_OF_GROUP = 8
"""Letters of the digest of a group's name: enough to tell the deployments to one core apart."""


class Mark(NamedTuple):
    """What the name of a deployment of ours says: ``reconciler/FLEET/TEMPLATE@VERSION/DIGEST``.

    ``digest`` is that of the document. A deployment to one core alone has a digest of its group's name besides, as
    ``group``; else that is empty. ``template`` may be cut: the tags of the group have it whole.
    """

    fleet: str
    template: str
    digest: str
    group: str = ""

    @property
    def text(self) -> str:
        """The name, cut so that it fits."""
        ends = f"/{self.digest}{f'/{self.group}' if self.group else ''}"
        start = f"{PREFIX}/{self.fleet}/"
        return f"{start}{self.template[-(LONGEST_NAME - len(start) - len(ends)) :]}{ends}"

    @classmethod
    def read(cls, name: str) -> Self | None:
        """What ``name`` says, None if it is none of ours."""
        parts = name.split("/")
        if len(parts) not in {4, 5} or parts[0] != PREFIX:
            return None
        return cls(*parts[1:])


def mark(fleet: Fleet, template: TemplateRef, document: str, group: str = "") -> Mark:
    """The mark of a deployment of ``document`` (its digest); ``group`` where it is to one core of that group alone."""
    return Mark(fleet.name, f"{template.name}@{template.version}", document, group and group_key(group))


def group_key(group: str) -> str:
    """What stands for a group in the marks of deployments to its cores."""
    return digest(group)[:_OF_GROUP]


def group_arn(fleet: Fleet, name: str) -> str:
    """The ARN of the thing group of that name; it needs no look-up."""
    return f"arn:{fleet.partition}:iot:{fleet.region}:{fleet.account}:thinggroup/{name}"


def is_id(group_id: str) -> bool:
    """Whether the id of a group is one of V2, the ARN of its thing group, and not a UUID of V1."""
    return group_id.startswith("arn:")


def is_group(arn: str) -> bool:
    """Whether an ARN is a thing group's."""
    return ":thinggroup/" in arn


def target_name(arn: str) -> str:
    """The name of the thing or thing group of an ARN."""
    return arn.partition("/")[2]


def component_arn(fleet: Fleet, name: str, version: str) -> str:
    """The ARN of a version of one of the account's own components."""
    return f"arn:{fleet.partition}:greengrass:{fleet.region}:{fleet.account}:components:{name}:versions:{version}"
