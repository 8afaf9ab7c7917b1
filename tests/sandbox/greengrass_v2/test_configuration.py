"""Configuration updates on a device: reset first, then merge."""

from typing import Any

import pytest

from reconciler.sandbox.greengrass_v2.configuration import updated

DEFAULT = {"level": "info", "topics": ["a"], "mqtt": {"port": 8883, "tls": True}}


@pytest.mark.parametrize(
    ("current", "update", "wanted"),
    [
        ({"a": {"b": 1, "c": 2}}, {"merge": '{"a": {"c": 3}}'}, {"a": {"b": 1, "c": 3}}),
        # A list is one value: it can be replaced, and never appended to.
        ({"topics": ["a", "b"]}, {"merge": '{"topics": ["c"]}'}, {"topics": ["c"]}),
        ({"own": 1}, {"reset": [""]}, DEFAULT),
        ({"own": 1}, {"reset": [""], "merge": '{"level": "debug"}'}, {**DEFAULT, "level": "debug"}),
        ({"level": "debug", "own": 1}, {"reset": ["/level"]}, {"level": "info", "own": 1}),
        # What the recipe says nothing of goes.
        ({"level": "debug", "own": 1}, {"reset": ["/own"]}, {"level": "debug"}),
        ({"mqtt": {"port": 1, "x": 2}}, {"reset": ["/mqtt/port"]}, {"mqtt": {"port": 8883, "x": 2}}),
        ({"mqtt": {"port": 1, "x": 2}}, {"reset": ["/mqtt"]}, {"mqtt": {"port": 8883, "tls": True}}),
        ({"a/b": {"~": 1, "c": 2}}, {"reset": ["/a~1b/~0"]}, {"a/b": {"c": 2}}),
        ({"level": "debug"}, {"reset": ["/not/there", "/level/deeper"]}, {"level": "debug"}),
        ({"a": 1}, {"merge": '{"a": {"b": null}}'}, {"a": {"b": None}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_an_update(current: dict[str, Any], update: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert updated(current, update, DEFAULT) == wanted
    assert DEFAULT == {"level": "info", "topics": ["a"], "mqtt": {"port": 8883, "tls": True}}
