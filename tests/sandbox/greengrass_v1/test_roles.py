from typing import Any

ROLE = "arn:aws:iam::123456789012:role/service-role/Other_Role"


def test_service_role_is_there_from_the_start(gg: Any) -> None:
    found = gg.get_service_role_for_account()
    assert found["RoleArn"] == "arn:aws:iam::123456789012:role/Greengrass_ServiceRole"
    assert found["AssociatedAt"].endswith("Z")


def test_service_role_can_be_changed_and_taken_away(gg: Any, refused: Any) -> None:
    gg.associate_service_role_to_account(RoleArn=ROLE)
    assert gg.get_service_role_for_account()["RoleArn"] == ROLE
    gg.disassociate_service_role_from_account()
    assert refused(gg.get_service_role_for_account)[0] == 404
    assert refused(gg.associate_service_role_to_account, RoleArn="role")[0] == 400


def test_group_role(gg: Any, refused: Any) -> None:
    group_id = gg.create_group(Name="g")["Id"]
    status, code, message = refused(gg.get_associated_role, GroupId=group_id)
    assert (status, code) == (404, "404")
    assert message == "You need to attach an IAM role to this deployment group."
    gg.associate_role_to_group(GroupId=group_id, RoleArn=ROLE)
    assert gg.get_associated_role(GroupId=group_id)["RoleArn"] == ROLE
    gg.disassociate_role_from_group(GroupId=group_id)
    gg.disassociate_role_from_group(GroupId=group_id)
    assert refused(gg.get_associated_role, GroupId=group_id)[0] == 404


def test_role_of_a_group_that_is_not_there_is_accepted_as_in_aws(gg: Any) -> None:
    gg.associate_role_to_group(GroupId="nothing", RoleArn=ROLE)
    assert gg.get_associated_role(GroupId="nothing")["RoleArn"] == ROLE
