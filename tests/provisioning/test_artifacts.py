"""What lies in the artifact bucket: names, members, bytes, and what happens to what is there already."""

import io
import json
import logging
import stat
import zipfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from reconciler.aws.client import Aws
from reconciler.aws.errors import BUCKET_HINT
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.provisioning.artifacts import ArtifactStore, Credentials, core_config, root_ca, zipped
from reconciler.provisioning.keys import new_key
from reconciler.sandbox.testing import Sandbox
from tests.provisioning.conftest import BUCKET, GROUP, World, fault

ROOT_CA_SHA256 = "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e"
"""Of Amazon Root CA 1, as https://www.amazontrust.com/repository/ tells it."""
KEY = new_key()
CONFIG = (
    '{"coreThing":{"caPath":"root.ca.pem","certPath":"cert.pem","keyPath":"private.key",'
    '"thingArn":"arn:aws:iot:eu-central-1:123456789012:thing/core","iotHost":"abc-ats.iot.eu-central-1.amazonaws.com",'
    '"ggHost":"greengrass-ats.iot.eu-central-1.amazonaws.com"},"runtime":{"cgroup":{"useSystemd":"yes"}},'
    '"managedRespawn":false,"crypto":{"principals":{"SecretsManager":{'
    '"privateKeyPath":"file:///greengrass/certs/private.key"},"IoTCertificate":{'
    '"privateKeyPath":"file:///greengrass/certs/private.key","certificatePath":"file:///greengrass/certs/cert.pem"}},'
    '"caPath":"file:///greengrass/certs/root.ca.pem"}}'
)
"""As AWS Connected Device Framework writes it, to the byte."""


def test_the_root_ca_is_amazons_first() -> None:
    certificate = x509.load_pem_x509_certificate(root_ca().encode())
    assert certificate.fingerprint(hashes.SHA256()).hex() == ROOT_CA_SHA256
    assert root_ca().count("BEGIN CERTIFICATE") == 1


def test_a_cores_configuration_is_cdfs() -> None:
    host = "abc-ats.iot.eu-central-1.amazonaws.com"
    arn = "arn:aws:iot:eu-central-1:123456789012:thing/core"
    assert core_config(thing_arn=arn, iot_host=host, region="eu-central-1") == CONFIG


def test_china_has_names_of_its_own() -> None:
    config = json.loads(core_config(thing_arn="arn", iot_host="host", region="cn-north-1"))
    assert config["coreThing"]["ggHost"] == "greengrass-ats.iot.cn-north-1.amazonaws.com.cn"


