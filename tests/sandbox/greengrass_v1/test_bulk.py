from typing import Any

import pytest

ROLE = "arn:aws:iam::123456789012:role/bulk"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def line(group_id: str, version_id: str) -> dict[str, str]:
    return {"GroupId": group_id, "GroupVersionId": version_id, "DeploymentType": "NewDeployment"}


def start(fleet: Any, uri: str, **params: Any) -> str:
    return str(fleet.gg.start_bulk_deployment(ExecutionRoleArn=ROLE, InputFileUri=uri, **params)["BulkDeploymentId"])


def status(fleet: Any, bulk: str) -> dict[str, Any]:
    return dict(fleet.gg.get_bulk_deployment_status(BulkDeploymentId=bulk))


def reports(fleet: Any, bulk: str) -> list[dict[str, Any]]:
    paginator = fleet.gg.get_paginator("list_bulk_deployment_detailed_reports")
    return [report for page in paginator.paginate(BulkDeploymentId=bulk) for report in page["Deployments"]]


def run(fleet: Any, *lines: Any) -> str:
    """A bulk deployment of these lines, until it is over and its cores are too."""
    bulk = start(fleet, fleet.put_input(lines))
    for _ in range(10):
        fleet.aws.advance(2)
    return bulk


def test_deploys_each_group_of_the_file(fleet: Any) -> None:
    groups = [fleet.group(f"line-{number}") for number in range(3)]
    bulk = start(fleet, fleet.put_input(line(group.id, group.version) for group in groups))
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Initializing"
    fleet.aws.advance(2)
    fleet.aws.advance(2)
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Completed"
    assert found["BulkDeploymentMetrics"] == {"RecordsProcessed": 3, "InvalidInputRecords": 0, "RetryAttempts": 0}
    told = reports(fleet, bulk)
    assert [report["GroupArn"].split("/")[-3] for report in told] == [group.id for group in groups][::-1]
    for report, group in zip(reversed(told), groups, strict=True):
        assert report["GroupArn"].endswith(f"/groups/{group.id}/versions/{group.version}")
        assert (report["DeploymentStatus"], report["DeploymentType"]) == ("Success", "NewDeployment")
        listed = fleet.gg.list_deployments(GroupId=group.id)["Deployments"]
        assert [deployment["DeploymentId"] for deployment in listed] == [report["DeploymentId"]]
        assert listed[0]["DeploymentArn"] == report["DeploymentArn"]


def test_completed_does_not_mean_that_cores_succeeded(fleet: Any) -> None:
    fleet.tell(broken_core={"outcome": "fail", "error": "no space"}, away_core={"outcome": "offline"})
    groups = [fleet.group(name) for name in ("broken", "away")]
    bulk = run(fleet, *(line(group.id, group.version) for group in groups))
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Completed"
    away, broken = reports(fleet, bulk)
    assert away["DeploymentStatus"] == "InProgress"
    assert (broken["DeploymentStatus"], broken["ErrorMessage"]) == ("Failure", "no space")


def test_groups_that_cannot_start_are_reported_and_the_others_go_on(fleet: Any) -> None:
    group = fleet.group()
    bare = fleet.gg.create_group(Name="bare", InitialVersion={})
    bulk = run(
        fleet,
        line(UNKNOWN, UNKNOWN),
        line(group.id, UNKNOWN),
        line(bare["Id"], bare["LatestVersion"]),
        line(group.id, group.version),
    )
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Completed"
    assert found["BulkDeploymentMetrics"] == {"RecordsProcessed": 4, "InvalidInputRecords": 3, "RetryAttempts": 0}
    good, *bad = reports(fleet, bulk)
    assert good["DeploymentStatus"] == "Success"
    for report in bad:
        assert report["DeploymentStatus"] == "Failure"
        assert report["ErrorMessage"]
        assert "DeploymentId" not in report
    assert "GG-303" in bad[0]["ErrorMessage"]
    assert bad[2]["GroupArn"].endswith(f"/groups/{UNKNOWN}/versions/{UNKNOWN}")


def test_busy_group_is_tried_again_until_it_is_free(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "succeed", "delay": 3})
    group = fleet.group()
    fleet.deploy(group)
    bulk = run(fleet, line(group.id, group.version))
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Completed"
    assert found["BulkDeploymentMetrics"]["InvalidInputRecords"] == 0
    assert 0 < found["BulkDeploymentMetrics"]["RetryAttempts"] <= 5
    assert [report["DeploymentStatus"] for report in reports(fleet, bulk)] == ["Success"]


