from typing import Any

import pytest

THING = "arn:aws:iot:eu-central-1:123456789012:thing/a"
CERTIFICATE = "arn:aws:iot:eu-central-1:123456789012:cert/abcdef0123"
CONTENT: dict[str, dict[str, Any]] = {
    "Core": {"Cores": [{"Id": "c", "ThingArn": THING, "CertificateArn": CERTIFICATE, "SyncShadow": True}]},
    "Device": {"Devices": [{"Id": "d", "ThingArn": THING, "CertificateArn": CERTIFICATE, "SyncShadow": False}]},
    "Function": {
        "DefaultConfig": {"Execution": {"IsolationMode": "GreengrassContainer"}},
        "Functions": [
            {
                "Id": "f",
                "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:press:live",
                "FunctionConfiguration": {
                    "EncodingType": "json",
                    "Environment": {
                        "AccessSysfs": False,
                        "Execution": {"IsolationMode": "NoContainer", "RunAs": {"Uid": 1000, "Gid": 1000}},
                        "ResourceAccessPolicies": [{"ResourceId": "r", "Permission": "rw"}],
                        "Variables": {"CORE": "line-core", "EMPTY": ""},
                    },
                    "ExecArgs": "-v",
                    "Executable": "press.handler",
                    "MemorySize": 16384,
                    "Pinned": True,
                    "Timeout": 25,
                    "FunctionRuntimeOverride": "python3.8",
                },
            }
        ],
    },
    "Subscription": {"Subscriptions": [{"Id": "s", "Source": THING, "Subject": "dt/ä/#", "Target": "cloud"}]},
    "Logger": {"Loggers": [{"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "FileSystem", "Space": 1024}]},
    "Resource": {
        "Resources": [
            {
                "Id": "r",
                "Name": "tty",
                "ResourceDataContainer": {
                    "LocalDeviceResourceData": {
                        "SourcePath": "/dev/ttyS0",
                        "GroupOwnerSetting": {"AutoAddGroupOwner": True},
                    }
                },
            }
        ]
    },
    "Connector": {
        "Connectors": [
            {
                "Id": "k",
                "ConnectorArn": "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4",
                "Parameters": {"DefaultSNSArn": "arn:aws:sns:eu-central-1:123456789012:t"},
            }
        ]
    },
}


class Definitions:
    """The nine operations of one family, under one set of names."""

    def __init__(self, gg: Any, kind: str) -> None:
        self.gg, self.kind = gg, kind

    def call(self, operation: str, definition: str | None = None, version: str | None = None, **params: Any) -> Any:
        if definition:
            params[f"{self.kind}DefinitionId"] = definition
        if version:
            params[f"{self.kind}DefinitionVersionId"] = version
        return getattr(self.gg, operation.format(f"{self.kind.lower()}_definition"))(**params)


@pytest.fixture(params=list(CONTENT))
def family(gg: Any, request: pytest.FixtureRequest) -> Definitions:
    return Definitions(gg, request.param)


def test_version_comes_back_as_it_was_given(family: Definitions) -> None:
    content = CONTENT[family.kind]
    made = family.call("create_{}", Name="n", InitialVersion=content)
    version = family.call("get_{}_version", made["Id"], made["LatestVersion"])
    assert version["Definition"] == content
    assert (version["Id"], version["Version"]) == (made["Id"], made["LatestVersion"])
    assert version["Arn"] == made["LatestVersionArn"]


def test_versions_are_immutable_and_inherit_nothing(family: Definitions) -> None:
    content = CONTENT[family.kind]
    made = family.call("create_{}", InitialVersion=content)
    second = family.call("create_{}_version", made["Id"])
    assert second["Id"] == made["Id"]
    first = family.call("get_{}_version", made["Id"], made["LatestVersion"])
    assert first["Definition"] == content
    entities = family.call("get_{}_version", made["Id"], second["Version"])["Definition"]
    assert entities == {f"{family.kind}s": []}
    assert family.call("get_{}", made["Id"])["LatestVersion"] == second["Version"]
    listed = family.call("list_{}_versions", made["Id"])["Versions"]
    assert [version["Version"] for version in listed] == [made["LatestVersion"], second["Version"]]


def test_rename_and_delete(family: Definitions, refused: Any) -> None:
    made = family.call("create_{}", Name="before")
    family.call("update_{}", made["Id"], Name="after")
    found = family.call("get_{}", made["Id"])
    assert found["Name"] == "after"
    assert found["LastUpdatedTimestamp"] > made["LastUpdatedTimestamp"]
    family.call("delete_{}", made["Id"])
    for operation in ("get_{}", "delete_{}", "list_{}_versions", "create_{}_version"):
        assert refused(family.call, operation=operation, definition=made["Id"])[:2] == (404, "IdNotFoundException")
    assert refused(family.call, operation="update_{}", definition=made["Id"], Name="x")[0] == 404


def test_rename_without_a_name_is_refused(family: Definitions, refused: Any) -> None:
    made = family.call("create_{}", Name="before")
    for params in ({}, {"Name": ""}):
        assert refused(family.call, operation="update_{}", definition=made["Id"], **params)[0] == 400
    assert family.call("get_{}", made["Id"])["Name"] == "before"


def test_unknown_version_is_404(family: Definitions, refused: Any) -> None:
    made = family.call("create_{}")
    status, code, message = refused(family.call, operation="get_{}_version", definition=made["Id"], version="nothing")
    assert (status, code) == (404, "VersionNotFoundException")
    assert message.startswith("Version nothing of ")


def test_names_are_not_unique_and_client_tokens_mean_nothing(family: Definitions) -> None:
    one = family.call("create_{}", Name="n", AmznClientToken="t")
    two = family.call("create_{}", Name="n", AmznClientToken="t")
    assert one["Id"] != two["Id"]
    assert "Name" not in family.call("create_{}")


def test_refused_version_leaves_no_definition_behind(family: Definitions, refused: Any) -> None:
    member = f"{family.kind}s"
    entity = dict(CONTENT[family.kind][member][0], Id="no spaces")
    content = {member: [entity]}
    status, code, message = refused(family.call, operation="create_{}", InitialVersion=content)
    assert (status, code) == (400, "400")
    assert "Id 'no spaces' is invalid" in message
    assert family.call("list_{}s")["Definitions"] == []
    made = family.call("create_{}")
    refused(family.call, operation="create_{}_version", definition=made["Id"], **content)
    assert family.call("list_{}_versions", made["Id"])["Versions"] == []


def test_definition_of_2500_devices_is_read_in_three_pages(fleet: Any, refused: Any) -> None:
    devices = [fleet.entity(f"d{number}") for number in range(2500)]
    made = fleet.gg.create_device_definition(InitialVersion={"Devices": devices})
    key = {"DeviceDefinitionId": made["Id"], "DeviceDefinitionVersionId": made["LatestVersion"]}
    pages = [fleet.gg.get_device_definition_version(**key)]
    while "NextToken" in pages[-1]:
        token = pages[-1]["NextToken"]
        pages.append(fleet.gg.get_device_definition_version(**key, NextToken=token))
    assert [len(page["Definition"]["Devices"]) for page in pages] == [1000, 1000, 500]
    assert [device for page in pages for device in page["Definition"]["Devices"]] == devices
    assert refused(fleet.gg.get_device_definition_version, **key, NextToken="x")[0] == 400


def test_default_config_is_on_every_page(gg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.greengrass_v1.definitions.ENTITIES_IN_A_PAGE", 1)
    config = {"Execution": {"IsolationMode": "NoContainer"}}
    content = {"DefaultConfig": config, "Functions": [{"Id": "a"}, {"Id": "b"}]}
    made = gg.create_function_definition(InitialVersion=content)
    key = {"FunctionDefinitionId": made["Id"], "FunctionDefinitionVersionId": made["LatestVersion"]}
    first = gg.get_function_definition_version(**key)
    second = gg.get_function_definition_version(**key, NextToken=first["NextToken"])
    assert [page["Definition"]["DefaultConfig"] for page in (first, second)] == [config, config]
    assert second["Definition"]["Functions"] == [{"Id": "b"}]
