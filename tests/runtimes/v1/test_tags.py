"""The digest that tells whether a template version was edited: over what it says, not over how it says it."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.template import Source, Template
from reconciler.runtimes.v1.tags import template_digests

FUNCTION = {"Id": "a", "FunctionArn": "arn:a", "FunctionConfiguration": {"Timeout": 3, "Pinned": True}}
OTHER = {"Id": "b", "FunctionArn": "arn:b"}
UP = {"Id": "up", "Source": "${thingArn}", "Subject": "dt", "Target": "cloud"}
DOWN = {"Id": "down", "Source": "cloud", "Subject": "cmd", "Target": "${thingArn}"}


def digest_of(functions: list[dict[str, Any]], subscriptions: tuple[dict[str, Any], ...] = (), **more: Any) -> str:
    template = Template(
        "line",
        1,
        "greengrass/v1",
        {"functions": {"Functions": functions}},
        device_subscriptions={"*": subscriptions} if subscriptions else {},
        **more,
    )
    desired = DesiredState(Path(), Fleet("demo", "1" * 12, "eu-central-1"), {template.ref: template})
    return template_digests(desired)[template.ref]


def test_order_and_empty_parts_say_nothing() -> None:
    usual = digest_of([FUNCTION, OTHER], (UP, DOWN))
    assert digest_of([OTHER, FUNCTION], (DOWN, UP)) == usual
    assert digest_of([OTHER, FUNCTION | {"FunctionConfiguration": {"Pinned": True, "Timeout": 3}}], (UP, DOWN)) == usual
    assert digest_of([OTHER | {"FunctionConfiguration": {}}, FUNCTION], (UP, DOWN)) == usual


@pytest.mark.parametrize(
    "other",
    [
        digest_of([FUNCTION]),
        digest_of([FUNCTION, OTHER | {"FunctionArn": "arn:c"}]),
        digest_of([FUNCTION, OTHER], (UP,)),
        digest_of([FUNCTION, OTHER], source=Source("g", "v")),
    ],
)
def test_whatever_it_says_counts(other: str) -> None:
    assert other != digest_of([FUNCTION, OTHER])
