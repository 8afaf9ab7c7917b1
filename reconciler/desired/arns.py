"""Amazon Resource Names: their parts, and the rules that ours must keep."""

import re
from typing import NamedTuple

from reconciler.desired.problems import Problems, quote
from reconciler.model.fleet import Fleet
from reconciler.model.position import Position

THING = "thing/"
_PARTITION = re.compile(r"aws(-[a-z]+)*\Z")
_VERSION = re.compile(r"[1-9][0-9]*\Z")
_QUALIFIER = re.compile(r"[a-zA-Z0-9_-]+\Z")


class Arn(NamedTuple):
    """``arn:partition:service:region:account:resource``; region and account may be empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def is_thing(self) -> bool:
        """Whether it names an AWS IoT thing."""
        return self.service == "iot" and self.resource.startswith(THING)


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN, or None for text that is none."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not _PARTITION.match(parts[1]) or not parts[2] or not parts[5]:
        return None
    return Arn(*parts[1:])


def check_home(text: str, what: str, position: Position, fleet: Fleet, problems: Problems) -> Arn | None:
    """Check that ``text`` is an ARN of the fleet's region and account; return its parts if so.

    AWS's own functions and connectors name no account, and some of them no region.
    """
    arn = parse_arn(text)
    if arn is None or "${" in text:
        hint = "write arn:aws:service:region:account:resource; tokens are not expanded here"
        problems.add(position, "bad-arn", f"{what} is {quote(text)}, which is no ARN", hint)
        return None
    if arn.region not in {"", fleet.region}:
        message = f"{what} is in the region {arn.region}, but the fleet is in {fleet.region}"
        problems.add(position, "other-region", message, f"name one in {fleet.region}")
        return None
    if arn.account and not check_account(arn, what, position, fleet, problems):
        return None
    return arn


def check_account(arn: Arn, what: str, position: Position, fleet: Fleet, problems: Problems) -> bool:
    """Check that ``arn`` belongs to the fleet's account; return whether it does."""
    if arn.account == fleet.account:
        return True
    message = f"{what} belongs to the account {arn.account or '(none)'}, but the fleet's is {fleet.account}"
    problems.add(position, "other-account", message, f"name one of the account {fleet.account}")
    return False


def check_function(text: str, position: Position, fleet: Fleet, problems: Problems) -> None:
    """Check a function's ARN: a Lambda function of the fleet's region and account, or of AWS, with a version or alias.

    Greengrass V1 takes no unqualified function and no $LATEST ("Controlling execution of Greengrass Lambda
    functions", AWS IoT Greengrass V1 developer guide).
    """
    arn = check_home(text, "FunctionArn", position, fleet, problems)
    if arn is None:
        return
    kind, _, rest = arn.resource.partition(":")
    name, _, qualifier = rest.partition(":")
    if arn.service != "lambda" or kind != "function" or not name:
        hint = "write arn:aws:lambda:region:account:function:name:version"
        problems.add(position, "bad-arn", f"FunctionArn is {quote(text)}, which names no Lambda function", hint)
    elif not _QUALIFIER.match(qualifier):
        given = f"the version {qualifier}" if qualifier else "no version or alias"
        message = f"FunctionArn names {given}, which Greengrass V1 does not take"
        hint = f"add a version or an alias, such as {':'.join(text.split(':')[:7])}:1"
        problems.add(position, "unqualified-function", message, hint)


def check_function_version(text: str, position: Position, fleet: Fleet, problems: Problems) -> None:
    """Check the ARN of a function that becomes a V2 component: it names a version (API reference, ``lambdaArn``)."""
    arn = check_home(text, "lambdaArn", position, fleet, problems)
    if arn is None:
        return
    kind, _, rest = arn.resource.partition(":")
    name, _, qualifier = rest.partition(":")
    example = f"arn:{fleet.partition}:lambda:{fleet.region}:{fleet.account}:function:NAME:1"
    if arn.service != "lambda" or kind != "function" or not name:
        message = f"lambdaArn is {quote(text)}, which names no Lambda function"
        problems.add(position, "bad-arn", message, f"write {example}")
    elif not _VERSION.match(qualifier):
        given = f"{qualifier}, which is no version" if qualifier else "no version"
        message = f"lambdaArn names {given} of the function {name}; Greengrass V2 takes no alias"
        problems.add(position, "unqualified-function", message, f"write the number of a version, as in {example}")


def check_role(text: str, position: Position, fleet: Fleet, problems: Problems) -> None:
    """Check the bulk deployment role: a role of the fleet's account."""
    arn = parse_arn(text)
    if arn is None or arn.service != "iam" or not arn.resource.startswith("role/") or arn.resource == "role/":
        hint = f"write arn:{fleet.partition}:iam::{fleet.account}:role/NAME"
        problems.add(position, "bad-arn", f"executionRoleArn is {quote(text)}, which names no role", hint)
        return
    check_account(arn, "executionRoleArn", position, fleet, problems)
