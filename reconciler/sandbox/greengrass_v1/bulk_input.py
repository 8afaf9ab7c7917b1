"""The input of a bulk deployment: the URI in S3, and the file with one group a line.

Rules and messages: bulk-deploy-cli.md (V1 developer guide).
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v1.refusals import bad_request

LARGEST_FILE = 100 * 1024 * 1024
"""Bytes; the file must be smaller."""
LONGEST_LINE = 256
"""Characters; a line must be shorter."""

_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.)?s3(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?"
)


class InputFileError(Exception):
    """The file cannot be used; the message is AWS's."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line: a group version to deploy."""

    group_id: str
    version_id: str


def locate(uri: str, region: str) -> tuple[str, str]:
    """Bucket and key of ``https://BUCKET.s3-REGION…/KEY``, ``https://s3.REGION…/BUCKET/KEY`` or ``s3://BUCKET/KEY``.

    Raises BadRequestException for any other URI, and for a bucket in another region.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as problem:
        raise _not_in_s3(uri) from problem
    bucket, key = parts.netloc, parts.path.removeprefix("/")
    if parts.scheme == "https":
        host = _HOST.fullmatch(parts.netloc)
        if host is None:
            raise _not_in_s3(uri)
        if host["region"] not in (None, region):
            raise bad_request(f"The bucket of the input file must be in {region}, but the URI names {host['region']}.")
        bucket = host["bucket"] or ""
        if not bucket:
            bucket, _, key = key.partition("/")
        key = unquote(key)
    elif parts.scheme != "s3":
        bucket = ""
    if not bucket or not key:
        raise _not_in_s3(uri)
    return bucket, key


def read_records(content: bytes) -> list[Record]:
    """The file's records in order; raises InputFileError for the first line that is wrong."""
    if len(content) >= LARGEST_FILE:
        raise InputFileError("InvalidInputFile: The input file must be smaller than 100 MB.")
    if not content.strip():
        raise InputFileError("InvalidInputFile: The input file is empty.")
    lines = content.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    return [_record(number, line) for number, line in enumerate(lines, start=1)]


def _not_in_s3(uri: str) -> ServiceError:
    return bad_request(f"The InputFileUri is not the URI of an object in S3: {uri}")


def _record(number: int, line: bytes) -> Record:
    try:
        text = line.decode("utf-8").rstrip("\r")
        if len(text) >= LONGEST_LINE:
            raise InputFileError(f"Line {number} is too long in S3 File. Valid line is less than 256 chars.")
        fields = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputFileError(f"Failed to parse input file at line number: {number}") from problem
    if not isinstance(fields, dict):
        raise InputFileError(f"Failed to parse input file at line number: {number}")
    for name in ("GroupId", "GroupVersionId"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise InputFileError(f"InvalidInputFile: Missing {name} at line number: {number}")
    if fields.get("DeploymentType") != "NewDeployment":
        raise InputFileError(
            f"InvalidInputFile: Invalid deployment type at line number : {number}. Only valid type is 'NewDeployment'."
        )
    return Record(fields["GroupId"], fields["GroupVersionId"])
