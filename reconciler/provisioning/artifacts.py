"""What a core or device needs to connect, in S3: key and certificate, and a core's configuration.

``<prefix><group id>/<thing>/certs.zip`` holds ``private.key`` from the moment before the certificate is asked for, and
``cert.pem`` and ``root.ca.pem`` once it is there; ``<prefix><group id>/<thing>/greengrassCoreConfig.zip`` holds
``config.json``, for Greengrass V2 ``config.yaml``. Names and members are those of AWS Connected Device Framework: what
reads its artifacts reads these.

``certs.zip`` is also the mark on what was made for a thing: it holds the very certificate, and in the object's metadata
stands which fleet stored it, and whether the thing was there before.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from reconciler.aws.client import Aws, is_not_found
from reconciler.model.errors import AwsError, ReconcileError

CERTS, CORE_CONFIG = "certs.zip", "greengrassCoreConfig.zip"
CERTIFICATE, KEY, ROOT_CA, CONFIG = "cert.pem", "private.key", "root.ca.pem", "config.json"
NUCLEUS_CONFIG = "config.yaml"
NUCLEUS_ROOT = "/greengrass/v2"
"""Where V2 is installed unless told otherwise (Greengrass V2 guide, "Install with manual provisioning")."""
FLEET_MARK, THING_MARK = "reconciler-fleet", "reconciler-thing"
MADE, EXISTED = "made", "existed"
"""What the second mark says of the thing."""
DELETED_AT_ONCE = 1000
"""Objects in one DeleteObjects (S3 API reference)."""
_ALREADY_THERE = frozenset({409, 412})
"""412: it is there. 409: another is being written at this moment (S3 API reference, PutObject, ``If-None-Match``)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What ``certs.zip`` holds: PEM texts, None for what is not there (yet, or because the device keeps its key).

    ``fleet`` is whose run stored it, None where it bears no mark; ``existed``: the thing was there before.
    """

    key: bytes | None = field(default=None, repr=False)
    certificate: str | None = None
    fleet: str | None = None
    existed: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactStore:
    """The artifacts of one fleet under ``s3://bucket/prefix``. Methods raise AwsError.

    They raise ReconcileError for a ``certs.zip`` that cannot be read: what is in it may be the only copy of a key.
    """

    aws: Aws
    bucket: str
    prefix: str
    fleet: str = ""

    def location(self, group_id: str, thing_name: str, name: str) -> str:
        """The S3 key of an artifact of a thing of a group."""
        return f"{self.prefix}{group_id}/{thing_name}/{name}"

    def credentials(self, group_id: str, thing_name: str) -> Credentials | None:
        """What was stored for a thing of a group, None if nothing was."""
        key = self.location(group_id, thing_name, CERTS)
        try:
            answer = self.aws.call("s3", "GetObject", Bucket=self.bucket, Key=key)
        except AwsError as error:
            if is_not_found(error) and error.code != "NoSuchBucket":
                return None
            raise
        try:
            # Metadata travels in headers, whose case means nothing.
            marks = {name.lower(): value for name, value in (answer.get("Metadata") or {}).items()}
            return _unzipped(answer["Body"], marks)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            UnicodeDecodeError,
        ) as error:
            raise ReconcileError(
                f"reading s3://{self.bucket}/{key}: {type(error).__name__}: not an archive of key and certificate",
                hint=f"look into it, put an earlier version of it back or take it away, and apply again ({thing_name})",
            ) from None

    def keep_key(self, group_id: str, thing_name: str, key: bytes, *, existed: bool = False) -> bytes:
        """Store a new key unless one is there already; return the one that is stored, which is the one to use.

        An earlier run may have stored its key and been cut off before, or after, AWS made the certificate for it.
        ``existed`` says of a thing that it was there before; so of all that store something.
        """
        try:
            self._put(group_id, thing_name, CERTS, {KEY: key}, existed=existed, only_if_absent=True)
        except AwsError as error:
            if error.status not in _ALREADY_THERE:
                raise
            stored = self.credentials(group_id, thing_name)
            if stored is not None and stored.key is not None:
                return stored.key
            self.replace_key(group_id, thing_name, key, existed=existed)
        return key

    def replace_key(self, group_id: str, thing_name: str, key: bytes, *, existed: bool = False) -> None:
        """Store a new key in place of whatever was stored."""
        self._put(group_id, thing_name, CERTS, {KEY: key}, existed=existed)

    def keep_certificate(
        self, group_id: str, thing_name: str, certificate: str, key: bytes | None, *, existed: bool = False
    ) -> None:
        """Store the certificate beside its key (none, where the device keeps it) and Amazon's root CA."""
        members = {CERTIFICATE: certificate.encode(), ROOT_CA: root_ca().encode()}
        if key is not None:
            members[KEY] = key
        self._put(group_id, thing_name, CERTS, members, existed=existed)

    def keep_core_config(self, group_id: str, thing_name: str, *, thing_arn: str, iot_host: str) -> None:
        """Store the ``config.json`` of a core. ``iot_host`` is the account's ``iot:Data-ATS`` endpoint."""
        text = core_config(thing_arn=thing_arn, iot_host=iot_host, region=self.aws.region)
        self._put(group_id, thing_name, CORE_CONFIG, {CONFIG: text.encode()})

    def keep_nucleus_config(self, group_id: str, thing_name: str, config: Mapping[str, str]) -> None:
        """Store the ``config.yaml`` of a V2 core; ``config`` is as in ``nucleus_config``."""
        text = nucleus_config(thing_name, self.aws.region, config)
        self._put(group_id, thing_name, CORE_CONFIG, {NUCLEUS_CONFIG: text.encode()})

    def things(self, group_id: str) -> frozenset[str]:
        """The things of a group of which something is stored."""
        start = f"{self.prefix}{group_id}/"
        found: set[str] = set()
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call("s3", "ListObjectsV2", Bucket=self.bucket, Prefix=start, **token)
            keys = [row["Key"].removeprefix(start) for row in answer.get("Contents", [])]
            found.update(key.partition("/")[0] for key in keys if key.endswith((f"/{CERTS}", f"/{CORE_CONFIG}")))
            if not answer.get("NextContinuationToken"):
                return frozenset(found)
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def delete(self, group_id: str, thing_names: Iterable[str]) -> None:
        """Delete everything that is stored of things. Raises AwsError where S3 keeps something."""
        keys = [self.location(group_id, name, file) for name in thing_names for file in (CERTS, CORE_CONFIG)]
        for start in range(0, len(keys), DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
            deletion = {"Objects": objects, "Quiet": True}
            answer = self.aws.call("s3", "DeleteObjects", Bucket=self.bucket, Delete=deletion)
            for error in answer.get("Errors", []):
                raise AwsError(
                    f"s3:DeleteObjects: {error.get('Code')}: {error.get('Message')} ({error.get('Key')})",
                    operation="s3:DeleteObjects",
                    code=str(error.get("Code")),
                )

    def _put(
        self,
        group_id: str,
        thing_name: str,
        name: str,
        members: dict[str, bytes],
        *,
        existed: bool = False,
        only_if_absent: bool = False,
    ) -> None:
        condition = {"IfNoneMatch": "*"} if only_if_absent else {}
        marks = {FLEET_MARK: self.fleet, THING_MARK: EXISTED if existed else MADE} if self.fleet else {}
        self.aws.call(
            "s3",
            "PutObject",
            Bucket=self.bucket,
            Key=self.location(group_id, thing_name, name),
            Body=zipped(members),
            ContentType="application/zip",
            Metadata=marks,
            **condition,
        )


def no_bucket() -> ReconcileError:
    """The error where keys or payloads are to be kept, and the fleet says nowhere to keep them."""
    return ReconcileError("the fleet names no bucket for artifacts", hint="add `artifacts: {bucket: …}`")


def _unzipped(archive: bytes, marks: Mapping[str, str]) -> Credentials:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        names = set(file.namelist())
        return Credentials(
            file.read(KEY) if KEY in names else None,
            file.read(CERTIFICATE).decode() if CERTIFICATE in names else None,
            marks.get(FLEET_MARK),
            marks.get(THING_MARK) == EXISTED,
        )


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive with ``members`` at its root; equal members make equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(members.items()):
            # A ZipInfo of our own has no time of day in it; it is unpacked readable by its owner alone.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def root_ca() -> str:
    """Amazon Root CA 1 (PEM), which the ATS endpoints of AWS IoT and Greengrass chain up to."""
    return resources.files("reconciler.provisioning").joinpath("AmazonRootCA1.pem").read_text("ascii")


def core_config(*, thing_arn: str, iot_host: str, region: str) -> str:
    """The ``config.json`` of a V1 core (AWS IoT Greengrass V1 guide, "AWS IoT Greengrass core configuration file")."""
    certs = "file:///greengrass/certs"
    key = f"{certs}/{KEY}"
    suffix = ".cn" if region.startswith("cn-") else ""
    config = {
        "coreThing": {
            "caPath": ROOT_CA,
            "certPath": CERTIFICATE,
            "keyPath": KEY,
            "thingArn": thing_arn,
            "iotHost": iot_host,
            "ggHost": f"greengrass-ats.iot.{region}.amazonaws.com{suffix}",
        },
        "runtime": {"cgroup": {"useSystemd": "yes"}},
        "managedRespawn": False,
        "crypto": {
            "principals": {
                "SecretsManager": {"privateKeyPath": key},
                "IoTCertificate": {"privateKeyPath": key, "certificatePath": f"{certs}/{CERTIFICATE}"},
            },
            "caPath": f"{certs}/{ROOT_CA}",
        },
    }
    return json.dumps(config, separators=(",", ":"))


def nucleus_config(thing_name: str, region: str, config: Mapping[str, str]) -> str:
    """The ``config.yaml`` that the nucleus is installed with (Greengrass V2 guide, "Install with manual provisioning").

    ``config`` has the endpoints ``iotDataEndpoint`` and ``iotCredEndpoint``, and ``iotRoleAlias`` and ``version`` as
    far as they are known. The members of ``certs.zip`` are expected below ``/greengrass/v2``.
    """
    nucleus: dict[str, Any] = {"componentType": "NUCLEUS"}
    if version := config.get("version"):
        nucleus["version"] = version
    known = ("iotRoleAlias", "iotDataEndpoint", "iotCredEndpoint")
    nucleus["configuration"] = {"awsRegion": region} | {name: config[name] for name in known if config.get(name)}
    document = {
        "system": {
            "certificateFilePath": f"{NUCLEUS_ROOT}/{CERTIFICATE}",
            "privateKeyPath": f"{NUCLEUS_ROOT}/{KEY}",
            "rootCaPath": f"{NUCLEUS_ROOT}/{ROOT_CA}",
            "rootpath": NUCLEUS_ROOT,
            "thingName": thing_name,
        },
        "services": {"aws.greengrass.Nucleus": nucleus},
    }
    return str(yaml.safe_dump(document, sort_keys=False, explicit_start=True))
