"""CDF's provisioning templates: AWS IoT's, with a ``CDF`` block that says what CDF does before and after."""

import json
from typing import Any

from reconciler.sandbox.cdf.refusals import CdfError
from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.world import World

BUCKET = "cdf-templates"


def find_template(world: World, template_id: str, *, head: bool) -> dict[str, Any]:
    """The template ``templates/<id>.json`` of the bucket ``cdf-templates``, else AWS IoT's of that name.

    Raises CdfError: one that is nowhere is 500 for CDF's first versions, 400 for its main branch (``head``).
    """
    text = _from_bucket(world, template_id)
    if text is None:
        text = _from_registry(world, template_id)
    if text is None:
        if head:
            raise CdfError(400, f"INVALID_PROVISIONING_TEMPLATE: {template_id}")
        raise CdfError(500, f"The specified key does not exist: templates/{template_id}.json")
    try:
        template = json.loads(text)
    except ValueError as problem:
        raise CdfError(500, f"template {template_id} is not JSON: {problem}") from problem
    if not isinstance(template, dict):
        raise CdfError(500, f"template {template_id} is not a JSON object")
    return template


def _from_bucket(world: World, template_id: str) -> str | None:
    try:
        content = world.moto.read_object(BUCKET, f"templates/{template_id}.json", world.region)
    except ServiceError:
        return None
    return content.decode(errors="replace")


def _from_registry(world: World, template_id: str) -> str | None:
    describe = world.iot_in(world.region).handlers["DescribeProvisioningTemplate"]
    try:
        return str(describe({"templateName": template_id})["templateBody"])
    except ServiceError:
        return None