def test_group_that_stays_busy_is_given_up_after_five_retries(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "offline"})
    group = fleet.group()
    fleet.deploy(group)
    bulk = run(fleet, line(group.id, group.version))
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Completed"
    assert found["BulkDeploymentMetrics"] == {"RecordsProcessed": 1, "InvalidInputRecords": 0, "RetryAttempts": 5}
    (report,) = reports(fleet, bulk)
    assert report["DeploymentStatus"] == "Failure"
    assert report["ErrorDetails"][0]["DetailedErrorCode"] == "ConcurrentDeployment"


def test_one_at_a_time(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    uri = fleet.put_input([line(group.id, group.version)])
    first = start(fleet, uri)
    code, text = refused(start, fleet=fleet, uri=uri)[1:]
    assert code == "BadRequestException"
    assert "while another bulk deployment from the same account is still running" in text
    fleet.aws.advance(2)
    second = start(fleet, uri)
    listed = fleet.gg.list_bulk_deployments()["BulkDeployments"]
    assert [bulk["BulkDeploymentId"] for bulk in listed] == [second, first]
    assert listed[0]["BulkDeploymentArn"] == (
        f"arn:aws:greengrass:eu-central-1:123456789012:/greengrass/bulk/deployments/{second}"
    )


def test_stop_starts_no_further_deployments(fleet: Any, refused: Any) -> None:
    groups = [fleet.group(f"line-{number}") for number in range(3)]
    uri = fleet.put_input(line(group.id, group.version) for group in groups)
    bulk = start(fleet, uri)
    fleet.gg.stop_bulk_deployment(BulkDeploymentId=bulk)
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Stopping"
    assert refused(start, fleet=fleet, uri=uri)[0] == 400
    fleet.gg.stop_bulk_deployment(BulkDeploymentId=bulk)
    fleet.aws.advance(1)
    found = status(fleet, bulk)
    assert (found["BulkDeploymentStatus"], found["BulkDeploymentMetrics"]["RecordsProcessed"]) == ("Stopped", 0)
    assert reports(fleet, bulk) == []
    assert refused(fleet.gg.stop_bulk_deployment, BulkDeploymentId=bulk)[0] == 400
    assert start(fleet, uri)


def test_stop_leaves_what_was_started_alone(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.greengrass_v1.bulk.RECORDS_A_SECOND", 0.5)
    groups = [fleet.group(f"line-{number}") for number in range(2)]
    bulk = start(fleet, fleet.put_input(line(group.id, group.version) for group in groups))
    fleet.aws.advance(3)
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Running"
    fleet.gg.stop_bulk_deployment(BulkDeploymentId=bulk)
    fleet.aws.advance(60)
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Stopped"
    assert [report["DeploymentStatus"] for report in reports(fleet, bulk)] == ["Success"]
    assert fleet.gg.list_deployments(GroupId=groups[1].id)["Deployments"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"GroupVersionId": "v", "DeploymentType": "NewDeployment"}',
            "InvalidInputFile: Missing GroupId at line number: 2",
        ),
        ("not json", "Failed to parse input file at line number: 2"),
    ],
)
def test_bad_file_fails_as_a_whole(fleet: Any, text: str, message: str) -> None:
    group = fleet.group()
    bulk = run(fleet, line(group.id, group.version), text)
    found = status(fleet, bulk)
    assert (found["BulkDeploymentStatus"], found["ErrorMessage"]) == ("Failed", message)
    assert found["ErrorDetails"][0]["DetailedErrorMessage"] == message
    assert fleet.gg.list_deployments(GroupId=group.id)["Deployments"] == []


@pytest.mark.parametrize("uri", ["s3://bulk/nothing.json", "s3://nowhere/in.json"])
def test_missing_file_fails(fleet: Any, uri: str) -> None:
    fleet.put_input(["{}"])
    bulk = start(fleet, uri)
    fleet.aws.advance(1)
    found = status(fleet, bulk)
    assert found["BulkDeploymentStatus"] == "Failed"
    assert "does not exist" in found["ErrorMessage"]


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bulk/demo/in put.json",
        "https://bulk.s3-eu-central-1.amazonaws.com/demo/in%20put.json",
        "https://bulk.s3.eu-central-1.amazonaws.com/demo/in%20put.json",
        "https://bulk.s3.amazonaws.com/demo/in%20put.json",
        "https://s3.eu-central-1.amazonaws.com/bulk/demo/in%20put.json",
    ],
)
def test_every_form_of_uri(fleet: Any, uri: str) -> None:
    group = fleet.group()
    fleet.put_input([line(group.id, group.version)], key="demo/in put.json")
    bulk = start(fleet, uri)
    fleet.aws.advance(2)
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Completed"


