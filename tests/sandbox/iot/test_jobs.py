"""Jobs, as Greengrass V2's deployments make them."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox

CORES = ("away", "broken", "fine", "stuck")


@pytest.fixture
def job(aws: Sandbox, iot: Any) -> str:
    """The job of a deployment to four cores that fare differently."""
    aws.put_devices(
        {
            "away": {"outcome": "offline"},
            "broken": {"outcome": "fail", "error": "disk full"},
            "fine": {"outcome": "succeed"},
            "stuck": {"outcome": "stuck"},
        }
    )
    target = iot.create_thing_group(thingGroupName="line")["thingGroupArn"]
    for name in CORES:
        iot.create_thing(thingName=name)
        iot.add_thing_to_thing_group(thingGroupName="line", thingName=name)
    made = aws.client("greengrassv2").create_deployment(targetArn=target)
    aws.advance(2)
    return str(made["iotJobId"])


def test_a_job_counts_its_things(iot: Any, job: str) -> None:
    described = iot.describe_job(jobId=job)["job"]
    assert (described["status"], described["targetSelection"]) == ("IN_PROGRESS", "CONTINUOUS")
    counts = {name: count for name, count in described["jobProcessDetails"].items() if name.startswith("number")}
    assert {name for name, count in counts.items() if count} == {
        "numberOfFailedThings",
        "numberOfInProgressThings",
        "numberOfQueuedThings",
        "numberOfSucceededThings",
    }
    assert set(counts.values()) == {0, 1}


def test_executions_are_listed_by_status_and_in_pages(iot: Any, job: str) -> None:
    def names(**params: Any) -> list[str]:
        pages = iot.get_paginator("list_job_executions_for_job").paginate(jobId=job, **params)
        return [item["thingArn"].rpartition("/")[2] for page in pages for item in page["executionSummaries"]]

    assert names(PaginationConfig={"PageSize": 3}) == list(CORES)
    assert names(status="FAILED") == ["broken"]
    assert names(status="SUCCEEDED", PaginationConfig={"PageSize": 1}) == ["fine"]


def test_an_execution_says_what_went_wrong(iot: Any, job: str) -> None:
    execution = iot.describe_job_execution(jobId=job, thingName="broken")["execution"]
    assert execution["status"] == "FAILED"
    assert execution["statusDetails"]["detailsMap"]["deployment-failure-cause"] == "FAILED_ROLLBACK_COMPLETE: disk full"
    assert execution["queuedAt"] <= execution["startedAt"] <= execution["lastUpdatedAt"]


def test_a_thing_knows_its_jobs(iot: Any, job: str) -> None:
    (found,) = iot.list_job_executions_for_thing(thingName="stuck", status="IN_PROGRESS")["executionSummaries"]
    assert found["jobId"] == job
    assert iot.list_job_executions_for_thing(thingName="stuck", status="QUEUED")["executionSummaries"] == []


def test_canceling_leaves_what_has_begun_unless_it_is_forced(iot: Any, refused: Any, job: str) -> None:
    iot.cancel_job(jobId=job, reasonCode="ENOUGH", comment="by hand")
    described = iot.describe_job(jobId=job)["job"]
    assert (described["status"], described["reasonCode"]) == ("CANCELED", "ENOUGH")
    assert described["jobProcessDetails"]["numberOfInProgressThings"] == 1
    assert described["jobProcessDetails"]["numberOfCanceledThings"] == 1
    assert refused(iot.cancel_job, jobId=job)[1] == "InvalidRequestException"


def test_a_forced_cancel_ends_everything(iot: Any, job: str) -> None:
    iot.cancel_job(jobId=job, force=True)
    details = iot.describe_job(jobId=job)["job"]["jobProcessDetails"]
    assert (details["numberOfInProgressThings"], details["numberOfCanceledThings"]) == (0, 2)


def test_jobs_are_listed_by_status_and_group(iot: Any, job: str) -> None:
    assert [item["jobId"] for item in iot.list_jobs(status="IN_PROGRESS")["jobs"]] == [job]
    assert [item["jobId"] for item in iot.list_jobs(thingGroupName="line")["jobs"]] == [job]
    assert iot.list_jobs(targetSelection="SNAPSHOT")["jobs"] == []


def test_what_is_not_there_is_said_so(iot: Any, refused: Any, job: str) -> None:
    assert refused(iot.describe_job, jobId="none")[1] == "ResourceNotFoundException"
    assert refused(iot.describe_job_execution, jobId=job, thingName="none")[1] == "ResourceNotFoundException"
    assert refused(iot.list_jobs, thingGroupName="none")[1] == "ResourceNotFoundException"
