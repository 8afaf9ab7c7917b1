"""One port for everything: who answers, by what name it is logged, and that stock clients work."""

import http.client
import io
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.sandbox.moto_bridge import MotoBridge
from reconciler.sandbox.testing import Sandbox

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
EVENT = {"group_id": "g", "deployment_id": "d", "deployment_type": "NewDeployment", "status": "Success"}


SEVERAL_COMMANDS = """
import io, json, sys
from contextlib import redirect_stdout
from awscli.clidriver import create_clidriver

answers = []
for arguments in json.load(sys.stdin):
    with redirect_stdout(io.StringIO()) as printed:
        code = create_clidriver().main(arguments)
    if code:
        sys.exit(f"{arguments}: {code}")
    answers.append(printed.getvalue())
json.dump(answers, sys.stdout)
"""


def cli(*arguments: str, stdin: str = "", program: str = "aws") -> str:
    """Run the stock AWS CLI in this environment; what it prints."""
    path = Path(sys.executable).parent / program
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, input=stdin, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def several(*commands: tuple[str, ...]) -> list[str]:
    """What the stock AWS CLI prints for each of ``commands``, in one process: most of a command is its start."""
    printed = cli("-c", SEVERAL_COMMANDS, stdin=json.dumps(commands), program="python")
    return list(json.loads(printed))


def plain(
    aws: Sandbox, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """A request by no AWS client at all."""
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"), timeout=30)
    connection.request(method, path, body=body, headers=headers or {}, encode_chunked=body is not None)
    with connection.getresponse() as answer:
        content = answer.read()
    connection.close()
    return answer.status, content


def a_queue(aws: Sandbox) -> str:
    return str(aws.client("sqs").create_queue(QueueName="queue")["QueueUrl"])


def test_a_region_is_a_world_of_its_own(aws: Sandbox) -> None:
    aws.client("greengrass", "us-east-1").create_group(Name="there")
    aws.client("iot", "us-east-1").create_thing(thingName="there")
    assert aws.client("greengrass").list_groups()["Groups"] == []
    assert aws.client("iot").list_things()["things"] == []
    assert len(aws.client("greengrass", "us-east-1").list_groups()["Groups"]) == 1


def test_s3_takes_odd_keys_big_uploads_and_conditions(aws: Sandbox) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", **HERE)
    s3.put_object(Bucket="bucket", Key="a b/ü+=&.json", Body=b"{}", IfNoneMatch="*")
    s3.upload_fileobj(io.BytesIO(b"x" * 9_000_000), "bucket", "big")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a b/ü+=&.json", "big"]
    assert s3.head_object(Bucket="bucket", Key="big")["ContentLength"] == 9_000_000
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="bucket", Key="a b/ü+=&.json", Body=b"[]", IfNoneMatch="*")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bucket", Key="none")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a b/ü+=&.json"})
    assert plain(aws, "GET", url.removeprefix(aws.url)) == (200, b"{}")
    assert aws.counts() == {
        "s3:CompleteMultipartUpload": 1,
        "s3:CreateBucket": 1,
        "s3:CreateMultipartUpload": 1,
        "s3:GetObject": 1,
        "s3:HeadObject": 2,
        "s3:ListObjectsV2": 1,
        "s3:PutObject": 2,
        "s3:UploadPart": 2,
    }


def test_a_body_that_comes_in_chunks_is_read(aws: Sandbox) -> None:
    chunks = [b'{"a-core": {"out', b'come": "fail"}}']
    status, answer = plain(aws, "PUT", "/_sandbox/devices", iter(chunks), {"Transfer-Encoding": "chunked"})
    assert (status, json.loads(answer)["a-core"]["outcome"]) == (200, "fail")


