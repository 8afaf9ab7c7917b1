"""What a new core of V2 is installed with: key, certificate and root CA, and a ready configuration of its nucleus."""

import io
import json
import zipfile
from typing import Any

import pytest
import yaml

from reconciler.sandbox.testing import Sandbox
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles
from tests.runtimes.v2.fleets import applied, group, guards, plan, template

pytestmark = pytest.mark.sampled

ALIAS = "GreengrassCoreTokenExchangeRoleAlias"


def members(aws: Sandbox, key: str) -> dict[str, bytes]:
    stored = aws.client("s3").get_object(Bucket=ARTIFACTS_BUCKET, Key=f"demo/{key}")
    with zipfile.ZipFile(io.BytesIO(stored["Body"].read())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def policy(aws: Sandbox, thing: str) -> list[dict[str, Any]]:
    iot = aws.client("iot")
    (principal,) = iot.list_thing_principals(thingName=thing)["principals"]
    (attached,) = iot.list_attached_policies(target=principal)["policies"]
    return list(json.loads(iot.get_policy(policyName=attached["policyName"])["policyDocument"])["Statement"])


@pytest.mark.parametrize(("nucleus", "version"), [({}, "2.12.6"), ({"version": "2.13.0"}, "2.13.0")])
def test_a_new_core_finds_all_it_needs_in_the_bucket(
    fleet: FleetFiles, aws: Sandbox, nucleus: dict[str, str], version: str
) -> None:
    fleet.fleet(nucleus={"roleAlias": ALIAS, **nucleus}, bulkDeployments=None)
    applied(aws, group(template(fleet), devices=1))
    assert members(aws, "a/a-core-1/certs.zip").keys() == {"cert.pem", "private.key", "root.ca.pem"}
    (text,) = members(aws, "a/a-core-1/greengrassCoreConfig.zip").values()
    config = yaml.safe_load(text)
    assert config["system"]["thingName"] == "a-core-1"
    assert config["services"]["aws.greengrass.Nucleus"]["version"] == version
    said = config["services"]["aws.greengrass.Nucleus"]["configuration"]
    endpoint = aws.client("iot").describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]
    assert (said["awsRegion"], said["iotRoleAlias"], said["iotCredEndpoint"]) == ("eu-central-1", ALIAS, endpoint)
    rights = {str(row["Action"]): row["Resource"] for row in policy(aws, "a-core-1")}
    assert rights["iot:AssumeRoleWithCertificate"].endswith(f":rolealias/{ALIAS}")
    assert "iot:AssumeRoleWithCertificate" not in str(policy(aws, "a-device-1"))


def test_without_a_role_alias_the_plan_says_what_new_cores_will_lack(fleet: FleetFiles, aws: Sandbox) -> None:
    assert (
        "a-core-1: the config.yaml for new cores names no role alias"
        in guards(plan(group(template(fleet))))["role-alias"]
    )
    applied(aws, fleet)
    assert "role-alias" not in guards(plan(fleet))