def test_an_archive_is_the_same_bytes_for_the_same_members() -> None:
    one = zipped({"a": b"1", "b": b"2" * 1000})
    assert one == zipped({"b": b"2" * 1000, "a": b"1"})
    assert one != zipped({"a": b"1", "b": b"3" * 1000})
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert archive.testzip() is None
        assert {info.filename: info.compress_type for info in archive.infolist()} == {
            "a": zipfile.ZIP_DEFLATED,
            "b": zipfile.ZIP_DEFLATED,
        }
        modes = {stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
    assert modes == {0o600}


def test_key_and_certificate_lie_at_the_root_of_certs_zip(store: ArtifactStore, world: World) -> None:
    store.keep_certificate(GROUP, "core", "PEM", KEY)
    assert world.members("core") == {"cert.pem": b"PEM", "private.key": KEY, "root.ca.pem": root_ca().encode()}
    assert store.credentials(GROUP, "core") == Credentials(KEY, "PEM")
    listed = world.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [row["Key"] for row in listed] == [f"demo/{GROUP}/core/certs.zip"]
    assert world.s3.head_object(Bucket=BUCKET, Key=listed[0]["Key"])["ContentType"] == "application/zip"


def test_a_device_that_keeps_its_key_has_none_in_certs_zip(store: ArtifactStore, world: World) -> None:
    store.keep_certificate(GROUP, "press", "PEM", None)
    assert world.members("press") == {"cert.pem": b"PEM", "root.ca.pem": root_ca().encode()}
    assert store.credentials(GROUP, "press") == Credentials(None, "PEM")


def test_the_configuration_lies_at_the_root_of_its_zip(store: ArtifactStore, world: World) -> None:
    arn = "arn:aws:iot:eu-central-1:123456789012:thing/core"
    store.keep_core_config(GROUP, "core", thing_arn=arn, iot_host="abc-ats.iot.eu-central-1.amazonaws.com")
    assert world.members("core", "greengrassCoreConfig.zip") == {"config.json": CONFIG.encode()}


def test_nothing_stored_is_none(store: ArtifactStore) -> None:
    assert store.credentials(GROUP, "core") is None


def test_a_first_key_is_stored_in_one_call(store: ArtifactStore, world: World, aws: Sandbox) -> None:
    assert store.keep_key(GROUP, "core", KEY) == KEY
    assert world.members("core") == {"private.key": KEY}
    assert [call["operation"] for call in aws.calls() if call["write"]] == ["PutObject"]


def test_a_key_that_is_there_is_the_one_to_use(store: ArtifactStore, world: World) -> None:
    other = new_key()
    store.keep_key(GROUP, "core", KEY)
    assert store.keep_key(GROUP, "core", other) == KEY
    store.keep_certificate(GROUP, "core", "PEM", KEY)
    assert store.keep_key(GROUP, "core", other) == KEY
    assert world.members("core") == {"cert.pem": b"PEM", "private.key": KEY, "root.ca.pem": root_ca().encode()}


def test_a_certificate_without_key_makes_room_for_a_key(store: ArtifactStore, world: World) -> None:
    store.keep_certificate(GROUP, "core", "PEM", None)
    assert store.keep_key(GROUP, "core", KEY) == KEY
    assert world.members("core") == {"private.key": KEY}


@pytest.mark.parametrize("kind", ["lost", "refused", "error", "throttle"])
def test_a_key_is_stored_once_whatever_becomes_of_the_answer(
    store: ArtifactStore, world: World, aws: Sandbox, kind: str
) -> None:
    aws.put_faults([fault("s3:PutObject", kind, times=2)])
    assert store.keep_key(GROUP, "core", KEY) == KEY
    assert world.members("core") == {"private.key": KEY}


@pytest.mark.parametrize(
    "content",
    [b"no archive", zipped({"private.key": KEY})[:60], zipped({"private.key": KEY}).replace(b"\x08", b"\x63")],
    ids=["no archive", "cut", "of another kind"],
)
def test_an_archive_that_cannot_be_read_is_named_and_left_alone(
    store: ArtifactStore, world: World, content: bytes
) -> None:
    world.put("core", content)
    place = f"s3://{BUCKET}/demo/{GROUP}/core/certs.zip"
    for read in (lambda: store.credentials(GROUP, "core"), lambda: store.keep_key(GROUP, "core", KEY)):
        with pytest.raises(ReconcileError, match=place) as caught:
            read()
        assert "take it away" in caught.value.hint
    stored = world.s3.get_object(Bucket=BUCKET, Key=f"demo/{GROUP}/core/certs.zip")["Body"].read()
    assert stored == content


def test_a_bucket_that_is_not_there_is_an_error_that_says_so(client: Aws, aws: Sandbox) -> None:
    store = ArtifactStore(client, "nowhere", "")
    for work in (
        lambda: store.credentials(GROUP, "core"),
        lambda: store.keep_key(GROUP, "core", KEY),
        lambda: store.keep_certificate(GROUP, "core", "PEM", KEY),
    ):
        with pytest.raises(AwsError, match="NoSuchBucket") as caught:
            work()
        assert caught.value.hint == BUCKET_HINT


def test_keys_show_in_no_representation_and_no_log(
    store: ArtifactStore, caplog: pytest.LogCaptureFixture, aws: Sandbox
) -> None:
    caplog.set_level(logging.DEBUG)
    store.keep_key(GROUP, "core", KEY)
    store.keep_certificate(GROUP, "core", "PEM", KEY)
    credentials = store.credentials(GROUP, "core")
    assert credentials == Credentials(KEY, "PEM")
    aws.put_faults([fault("s3:PutObject", "throttle", times=None)])
    with pytest.raises(AwsError) as caught:
        store.keep_certificate(GROUP, "core", "PEM", KEY)
    assert "PutObject" in caplog.text
    for text in (caplog.text, repr(credentials), repr(caught.value), str(caught.value.__cause__)):
        assert "PRIVATE KEY" not in text
        assert KEY.decode().splitlines()[1] not in text
        assert "PK\\x03\\x04" not in text  # the archive itself, as bytes are shown