def test_signed_chunks_of_an_upload_that_cannot_be_read_twice(aws: Sandbox) -> None:
    class Stream(io.RawIOBase):
        """A body of which neither length nor start can be found again."""

        def __init__(self) -> None:
            self._rest = io.BytesIO(b"line\n" * 1000)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._rest.readinto(buffer)

    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", **HERE)
    s3.upload_fileobj(Stream(), "bucket", "stream")
    s3.put_object(Bucket="bucket", Key="summed", Body=io.BytesIO(b"abc"), ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket="bucket", Key="stream")["Body"].read() == b"line\n" * 1000
    assert aws.world.moto.read_object("bucket", "summed") == b"abc"


def test_events_reach_a_queue_whole(aws: Sandbox) -> None:
    url = a_queue(aws)
    events = aws.client("events")
    events.put_rule(
        Name="rule", EventPattern=json.dumps({"source": ["aws.greengrass"], "detail": {"status": ["Success"]}})
    )
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:eu-central-1:123456789012:queue"}])
    moment = aws.world.clock.now()
    for status in ("InProgress", "Success"):
        detail = EVENT | {"status": status}
        aws.world.moto.put_event(
            "eu-central-1", "aws.greengrass", "Greengrass Deployment Status Change", detail, moment
        )
    messages = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    [event] = [json.loads(message["Body"]) for message in messages]
    assert {name: value for name, value in event.items() if name != "id"} == {
        "version": "0",
        "source": "aws.greengrass",
        "detail-type": "Greengrass Deployment Status Change",
        "account": "123456789012",
        "region": "eu-central-1",
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [],
        "detail": EVENT,
    }


def test_a_target_that_is_gone_harms_nobody(aws: Sandbox) -> None:
    events = aws.client("events")
    events.put_rule(Name="rule", EventPattern='{"source": ["aws.greengrass"]}')
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:eu-central-1:123456789012:nowhere"}])
    aws.world.moto.put_event("eu-central-1", "aws.greengrass", "Any", {"a": 1}, aws.world.clock.now())


def test_messages_come_back_when_the_clock_moves(aws: Sandbox) -> None:
    sqs, url = aws.client("sqs"), a_queue(aws)
    sqs.send_message(QueueUrl=url, MessageBody="work")
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=300)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    with Sandbox() as other:  # a second one in this process, with a clock of its own
        other.client("sqs").list_queues()
        aws.advance(301)
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.long
def test_dynamodb_loses_no_update_under_threads(aws: Sandbox) -> None:
    table = aws.client("dynamodb")
    table.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )

    def add(_number: int) -> None:
        table.update_item(
            TableName="t",
            Key={"k": {"S": "n"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    def take(number: int) -> bool:
        try:
            table.put_item(
                TableName="t",
                Item={"k": {"S": f"lock{number // 8}"}},
                ConditionExpression="attribute_not_exists(k)",
            )
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(add, range(200)))
        winners = sum(threads.map(take, range(160)))
    item = table.get_item(TableName="t", Key={"k": {"S": "n"}}, ConsistentRead=True)["Item"]
    assert (item["n"]["N"], winners) == ("200", 20)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/cdf/things/a", "GetThing"),
        ("POST", "/cdf/things", "CreateThing"),
        ("DELETE", "/cdf/things/a", "DeleteThing"),
        ("PATCH", "/cdf/things/a/certificates", "UpdateThingCertificates"),
        ("GET", "/things/a", "GetThing"),
        ("PUT", "/cdf/other", "PutUnknown"),
    ],
)
def test_cdf_is_reached_below_its_path_and_unsigned(aws: Sandbox, method: str, path: str, operation: str) -> None:
    assert plain(aws, method, path)[0] == 415  # no media type: CDF itself said so
    assert aws.counts() == {f"cdf:{operation}": 1}


def test_a_bucket_whose_name_begins_like_cdf_is_a_bucket(aws: Sandbox) -> None:
    aws.client("s3").create_bucket(Bucket="cdf-templates", **HERE)
    assert aws.counts() == {"s3:CreateBucket": 1}


