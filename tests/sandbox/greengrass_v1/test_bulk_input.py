import json
from typing import Any

import pytest

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v1.bulk_input import LARGEST_FILE, InputFileError, Record, locate, read_records

GOOD = {"GroupId": "g", "GroupVersionId": "v", "DeploymentType": "NewDeployment"}


def text(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://b/k", ("b", "k")),
        ("s3://b/a/b c", ("b", "a/b c")),
        ("https://b.s3-eu-central-1.amazonaws.com/a/k", ("b", "a/k")),
        ("https://b.s3.eu-central-1.amazonaws.com/a%2Fk", ("b", "a/k")),
        ("https://b.s3.amazonaws.com/k", ("b", "k")),
        ("https://my.dotted.bucket.s3.eu-central-1.amazonaws.com/k", ("my.dotted.bucket", "k")),
        ("https://s3.eu-central-1.amazonaws.com/b/a/k", ("b", "a/k")),
        ("https://s3-eu-central-1.amazonaws.com/b/k", ("b", "k")),
        ("https://s3.amazonaws.com/b/k", ("b", "k")),
    ],
)
def test_locate(uri: str, place: tuple[str, str]) -> None:
    assert locate(uri, "eu-central-1") == place


@pytest.mark.parametrize(("region", "suffix"), [("cn-north-1", ".cn"), ("us-gov-west-1", "")])
def test_locate_in_other_partitions(region: str, suffix: str) -> None:
    assert locate(f"https://b.s3.{region}.amazonaws.com{suffix}/k", region) == ("b", "k")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "b/k",
        "s3://b",
        "s3:///k",
        "http://b.s3.eu-central-1.amazonaws.com/k",
        "https://example.com/b/k",
        "https://b.s3.eu-central-1.amazonaws.com/",
        "https://s3.eu-central-1.amazonaws.com/b",
        "https://b.s3.eu-central-1.amazonaws.com.example.com/k",
        "https://b.s3.us-east-1.amazonaws.com/k",
        "https://[b/k",
    ],
)
def test_locate_refuses_other_uris(uri: str) -> None:
    with pytest.raises(ServiceError) as caught:
        locate(uri, "eu-central-1")
    assert (caught.value.code, caught.value.status) == ("BadRequestException", 400)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_records(ending: bytes) -> None:
    assert read_records(text() + b"\n" + text(GroupId="h") + ending) == [Record("g", "v"), Record("h", "v")]


LINE_TOO_LONG = "Line 2 is too long in S3 File. Valid line is less than 256 chars."
UNREADABLE = "Failed to parse input file at line number: 2"
BAD_TYPE = "InvalidInputFile: Invalid deployment type at line number : 2. Only valid type is 'NewDeployment'."
NO_GROUP = "InvalidInputFile: Missing GroupId at line number: 2"
NO_VERSION = "InvalidInputFile: Missing GroupVersionId at line number: 2"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (text(Note="x" * 256), LINE_TOO_LONG),
        (b"{", UNREADABLE),
        (b"[]", UNREADABLE),
        (b"null", UNREADABLE),
        (b"\xff", UNREADABLE),
        (b"[" * 200, UNREADABLE),
        (b"\n" + text(), UNREADABLE),
        (text(DeploymentType="Redeployment"), BAD_TYPE),
        (text(DeploymentType=None), BAD_TYPE),
        (text(GroupId=None), NO_GROUP),
        (text(GroupId=7), NO_GROUP),
        (text(GroupId=""), NO_GROUP),
        (text(GroupVersionId=None), NO_VERSION),
    ],
)
def test_the_first_bad_line_is_named(line: bytes, message: str) -> None:
    with pytest.raises(InputFileError) as caught:
        read_records(text() + b"\n" + line + b"\n")
    assert str(caught.value) == message


def test_line_of_255_characters_is_short_enough() -> None:
    padding = 255 - len(text(Note=""))
    assert read_records(text(Note="x" * padding)) == [Record("g", "v")]
    with pytest.raises(InputFileError):
        read_records(text(Note="x" * (padding + 1)))


def test_empty_and_huge_files() -> None:
    for content in (b"", b"\n"):
        with pytest.raises(InputFileError, match="empty"):
            read_records(content)
    with pytest.raises(InputFileError, match="100 MB"):
        read_records(bytes(LARGEST_FILE))
