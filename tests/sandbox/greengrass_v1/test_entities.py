from typing import Any

import pytest

from reconciler.sandbox.greengrass_v1.entities import (
    connector_problems,
    core_problems,
    device_problems,
    function_problems,
    logger_problems,
    resource_problems,
    subscription_problems,
)

THING = "arn:aws:iot:eu-central-1:123456789012:thing/{}"
CERTIFICATE = "arn:aws:iot:eu-central-1:123456789012:cert/abc"


def device(name: str = "a", **members: Any) -> dict[str, Any]:
    return {"Id": name, "ThingArn": THING.format("t"), "CertificateArn": CERTIFICATE, **members}


def subscription(name: str = "s", **members: Any) -> dict[str, Any]:
    return {"Id": name, "Source": "cloud", "Subject": "a/b", "Target": "GGShadowService", **members}


def resource(name: str = "r", /, **container: Any) -> dict[str, Any]:
    return {"Id": name, "Name": name, "ResourceDataContainer": container}


def only(problems: Any) -> str:
    found = list(problems)
    assert len(found) == 1, found
    return str(found[0])


def test_good_entities_have_no_problems() -> None:
    assert list(core_problems([device()])) == []
    assert list(device_problems([device(f"d:{number}_-") for number in range(2500)])) == []
    assert list(function_problems([{"Id": f"f{number}"} for number in range(200)])) == []
    many = [subscription(f"s{number}", Source=THING.format("t")) for number in range(9_950)]
    from_cloud = [subscription(f"c{number}") for number in range(50)]
    assert list(subscription_problems(many + from_cloud)) == []
    volumes = [
        resource(f"v{number}", LocalVolumeResourceData={"SourcePath": "/srv", "DestinationPath": "/srv"})
        for number in range(200)
    ]
    assert list(resource_problems(volumes)) == []


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a" * 129, "a\n"])
def test_bad_ids(name: str) -> None:
    assert "is invalid: it must match" in only(device_problems([device(name)]))


def test_longest_id() -> None:
    assert list(device_problems([device("a" * 128)])) == []


def test_an_id_twice_is_said_once() -> None:
    assert only(device_problems([device()] * 3)) == "Device Id 'a' is not unique in the definition"


def test_second_core_and_long_core_name() -> None:
    assert "has 2" in only(core_problems([device("a"), device("b")]))
    assert list(core_problems([device(ThingArn=THING.format("t" * 124))])) == []
    assert "longer than 124 bytes" in only(core_problems([device(ThingArn=THING.format("t" * 125))]))


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "t",
        "arn:aws:iot:eu-central-1:123456789012:thing/",
        "arn:aws:iot:eu-central-1:12345:thing/t",
        "arn:aws:iot::123456789012:thing/t",
        "arn:gcp:iot:eu-central-1:123456789012:thing/t",
        "arn:aws:iot:eu-central-1:123456789012:thing/t/x",
        "arn:aws:iot:eu-central-1:123456789012:thinggroup/t",
        "arn:aws:iot:eu-central-1:123456789012:thing/t\n",
    ],
)
def test_bad_thing_arns(arn: str) -> None:
    assert "Device ThingArn is invalid. ID is 'a'" in only(device_problems([device(ThingArn=arn)]))


def test_bad_certificate_arn() -> None:
    assert "CertificateArn is invalid" in only(device_problems([device(CertificateArn=THING.format("t"))]))


def test_quotas() -> None:
    assert "2501 devices" in only(device_problems([device(f"d{number}") for number in range(2501)]))
    assert "201 Lambda functions" in only(function_problems([{"Id": f"f{number}"} for number in range(201)]))
    many = [subscription(f"s{number}", Source=THING.format("t")) for number in range(10_001)]
    assert "10001 subscriptions," in only(subscription_problems(many))
    from_cloud = [subscription(f"s{number}") for number in range(51)]
    assert "51 subscriptions with source cloud" in only(subscription_problems(from_cloud))
    devices = [resource(f"r{number}", LocalDeviceResourceData={"SourcePath": "/dev/a"}) for number in range(201)]
    assert "201 resources" in only(resource_problems(devices))


