"""Deployments as the cloud keeps them: revisions of targets, what is refused, how they end, and tokens."""

from typing import Any

import pytest

PREFIX = "arn:aws:iot:eu-central-1:123456789012"
HELLO = {"com.example.Hello": {"componentVersion": "1.0.0"}}


def deployments(gg: Any, **params: Any) -> list[dict[str, Any]]:
    return [dict(item) for item in gg.list_deployments(**params)["deployments"]]


def test_a_deployment_is_given_back_as_it_was_made_with_defaults(fleet: Any, gg: Any) -> None:
    target = fleet.group("line")
    wanted = {
        "com.example.Hello": {
            "componentVersion": "1.0.0",
            "configurationUpdate": {"merge": '{"level": "debug"}', "reset": ["", "/a/b"]},
            "runWith": {"posixUser": "ggc:ggc", "systemResourceLimits": {"cpus": 1.5, "memory": 64_000}},
        }
    }
    configuration = {
        "jobExecutionsRolloutConfig": {"maximumPerMinute": 1000},
        "timeoutConfig": {"inProgressTimeoutInMinutes": 5},
    }
    made = gg.create_deployment(
        targetArn=target,
        components=wanted,
        iotJobConfiguration=configuration,
        deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING", "componentUpdatePolicy": {"timeoutInSeconds": 5}},
        deploymentName="line 3",
        tags={"fleet": "demo"},
    )
    found = gg.get_deployment(deploymentId=made["deploymentId"])
    assert found["components"] == wanted
    assert found["iotJobConfiguration"] == configuration
    assert found["deploymentPolicies"] == {
        "failureHandlingPolicy": "DO_NOTHING",
        "componentUpdatePolicy": {"timeoutInSeconds": 5, "action": "NOTIFY_COMPONENTS"},
        "configurationValidationPolicy": {"timeoutInSeconds": 30},
    }
    assert (found["deploymentName"], found["tags"], found["revisionId"]) == ("line 3", {"fleet": "demo"}, "1")
    assert (found["deploymentStatus"], found["isLatestForTarget"]) == ("ACTIVE", True)
    assert found["iotJobId"] == made["iotJobId"]
    assert made["iotJobArn"] == f"{PREFIX}:job/{made['iotJobId']}"


def test_a_new_revision_takes_the_place_of_the_last(fleet: Any, gg: Any) -> None:
    target = fleet.group("line", "core")
    fleet.tell(core={"outcome": "offline"})
    first = fleet.deploy(target, "com.example.Hello@1.0.0")
    second = fleet.deploy(target, "com.example.Hello@2.0.0")
    (latest,) = deployments(gg)
    assert (latest["deploymentId"], latest["revisionId"]) == (second["deploymentId"], "2")
    assert "components" not in latest
    former = gg.get_deployment(deploymentId=first["deploymentId"])
    assert (former["deploymentStatus"], former["isLatestForTarget"]) == ("INACTIVE", False)
    assert fleet.iot.describe_job(jobId=first["iotJobId"])["job"]["status"] == "CANCELED"
    assert fleet.statuses(first) == {"core": "CANCELED"}
    assert fleet.statuses(second) == {"core": "QUEUED"}


def test_lists_are_filtered_and_paged_newest_first(fleet: Any, gg: Any, refused: Any) -> None:
    line, press = fleet.group("line"), fleet.thing("press")
    made = [fleet.deploy(target)["deploymentId"] for target in (line, press, line)]
    assert [item["deploymentId"] for item in deployments(gg)] == [made[2], made[1]]
    assert [item["deploymentId"] for item in deployments(gg, historyFilter="ALL")] == made[::-1]
    assert [item["deploymentId"] for item in deployments(gg, historyFilter="ALL", targetArn=line)] == [made[2], made[0]]
    pages = gg.get_paginator("list_deployments").paginate(historyFilter="ALL", PaginationConfig={"PageSize": 2})
    assert [[item["deploymentId"] for item in page["deployments"]] for page in pages] == [made[:0:-1], made[:1]]
    token = gg.list_deployments(maxResults=1)["nextToken"]
    _, code, answer = refused(gg.list_deployments, historyFilter="ALL", nextToken=token)
    assert (code, answer["fields"][0]["name"]) == ("ValidationException", "nextToken")


