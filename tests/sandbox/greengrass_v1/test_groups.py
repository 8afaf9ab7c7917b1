from typing import Any

import pytest

FAMILIES = ["Core", "Function", "Resource", "Device", "Subscription", "Logger", "Connector"]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_names_are_not_unique(gg: Any) -> None:
    ids = {gg.create_group(Name="same")["Id"] for _ in range(2)}
    assert {group["Id"] for group in gg.list_groups()["Groups"]} == ids
    assert {group["Name"] for group in gg.list_groups()["Groups"]} == {"same"}


def test_nothing_is_inherited_from_the_version_before(fleet: Any) -> None:
    group = fleet.group()
    second = fleet.gg.create_group_version(GroupId=group.id)
    found = fleet.gg.get_group_version(GroupId=group.id, GroupVersionId=second["Version"])
    assert found["Definition"] == {}
    assert (found["Id"], found["Version"], found["Arn"]) == (group.id, second["Version"], second["Arn"])
    first = fleet.gg.get_group_version(GroupId=group.id, GroupVersionId=group.version)
    assert first["Definition"].keys() == {"CoreDefinitionVersionArn"}
    assert fleet.gg.get_group(GroupId=group.id)["LatestVersionArn"] == second["Arn"]


def test_version_holds_all_seven_families(gg: Any) -> None:
    arns = {
        f"{kind}DefinitionVersionArn": getattr(gg, f"create_{kind.lower()}_definition")(InitialVersion={})[
            "LatestVersionArn"
        ]
        for kind in FAMILIES
    }
    made = gg.create_group(Name="g")
    version = gg.create_group_version(GroupId=made["Id"], **arns)["Version"]
    assert gg.get_group_version(GroupId=made["Id"], GroupVersionId=version)["Definition"] == arns


@pytest.mark.parametrize("kind", FAMILIES)
def test_arn_of_another_family_is_refused(gg: Any, refused: Any, kind: str) -> None:
    other = FAMILIES[FAMILIES.index(kind) - 1].lower()
    arn = getattr(gg, f"create_{other}_definition")(InitialVersion={})["LatestVersionArn"]
    wrong = {f"{kind}DefinitionVersionArn": arn}
    status, code, message = refused(gg.create_group, Name="g", InitialVersion=wrong)
    assert (status, code) == (400, "400")
    assert message.startswith("The group is invalid or corrupted. (ErrorDetails: [")
    assert message.endswith(" definition reference does not exist])")
    assert gg.list_groups()["Groups"] == []


def test_every_bad_reference_is_named(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    definition = fleet.gg.create_logger_definition()
    wrong = {
        "CoreDefinitionVersionArn": "garbage",
        "LoggerDefinitionVersionArn": f"{definition['Arn']}/versions/{UNKNOWN}",
        "FunctionDefinitionVersionArn": definition["Arn"],
    }
    message = refused(fleet.gg.create_group_version, GroupId=group.id, **wrong)[2]
    assert message == (
        "The group is invalid or corrupted. (ErrorDetails: [Cores definition reference does not exist,"
        " Lambda definition reference does not exist, Logger definition reference does not exist])"
    )
    assert len(fleet.gg.list_group_versions(GroupId=group.id)["Versions"]) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (":/greengrass", ":greengrass"),
        ("eu-central-1", "us-east-1"),
        ("123456789012", "210987654321"),
        ("aws:", "aws-cn:"),
    ],
)
def test_arn_from_elsewhere_is_refused(fleet: Any, refused: Any, old: str, new: str) -> None:
    arn = fleet.core_arn("c").replace(old, new, 1)
    status, _, _ = refused(fleet.gg.create_group, Name="g", InitialVersion={"CoreDefinitionVersionArn": arn})
    assert status == 400


def test_unknown_groups(gg: Any, refused: Any) -> None:
    for call in (gg.get_group, gg.delete_group, gg.list_group_versions, gg.create_group_version):
        assert refused(call, GroupId=UNKNOWN)[:2] == (404, "IdNotFoundException")
    assert refused(gg.update_group, GroupId=UNKNOWN, Name="n")[:2] == (404, "IdNotFoundException")


def test_empty_name_is_refused(gg: Any, refused: Any) -> None:
    assert refused(gg.create_group, Name="")[0] == 400


def test_definition_is_free_again_when_its_last_group_is_gone(fleet: Any, refused: Any) -> None:
    arn = fleet.gg.create_logger_definition(InitialVersion={})
    version = {"LoggerDefinitionVersionArn": arn["LatestVersionArn"]}
    groups = [fleet.gg.create_group(Name="g", InitialVersion=version)["Id"] for _ in range(2)]
    for group in groups:
        assert refused(fleet.gg.delete_logger_definition, LoggerDefinitionId=arn["Id"])[0] == 400
        fleet.gg.delete_group(GroupId=group)
    fleet.gg.delete_logger_definition(LoggerDefinitionId=arn["Id"])
    assert refused(fleet.gg.create_group, Name="g", InitialVersion=version)[0] == 400