def test_bad_functions() -> None:
    wrong = {"Id": "f", "FunctionArn": THING.format("t")}
    assert "Lambda function ARN is invalid" in only(function_problems([wrong]))
    policies = [{"ResourceId": f"r{number}"} for number in range(21)]
    greedy = {"Id": "f", "FunctionConfiguration": {"Environment": {"ResourceAccessPolicies": policies}}}
    assert "21 resources" in only(function_problems([greedy]))


@pytest.mark.parametrize("end", ["Source", "Target"])
@pytest.mark.parametrize(
    "text",
    ["", "Cloud", "ggshadowservice", CERTIFICATE, "arn:aws:lambda:eu-central-1:123456789012:function:", "*"],
)
def test_bad_subscription_ends(end: str, text: str) -> None:
    found = only(subscription_problems([subscription(**{end: text})]))
    assert found == f"Subscription {end.lower()} is invalid. ID is 's' and {end} is '{text}'"


@pytest.mark.parametrize(
    ("subject", "is_right"), [("a" * 256, True), ("a" * 257, False), ("ä" * 129, False), ("", False)]
)
def test_subject_length_is_in_bytes(subject: str, is_right: bool) -> None:
    assert (list(subscription_problems([subscription(Subject=subject)])) == []) is is_right


def test_logger_needs_space() -> None:
    logger = {"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "FileSystem", "Space": 0}
    assert "greater than 0" in only(logger_problems([logger]))
    del logger["Space"]
    assert list(logger_problems([logger])) == []


@pytest.mark.parametrize("arn", ["", "SNS", "arn:aws:greengrass:eu-central-1::/connectors/SNS", THING.format("t")])
def test_bad_connectors(arn: str) -> None:
    assert "Connector ARN is invalid" in only(connector_problems([{"Id": "k", "ConnectorArn": arn}]))


VOLUME = {"SourcePath": "/srv", "DestinationPath": "/srv"}


def test_resource_has_exactly_one_container() -> None:
    both = resource(
        LocalVolumeResourceData=VOLUME,
        SecretsManagerSecretResourceData={
            "ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:greengrass-x"
        },
    )
    assert "exactly one type of data" in only(resource_problems([both]))
    assert "but has 0" in only(resource_problems([resource()]))


def test_resource_names_are_unique() -> None:
    first = resource("a", LocalVolumeResourceData=VOLUME)
    second = dict(resource("b", LocalVolumeResourceData=VOLUME), Name="a")
    assert only(resource_problems([first, second])) == "Resource Name 'a' is not unique in the definition"


@pytest.mark.parametrize("path", ["/sys", "/sys/class/gpio"])
def test_volume_in_sys_is_prohibited(path: str) -> None:
    volume = resource(LocalVolumeResourceData={"SourcePath": path, "DestinationPath": "/x"})
    assert only(resource_problems([volume])) == "Accessing /sys is prohibited"


@pytest.mark.parametrize("path", ["/etc/passwd", "/device", "dev/tty"])
def test_device_is_below_dev(path: str) -> None:
    found = only(resource_problems([resource(LocalDeviceResourceData={"SourcePath": path})]))
    assert found == f"Device resource path should begin with /dev, but got: {path}"


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("LocalVolumeResourceData", {"SourcePath": "/srv"}, "lacks DestinationPath"),
        ("LocalVolumeResourceData", {"SourcePath": "srv", "DestinationPath": "/x"}, "should be absolute"),
        ("LocalDeviceResourceData", {}, "lacks SourcePath"),
        ("S3MachineLearningModelResourceData", {"DestinationPath": "/m"}, "lacks S3Uri"),
        ("SageMakerMachineLearningModelResourceData", {"DestinationPath": "/m"}, "lacks SageMakerJobArn"),
        ("SecretsManagerSecretResourceData", {}, "lacks ARN"),
        ("SecretsManagerSecretResourceData", {"ARN": "secret"}, "Secret ARN is invalid: secret"),
    ],
)
def test_bad_resource_data(kind: str, data: dict[str, str], message: str) -> None:
    assert message in only(resource_problems([resource(**{kind: data})]))
