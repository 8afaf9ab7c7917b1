"""A deployment that is asked for by word of mouth and not by the files: what ``reconcile deploy`` was told."""

from dataclasses import dataclass
from typing import Literal, get_args

DeploymentType = Literal["NewDeployment", "Redeployment", "ResetDeployment", "ForceResetDeployment"]
"""The API's own four types (API reference, CreateDeployment and ResetDeployments)."""
DEPLOYMENT_TYPES: tuple[DeploymentType, ...] = get_args(DeploymentType)


@dataclass(frozen=True, slots=True)
class DeploymentOrder:
    """``group_version_id`` is the version of a new deployment (None: the group's newest), ``deployment_id`` what a
    redeployment repeats (None: the newest)."""

    type: DeploymentType
    group_version_id: str | None = None
    deployment_id: str | None = None

    @property
    def is_reset(self) -> bool:
        """Whether it takes everything off the core."""
        return self.type in {"ResetDeployment", "ForceResetDeployment"}
