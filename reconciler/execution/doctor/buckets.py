"""Looks at the buckets: that they are there, in the region, private, and encrypted as they have to be."""

from collections.abc import Iterator

from reconciler.aws.client import Aws, is_not_found
from reconciler.execution.doctor.findings import good, wrong
from reconciler.model.errors import AwsError
from reconciler.model.finding import Finding

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
SSE_S3 = '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}'


def check_artifacts(aws: Aws, bucket: str) -> Iterator[Finding]:
    """The bucket of keys and certificates: private, encrypted, versioned."""
    subject = f"artifact bucket {bucket}"
    if (region := _region(aws, bucket)) is None:
        yield wrong(subject, "it is not there", f"make it: `aws s3 mb s3://{bucket} --region {aws.region}`")
        return
    yield good(subject, f"it is there, in {region}")
    algorithm = _encryption(aws, bucket)
    if algorithm is None:
        hint = f"aws s3api put-bucket-encryption --bucket {bucket} --server-side-encryption-configuration '{SSE_S3}'"
        yield wrong(subject, "it is not encrypted", hint)
    else:
        yield good(subject, f"it is encrypted ({algorithm})")
    if not _is_private(aws, bucket):
        blocks = ",".join(f"{block}=true" for block in BLOCKS)
        hint = f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration {blocks}"
        yield wrong(subject, "it may be made public, and it holds private keys", hint)
    else:
        yield good(subject, "nobody can make it public")
    versioning = aws.call("s3", "GetBucketVersioning", Bucket=bucket).get("Status")
    if versioning != "Enabled":
        hint = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        yield wrong(subject, "it keeps no earlier versions: a key that is overwritten is gone", hint)


def check_bulk(aws: Aws, bucket: str, role_arn: str, account: str) -> Iterator[Finding]:
    """The bucket of inputs of bulk deployments, in which Greengrass V1 takes no KMS key; and the role that reads it."""
    subject = f"bulk bucket {bucket}"
    if (region := _region(aws, bucket)) is None:
        yield wrong(subject, "it is not there", f"make it: `aws s3 mb s3://{bucket} --region {aws.region}`")
        return
    if region != aws.region:
        yield wrong(subject, f"it is in {region}", f"Greengrass reads it in {aws.region}: name a bucket there")
    algorithm = _encryption(aws, bucket)
    if algorithm is not None and "kms" in algorithm:
        yield wrong(subject, "it is encrypted with a KMS key", "V1 bulk deployments take SSE-S3 alone: use AES256")
    else:
        yield good(subject, f"it is there, in {region}, {f'encrypted ({algorithm})' if algorithm else 'not encrypted'}")
    if role_arn.split(":")[4] != account:
        yield wrong("bulk execution role", f"{role_arn} is of another account", "name a role of the fleet's account")
        return
    name = role_arn.rpartition("/")[2]
    try:
        aws.call("iam", "GetRole", RoleName=name)
    except AwsError as error:
        if not is_not_found(error) and error.code != "NoSuchEntity":
            raise
        yield wrong("bulk execution role", f"there is no role {name}", "make it: docs/infrastructure.md")
    else:
        yield good("bulk execution role", role_arn)


def _region(aws: Aws, bucket: str) -> str | None:
    try:
        return aws.call("s3", "GetBucketLocation", Bucket=bucket).get("LocationConstraint") or "us-east-1"
    except AwsError as error:
        if is_not_found(error) or error.code == "NoSuchBucket":
            return None
        raise


def _encryption(aws: Aws, bucket: str) -> str | None:
    try:
        answer = aws.call("s3", "GetBucketEncryption", Bucket=bucket)
    except AwsError as error:
        if error.code == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return str(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]) if rules else None


def _is_private(aws: Aws, bucket: str) -> bool:
    try:
        answer = aws.call("s3", "GetPublicAccessBlock", Bucket=bucket)["PublicAccessBlockConfiguration"]
    except AwsError as error:
        if error.code == "NoSuchPublicAccessBlockConfiguration":
            return False
        raise
    return all(answer.get(block) for block in BLOCKS)