def test_fifty_are_a_page_unless_told(fleet: Any, gg: Any) -> None:
    for number in range(51):
        gg.create_deployment(targetArn=fleet.thing(f"thing-{number}"))
    page = gg.list_deployments()
    assert len(page["deployments"]) == 50
    assert len(gg.list_deployments(nextToken=page["nextToken"])["deployments"]) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"components": {"no spaces": {"componentVersion": "1.0.0"}}}, "components.no spaces"),
        ({"components": {"a": {"componentVersion": "1.0"}}}, "components.a.componentVersion"),
        ({"components": {"a": {"componentVersion": ">=1.0.0"}}}, "components.a.componentVersion"),
        (
            {"components": {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "{level: debug}"}}}},
            "components.a.configurationUpdate.merge",
        ),
        (
            {"components": {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "[1]"}}}},
            "components.a.configurationUpdate.merge",
        ),
        (
            {"components": {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"reset": ["a"]}}}},
            "components.a.configurationUpdate.reset",
        ),
        (
            {"iotJobConfiguration": {"timeoutConfig": {"inProgressTimeoutInMinutes": 10_081}}},
            "iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes",
        ),
        (
            {
                "iotJobConfiguration": {
                    "jobExecutionsRolloutConfig": {
                        "exponentialRate": {
                            "baseRatePerMinute": 5,
                            "incrementFactor": 2,
                            "rateIncreaseCriteria": {"numberOfNotifiedThings": 1, "numberOfSucceededThings": 1},
                        }
                    }
                }
            },
            "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria",
        ),
        ({"tags": {"aws:own": "x"}}, "tags"),
        ({"tags": {str(number): "x" for number in range(51)}}, "tags"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(
    fleet: Any, gg: Any, refused: Any, params: dict[str, Any], field: str
) -> None:
    status, code, answer = refused(gg.create_deployment, targetArn=fleet.group("line"), **params)
    assert (status, code, answer["reason"]) == (400, "ValidationException", "FIELD_VALIDATION_FAILED")
    assert answer["fields"][0]["name"] == field
    assert deployments(gg) == []


def test_the_target_must_be_there(fleet: Any, gg: Any, refused: Any) -> None:
    fleet.thing("line")
    for kind in ("thing", "thinggroup"):
        status, code, answer = refused(gg.create_deployment, targetArn=f"{PREFIX}:{kind}/none")
        assert (status, code, answer["resourceType"]) == (404, "ResourceNotFoundException", kind)
    elsewhere = "arn:aws:iot:us-east-1:123456789012:thing/line"
    assert refused(gg.create_deployment, targetArn=elsewhere)[1] == "ValidationException"


def test_six_megabytes_are_the_most(fleet: Any, gg: Any, refused: Any) -> None:
    target = fleet.group("line")
    merge = '{"text": "' + "x" * (6 * 1024 * 1024) + '"}'
    wanted = {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": merge}}}
    assert refused(gg.create_deployment, targetArn=target, components=wanted)[1] == "ValidationException"


def test_cancelling_spares_only_who_has_not_begun(fleet: Any, gg: Any, refused: Any) -> None:
    target = fleet.group("line", "done", "stuck", "away")
    fleet.tell(stuck={"outcome": "stuck"}, away={"outcome": "offline"})
    made = fleet.deploy(target)
    gg.cancel_deployment(deploymentId=made["deploymentId"])
    assert fleet.statuses(made) == {"done": "SUCCEEDED", "stuck": "IN_PROGRESS", "away": "CANCELED"}
    assert gg.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "CANCELED"
    (latest,) = deployments(gg)
    assert latest["deploymentStatus"] == "CANCELED"
    assert refused(gg.cancel_deployment, deploymentId=made["deploymentId"])[:2] == (409, "ConflictException")


def test_only_what_is_over_is_deleted(fleet: Any, gg: Any, refused: Any) -> None:
    made = fleet.deploy(fleet.group("line", "core"), "aws.greengrass.Cli@2.9.0")
    key = {"deploymentId": made["deploymentId"]}
    assert refused(gg.delete_deployment, **key)[:2] == (409, "ConflictException")
    gg.cancel_deployment(**key)
    gg.delete_deployment(**key)
    assert refused(gg.get_deployment, **key)[:2] == (404, "ResourceNotFoundException")
    assert deployments(gg, historyFilter="ALL") == []
    assert fleet.installed("core") == {"aws.greengrass.Cli": "2.9.0"}


def test_at_most_ten_are_deleted_at_once(fleet: Any, gg: Any, once: Any, refused: Any) -> None:
    target = fleet.group("line")
    for _ in range(12):
        gg.create_deployment(targetArn=target)
    over = [item["deploymentId"] for item in deployments(gg, historyFilter="ALL")][1:]
    for deployment_id in over[:10]:
        once.delete_deployment(deploymentId=deployment_id)
    status, code, answer = refused(once.delete_deployment, deploymentId=over[10])
    assert (status, code, answer["retryAfterSeconds"]) == (429, "ThrottlingException", 1)
    fleet.aws.advance(1)
    once.delete_deployment(deploymentId=over[10])


def test_a_thing_s_own_deployment_completes_and_a_group_s_stays_active(fleet: Any, gg: Any) -> None:
    fleet.tell(press={"outcome": "fail"})
    own = fleet.deploy(fleet.thing("press"))
    group = fleet.deploy(fleet.group("line", "press"))
    assert gg.get_deployment(deploymentId=own["deploymentId"])["deploymentStatus"] == "COMPLETED"
    assert gg.get_deployment(deploymentId=group["deploymentId"])["deploymentStatus"] == "ACTIVE"
    assert fleet.statuses(group) == {"press": "FAILED"}


def test_a_token_deploys_once_in_eight_hours(fleet: Any, gg: Any, refused: Any) -> None:
    target = fleet.group("line")
    first = gg.create_deployment(targetArn=target, components=HELLO, clientToken="token-1")
    again = gg.create_deployment(targetArn=target, components=HELLO, clientToken="token-1")
    assert again["deploymentId"] == first["deploymentId"]
    assert refused(gg.create_deployment, targetArn=target, clientToken="token-1")[:2] == (409, "ConflictException")
    # A revert with the same token is swallowed, whatever was deployed since.
    gg.create_deployment(targetArn=target)
    gg.create_deployment(targetArn=target, components=HELLO, clientToken="token-1")
    assert gg.get_deployment(deploymentId=deployments(gg)[0]["deploymentId"])["components"] == {}
    fleet.aws.advance(8 * 3600)
    later = gg.create_deployment(targetArn=target, components=HELLO, clientToken="token-1")
    assert later["deploymentId"] == deployments(gg)[0]["deploymentId"] != first["deploymentId"]


def test_a_token_of_a_request_that_failed_is_free(fleet: Any, gg: Any, refused: Any) -> None:
    target = f"{PREFIX}:thinggroup/line"
    assert refused(gg.create_deployment, targetArn=target, clientToken="t")[1] == "ResourceNotFoundException"
    fleet.group("line")
    gg.create_deployment(targetArn=target, clientToken="t")


def test_a_token_of_a_request_that_goes_on_is_refused_for_so_long(fleet: Any, gg: Any, once: Any, refused: Any) -> None:
    target = fleet.group("line")
    rule = {"service": "greengrassv2", "operation": "CreateDeployment", "fault": "lost", "seconds": 60, "times": 1}
    fleet.aws.put_faults([rule])
    with pytest.raises(Exception, match=r"closed|reset|aborted"):
        once.create_deployment(targetArn=target, clientToken="t")
    status, code, _ = refused(gg.create_deployment, targetArn=target, clientToken="t")
    assert (status, code) == (400, "RequestAlreadyInProgressException")
    fleet.aws.advance(60)
    made = gg.create_deployment(targetArn=target, clientToken="t")
    assert [item["deploymentId"] for item in deployments(gg, historyFilter="ALL")] == [made["deploymentId"]]


def test_a_subdeployment_stays_with_its_parent_and_goes_with_its_next_revision(
    fleet: Any, gg: Any, refused: Any
) -> None:
    parent, other, below = fleet.group("line"), fleet.group("other"), fleet.group("failed", "core")
    fleet.deploy(parent)
    made = fleet.deploy(below, parentTargetArn=parent)
    (listed,) = deployments(gg, parentTargetArn=parent)
    assert listed["deploymentId"] == made["deploymentId"]
    assert refused(gg.create_deployment, targetArn=below, parentTargetArn=other)[1] == "ConflictException"
    press = fleet.thing("press")
    assert refused(gg.create_deployment, targetArn=press, parentTargetArn=parent)[1] == "ValidationException"
    fleet.deploy(parent)
    assert gg.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "INACTIVE"


def test_tags_are_all_that_can_change(fleet: Any, gg: Any) -> None:
    made = fleet.deploy(fleet.group("line"), tags={"a": "1"})
    arn = f"arn:aws:greengrass:eu-central-1:123456789012:deployments:{made['deploymentId']}"
    gg.tag_resource(resourceArn=arn, tags={"b": "2"})
    gg.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gg.get_deployment(deploymentId=made["deploymentId"])["tags"] == {"b": "2"}


def test_deleting_a_thing_group_leaves_its_deployment_behind(fleet: Any, gg: Any) -> None:
    made = fleet.deploy(fleet.group("line", "core"))
    fleet.iot.delete_thing_group(thingGroupName="line")
    (orphan,) = deployments(gg)
    assert (orphan["deploymentId"], orphan["deploymentStatus"]) == (made["deploymentId"], "ACTIVE")