def test_what_moto_lacks_is_said_at_once_and_not_retried(aws: Sandbox) -> None:
    with pytest.raises(ClientError, match="the sandbox has no iot:StartThingRegistrationTask") as refused:
        aws.client("iot").start_thing_registration_task(
            templateBody="{}", inputFileBucket="bucket", inputFileKey="k", roleArn="arn:aws:iam::123456789012:role/a"
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert aws.counts() == {"iot:StartThingRegistrationTask": 1}


def test_a_greengrass_path_that_nobody_knows_is_said_so(aws: Sandbox) -> None:
    signature = "AWS4-HMAC-SHA256 Credential=k/20261120/eu-central-1/greengrass/aws4_request, Signature=0"
    assert plain(aws, "GET", "/greengrass/nowhere", headers={"Authorization": signature})[0] == 501
    assert aws.counts() == {"greengrass:GetUnknown": 1}


def test_reading_calls_are_told_from_writing_ones(aws: Sandbox) -> None:
    url = a_queue(aws)
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.receive_message(QueueUrl=url)
    aws.client("kms").list_keys()
    aws.client("sts").get_caller_identity()
    assert aws.writes() == ["sqs:CreateQueue", "sqs:SendMessage"]
    assert aws.counts() == {
        "kms:ListKeys": 1,
        "sqs:CreateQueue": 1,
        "sqs:ReceiveMessage": 1,
        "sqs:SendMessage": 1,
        "sts:GetCallerIdentity": 1,
    }


def test_reading_an_object_that_is_not_there(aws: Sandbox) -> None:
    aws.client("s3").create_bucket(Bucket="bucket", **HERE)
    with pytest.raises(Exception, match="NoSuchBucket"):
        aws.world.moto.read_object("nowhere", "k")
    with pytest.raises(Exception, match="NoSuchKey"):
        aws.world.moto.read_object("bucket", "k")


def test_an_event_before_anyone_spoke_to_moto_is_nobody_s(aws: Sandbox) -> None:
    quiet = MotoBridge("123456789012", aws.world.clock)
    quiet.put_event("eu-central-1", "aws.greengrass", "Any", {}, aws.world.clock.now())
    quiet.reset()


@pytest.mark.skipif(shutil.which("aws", path=os.fspath(Path(sys.executable).parent)) is None, reason="no AWS CLI here")
def test_the_stock_aws_cli_finds_every_service_by_the_environment(aws: Sandbox) -> None:
    commands = {
        "iot": ("iot", "create-thing", "--thing-name", "a-thing"),
        "greengrass": ("greengrass", "create-group", "--name", "a-group"),
        "sts": ("sts", "get-caller-identity"),
        "dynamodb": ("dynamodb", "list-tables"),
        "events": ("events", "list-rules"),
        "kms": ("kms", "list-keys"),
        # Version 1 takes the endpoint of sqs from nowhere but its own option.
        "sqs": ("sqs", "create-queue", "--queue-name", "q", "--endpoint-url", aws.url),
    }
    *printed, _ = several(*commands.values(), ("s3", "mb", "s3://bucket"))
    answers = dict(zip(commands, map(json.loads, printed), strict=True))
    cli("s3", "cp", "-", "s3://bucket/a/b.txt", stdin="hello")

    assert answers["iot"]["thingArn"] == "arn:aws:iot:eu-central-1:123456789012:thing/a-thing"
    assert answers["greengrass"]["Name"] == "a-group"
    assert answers["sts"]["Account"] == "123456789012"
    assert answers["sqs"]["QueueUrl"] == f"{aws.url}/123456789012/q"
    assert (answers["dynamodb"], answers["events"], answers["kms"]) == ({"TableNames": []}, {"Rules": []}, {"Keys": []})
    assert aws.world.moto.read_object("bucket", "a/b.txt") == b"hello"
    assert "greengrass:CreateGroup" in aws.counts()


def test_an_empty_object_is_put_without_waiting_for_its_body(aws: Sandbox) -> None:
    s3 = aws.client("s3", config=Config(read_timeout=5, retries={"total_max_attempts": 1}))
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="bucket", Key="empty", Body=b"")
    assert s3.get_object(Bucket="bucket", Key="empty")["Body"].read() == b""
