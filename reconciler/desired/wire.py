"""Greengrass V2 deployments and recipes as the API takes them, and how large they are then."""

from collections.abc import Mapping
from typing import Any

from reconciler.model.canonical import canonical_json

MAX_THING_DOCUMENT = 7 * 1024
"""Bytes of a deployment to a thing (AWS General Reference, AWS IoT Greengrass V2 quotas)."""
MAX_GROUP_DOCUMENT = 31 * 1024
"""Bytes of a deployment to a thing group (the same page)."""
MAX_LARGE_DOCUMENT = 6 * 1024 * 1024
"""Bytes of a deployment to cores that take large configurations: nucleus 2.3.0 or later, and a policy that allows
``greengrass:GetDeploymentConfiguration`` (AWS names 6 MB in its quotas and 10 MB in a release note)."""


def on_the_wire(document: Mapping[str, Any]) -> dict[str, Any]:
    """``document`` as CreateDeployment takes it: each ``merge`` as JSON text, the same for equal values."""
    return {**document, "components": {name: _component(spec) for name, spec in document["components"].items()}}


def wire_size(document: Mapping[str, Any]) -> int:
    """The bytes of ``document`` as JSON text, as CreateDeployment takes it."""
    return len(canonical_json(on_the_wire(document)).encode())


def _component(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    update = spec.get("configurationUpdate", {})
    if "merge" not in update:
        return spec
    return {**spec, "configurationUpdate": {**update, "merge": canonical_json(update["merge"])}}


def inline_recipe(recipe: Mapping[str, Any]) -> bytes:
    """``recipe`` as CreateComponentVersion takes it: JSON text, the same for equal recipes."""
    return canonical_json(recipe).encode()
