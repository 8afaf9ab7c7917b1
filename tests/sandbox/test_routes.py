"""Paths and what they call."""

import pytest

from reconciler.sandbox.routes import routes_of


@pytest.mark.parametrize(
    ("method", "path", "operation", "labels"),
    [
        ("GET", "/greengrass/groups", "ListGroups", {}),
        ("GET", "/greengrass/groups/", "ListGroups", {}),
        ("GET", "/greengrass/groups/a%2Fb", "GetGroup", {"GroupId": "a/b"}),
        ("POST", "/greengrass/groups/g/deployments/$reset", "ResetDeployments", {"GroupId": "g"}),
        ("POST", "/greengrass/groups/g/deployments/%24reset", "ResetDeployments", {"GroupId": "g"}),
        ("PUT", "/greengrass/bulk/deployments/b/$stop", "StopBulkDeployment", {"BulkDeploymentId": "b"}),
        ("GET", "/tags/arn%3Aaws%3A%2Fgreengrass", "ListTagsForResource", {"resource-arn": "arn:aws:/greengrass"}),
    ],
)
def test_greengrass_paths(method: str, path: str, operation: str, labels: dict[str, str]) -> None:
    assert routes_of("greengrass").match(method, path) == (operation, labels)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/greengrass/groups"), ("GET", "/greengrass"), ("GET", "/"), ("GET", "/greengrass/groups/a/b/c/d")],
)
def test_a_path_that_no_operation_has(method: str, path: str) -> None:
    assert routes_of("greengrass").match(method, path) is None


def test_a_fixed_part_wins_over_a_label() -> None:
    assert routes_of("iot").match("GET", "/things") == ("ListThings", {})
    assert routes_of("iot").match("GET", "/things/x") == ("DescribeThing", {"thingName": "x"})
    found = routes_of("iot").match("PUT", "/thing-groups/addThingToThingGroup")
    assert found is not None
    assert found[0] == "AddThingToThingGroup"


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/", {}, {}, "ListBuckets"),
        ("PUT", "/bucket", {}, {}, "CreateBucket"),
        ("GET", "/bucket", {}, {}, "ListObjects"),
        ("GET", "/bucket", {"list-type": "2", "prefix": "a/"}, {}, "ListObjectsV2"),
        ("GET", "/bucket", {"versioning": ""}, {}, "GetBucketVersioning"),
        ("PUT", "/bucket/a/b", {}, {}, "PutObject"),
        ("PUT", "/bucket/a/b", {}, {"x-amz-copy-source": "c/d"}, "CopyObject"),
        ("PUT", "/bucket/a/b", {"partNumber": "1", "uploadId": "u"}, {}, "UploadPart"),
        ("POST", "/bucket/a/b", {"uploads": ""}, {}, "CreateMultipartUpload"),
        ("POST", "/bucket/a/b", {"uploadId": "u"}, {}, "CompleteMultipartUpload"),
        ("POST", "/bucket", {"delete": ""}, {}, "DeleteObjects"),
        ("HEAD", "/bucket/a", {}, {}, "HeadObject"),
        ("GET", "/bucket/a%20b/c", {}, {}, "GetObject"),
    ],
)
def test_s3_tells_operations_apart_by_query_and_headers(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], operation: str
) -> None:
    found = routes_of("s3").match(method, path, query, headers)
    assert found is not None
    assert found[0] == operation


def test_greedy_labels_take_slashes() -> None:
    found = routes_of("greengrassv2").match("GET", "/greengrass/v2/components/arn/artifacts/a/b.zip")
    assert found == ("GetComponentVersionArtifact", {"arn": "arn", "artifactName": "a/b.zip"})
