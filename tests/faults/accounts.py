"""What an account holds after an apply, without what AWS makes up: equal accounts are equal data."""

import zipfile
from io import BytesIO
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.faults.accounts_v2 import account_v2
from tests.fleets import ARTIFACTS_BUCKET

SAYING = ("reconciler:fleet", "reconciler:template", "reconciler:template-version", "reconciler:families")
"""The tags whose values are no ids."""


def account(aws: Sandbox) -> dict[str, Any]:
    """Groups with their contents, marks and deployments; how many definitions, certificates and policies there are."""
    greengrass, iot = aws.client("greengrass"), aws.client("iot")
    rows = greengrass.list_groups()["Groups"]
    things = sorted(row["thingName"] for row in iot.list_things()["things"])
    return {
        "groups": sorted(row["Name"] for row in rows),
        **{f"group {row['Name']}": _group(aws, row) for row in rows},
        "definitions": {
            family: sorted(definition["Name"] for definition in _definitions(greengrass, family))
            for family in live.FAMILIES
        },
        "definition versions": {family: _versions(greengrass, family) for family in live.FAMILIES},
        "certificates": {name: len(iot.list_thing_principals(thingName=name)["principals"]) for name in things},
        "all certificates": len(iot.list_certificates()["certificates"]),
        "policies": len(iot.list_policies()["policies"]),
        "keys": {name: key_fits(aws, name) for name in things},
        **account_v2(aws),
    }


def _group(aws: Sandbox, row: dict[str, Any]) -> dict[str, Any]:
    name, greengrass = row["Name"], aws.client("greengrass")
    versions = greengrass.list_group_versions(GroupId=row["Id"])["Versions"]
    return {
        "contents": live.contents(aws.client, name) if versions else {},
        "tags": {key: value for key, value in live.tags(aws.client, name).items() if key in SAYING},
        "versions": len(versions),
        "deployments": [deployment["DeploymentType"] for deployment in live.deployments(aws.client, name)],
    }


def _definitions(greengrass: Any, family: str) -> list[dict[str, Any]]:
    return list(getattr(greengrass, f"list_{family.lower()}_definitions")()["Definitions"])


def _versions(greengrass: Any, family: str) -> int:
    list_versions = getattr(greengrass, f"list_{family.lower()}_definition_versions")
    identifier = f"{family}DefinitionId"
    return sum(len(list_versions(**{identifier: row["Id"]})["Versions"]) for row in _definitions(greengrass, family))


def key_fits(aws: Sandbox, thing: str, bucket: str = ARTIFACTS_BUCKET) -> bool:
    """Whether the private key of a thing's certificate lies in the artifact bucket, beside that certificate."""
    iot, s3 = aws.client("iot"), aws.client("s3")
    rows = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [row["Key"] for row in rows if row["Key"].endswith(f"/{thing}/certs.zip")]
    if len(keys) != 1:
        return False
    with zipfile.ZipFile(BytesIO(s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read())) as archive:
        if {"private.key", "cert.pem"} - set(archive.namelist()):
            return False
        key = load_pem_private_key(archive.read("private.key"), None)
        stored = x509.load_pem_x509_certificate(archive.read("cert.pem"))
    principals = iot.list_thing_principals(thingName=thing)["principals"]
    found = [iot.describe_certificate(certificateId=arn.rpartition("/")[2]) for arn in principals]
    texts = [row["certificateDescription"]["certificatePem"] for row in found]
    certificates = [x509.load_pem_x509_certificate(text.encode()) for text in texts]
    return stored.public_key() == key.public_key() and certificates == [stored]
