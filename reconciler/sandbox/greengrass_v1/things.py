"""What Greengrass keeps for single cores: where they are reached, their telemetry, their software updates."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.greengrass_v1.cores import Cores
from reconciler.sandbox.greengrass_v1.names import PARTITION, ROLE_ARN, Arns, new_id
from reconciler.sandbox.greengrass_v1.refusals import bad_request

SOFTWARE_VERSIONS = {"core": "1.11.6", "ota_agent": "1.3.0"}
"""The last of each, which an update job brings."""

_UPDATE_TARGET = re.compile(rf"arn:{PARTITION}:iot:[a-z0-9-]+:\d{{12}}:thing(?:group)?/[a-zA-Z0-9:_-]{{1,128}}")


class Things:
    """Connectivity information, runtime configurations and update jobs."""

    def __init__(self, arns: Arns, cores: Cores) -> None:
        self._arns = arns
        self._cores = cores
        self._connectivity: dict[str, list[Mapping[str, Any]]] = {}
        self._telemetry: dict[str, str] = {}

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The five operations."""
        return {
            "GetConnectivityInfo": self._get_connectivity,
            "UpdateConnectivityInfo": self._update_connectivity,
            "GetThingRuntimeConfiguration": self._get_runtime,
            "UpdateThingRuntimeConfiguration": self._update_runtime,
            "CreateSoftwareUpdateJob": self._create_update_job,
        }

    def _get_connectivity(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"ConnectivityInfo": self._connectivity.get(params["ThingName"], [])}

    def _update_connectivity(self, params: dict[str, Any]) -> dict[str, Any]:
        self._connectivity[params["ThingName"]] = params.get("ConnectivityInfo", [])
        return {"Message": "Connectivity information updated.", "Version": new_id()}

    def _get_runtime(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["ThingName"]
        in_sync = name not in self._telemetry or self._cores.is_connected(name)
        telemetry = {
            "ConfigurationSyncStatus": "InSync" if in_sync else "OutOfSync",
            "Telemetry": self._telemetry.get(name, "Off"),
        }
        return {"RuntimeConfiguration": {"TelemetryConfiguration": telemetry}}

    def _update_runtime(self, params: dict[str, Any]) -> dict[str, Any]:
        if "TelemetryConfiguration" in params:
            self._telemetry[params["ThingName"]] = params["TelemetryConfiguration"]["Telemetry"]
        return {}

    def _create_update_job(self, params: dict[str, Any]) -> dict[str, Any]:
        if not ROLE_ARN.fullmatch(params["S3UrlSignerRole"]):
            raise bad_request(f"The role ARN is invalid: {params['S3UrlSignerRole']}")
        targets = params["UpdateTargets"]
        wrong = [target for target in targets if not _UPDATE_TARGET.fullmatch(target)]
        if wrong or not targets:
            raise bad_request(f"The update targets must be ARNs of things or thing groups: {wrong}")
        job_id = f"GreengrassUpdateJob_{new_id()}"
        arns = self._arns
        return {
            "IotJobArn": f"arn:{arns.partition}:iot:{arns.region}:{arns.account}:job/{job_id}",
            "IotJobId": job_id,
            "PlatformSoftwareVersion": SOFTWARE_VERSIONS[params["SoftwareToUpdate"]],
        }