def test_bad_parameters_are_refused(fleet: Any, refused: Any) -> None:
    call = fleet.gg.start_bulk_deployment
    assert refused(call, ExecutionRoleArn=ROLE, InputFileUri="ftp://bulk/in.json")[0] == 400
    assert refused(call, ExecutionRoleArn="bulk", InputFileUri="s3://bulk/in.json")[0] == 400
    for read in (fleet.gg.get_bulk_deployment_status, fleet.gg.list_bulk_deployment_detailed_reports):
        assert refused(read, BulkDeploymentId=UNKNOWN)[0] == 404
    assert fleet.gg.list_bulk_deployments()["BulkDeployments"] == []


def test_client_token(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    uri = fleet.put_input([line(group.id, group.version)])
    first = start(fleet, uri, AmznClientToken="run")
    assert start(fleet, uri, AmznClientToken="run") == first
    fleet.aws.advance(5)
    assert start(fleet, uri, AmznClientToken="run") == first
    assert len(fleet.gg.list_bulk_deployments()["BulkDeployments"]) == 1
    assert refused(start, fleet=fleet, uri=f"{uri}x", AmznClientToken="run")[0] == 400


def test_tags(fleet: Any) -> None:
    bulk = start(fleet, fleet.put_input(["{}"]), tags={"run": "7"})
    assert status(fleet, bulk)["tags"] == {"run": "7"}
    arn = fleet.gg.list_bulk_deployments()["BulkDeployments"][0]["BulkDeploymentArn"]
    assert fleet.gg.list_tags_for_resource(ResourceArn=arn)["tags"] == {"run": "7"}


def test_lists_are_paged_newest_first(fleet: Any) -> None:
    groups = [fleet.group(f"line-{number}") for number in range(3)]
    uri = fleet.put_input(line(group.id, group.version) for group in groups)
    bulks = []
    for _ in range(3):
        bulks.append(start(fleet, uri))
        fleet.aws.advance(4)
    pages = list(fleet.gg.get_paginator("list_bulk_deployments").paginate(PaginationConfig={"PageSize": 2}))
    assert [[bulk["BulkDeploymentId"] for bulk in page["BulkDeployments"]] for page in pages] == [
        bulks[:0:-1],
        bulks[:1],
    ]
    told = fleet.gg.list_bulk_deployment_detailed_reports(BulkDeploymentId=bulks[0], MaxResults="2")
    assert len(told["Deployments"]) == 2
    rest = fleet.gg.list_bulk_deployment_detailed_reports(
        BulkDeploymentId=bulks[0], MaxResults="2", NextToken=told["NextToken"]
    )
    assert len(rest["Deployments"]) == 1
    assert "NextToken" not in rest


def test_the_bulk_itself_has_no_events(fleet: Any, events: Any) -> None:
    groups = [fleet.group(f"line-{number}") for number in range(2)]
    run(fleet, *(line(group.id, group.version) for group in groups))
    taken = events()
    assert len(taken) == 6
    assert {event["detail"]["group-id"] for event in taken} == {group.id for group in groups}


def test_a_thousand_groups_take_some_seconds_of_the_clock(fleet: Any) -> None:
    core = fleet.core_arn("shared")
    lines = []
    for number in range(1_000):
        made = fleet.aws.world.greengrass_in(fleet.region).handlers["CreateGroup"](
            {"Name": f"g{number}", "InitialVersion": {"CoreDefinitionVersionArn": core}}
        )
        lines.append(line(made["Id"], made["LatestVersion"]))
    bulk = start(fleet, fleet.put_input(lines))
    fleet.aws.advance(0.5)
    assert status(fleet, bulk)["BulkDeploymentStatus"] == "Running"
    for _ in range(4):
        fleet.aws.advance(1)
    found = status(fleet, bulk)
    assert (found["BulkDeploymentStatus"], found["BulkDeploymentMetrics"]["RecordsProcessed"]) == ("Completed", 1_000)
    assert len(reports(fleet, bulk)) == 1_000
