"""The forms that ids, names and ARNs must have; each check answers with what is wrong, or with nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.sandbox.greengrass_v1.names import PARTITION

LONGEST_ID = 128
LONGEST_CORE_NAME = 124
"""Bytes of UTF-8 in a core's thing name (AWS General Reference, Greengrass V1 quotas)."""

_ID = re.compile(r"[a-zA-Z0-9:_-]+")
_THING = re.compile(rf"arn:{PARTITION}:iot:[a-z0-9-]+:\d{{12}}:thing/(?P<name>[a-zA-Z0-9:_.-]{{1,128}})")
_CERTIFICATE = re.compile(rf"arn:{PARTITION}:iot:[a-z0-9-]+:\d{{12}}:cert/[a-zA-Z0-9_-]+")
# Greengrass's own functions, such as arn:aws:lambda:::function:GGIPDetector:1, have no region and account.
_FUNCTION = re.compile(
    rf"arn:{PARTITION}:lambda:(?:[a-z0-9-]+:\d{{12}}|:):function:[a-zA-Z0-9_-]+(?::[a-zA-Z0-9$_-]+)?"
)
_CONNECTOR = re.compile(rf"arn:{PARTITION}:greengrass:[a-z0-9-]*:(?:\d{{12}})?:/connectors/[\w.-]+/versions/[\w.-]+")
_SECRET = re.compile(rf"arn:{PARTITION}:secretsmanager:[a-z0-9-]+:\d{{12}}:secret:[\w/+=.@!-]+")
_SERVICES = frozenset({"cloud", "GGShadowService"})


def is_thing(arn: str) -> bool:
    """Whether ``arn`` is a thing's."""
    return _THING.fullmatch(arn) is not None


def is_certificate(arn: str) -> bool:
    """Whether ``arn`` is a certificate's."""
    return _CERTIFICATE.fullmatch(arn) is not None


def is_function(arn: str) -> bool:
    """Whether ``arn`` is a Lambda function's, with or without a version or alias."""
    return _FUNCTION.fullmatch(arn) is not None


def is_connector(arn: str) -> bool:
    """Whether ``arn`` is a connector version's."""
    return _CONNECTOR.fullmatch(arn) is not None


def is_secret(arn: str) -> bool:
    """Whether ``arn`` is a Secrets Manager secret's."""
    return _SECRET.fullmatch(arn) is not None


def is_endpoint(text: str) -> bool:
    """Whether a subscription can have ``text`` as its source or target."""
    return text in _SERVICES or is_thing(text) or is_function(text) or is_connector(text)


def thing_name(arn: str) -> str | None:
    """The name in a thing's ARN, None for any other text."""
    found = _THING.fullmatch(arn)
    return found["name"] if found else None


def bad_names(what: str, member: str, entities: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with a member of the entities that must be well formed and unique among them."""
    values = [entity[member] for entity in entities]
    for value in dict.fromkeys(values):
        if not _ID.fullmatch(value) or len(value) > LONGEST_ID:
            yield (
                f"{what} {member} '{value}' is invalid: it must match [a-zA-Z0-9:_-]+"
                f" and have at most {LONGEST_ID} characters"
            )
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{what} {member} '{value}' is not unique in the definition"
