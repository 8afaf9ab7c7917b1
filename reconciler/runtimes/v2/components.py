"""Reads the component versions that the account has published; those that are deployable never change."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.component import Component, ComponentRef
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.lists import PAGE
from reconciler.runtimes.v2.names import component_arn
from reconciler.runtimes.v2.publications import Published


@dataclass(frozen=True, slots=True)
class Components:
    """Reads the private components of the account of ``fleet`` through ``aws``, keeping what is immutable in ``cache``.

    Methods raise AwsError.
    """

    aws: Aws
    cache: Cache
    fleet: Fleet

    def published(self, declared: Iterable[Component]) -> dict[ComponentRef, Published]:
        """The component versions of ``declared`` that are published. Deployable ones never change, and are cached."""
        declared = list(declared)
        if not declared:
            return {}
        rows = self.aws.listed("greengrassv2", "ListComponents", "components", page=PAGE, scope="PRIVATE")
        names = {row["componentName"] for row in rows}
        there = [component for component in declared if component.name in names]
        found = zip(there, in_parallel(self._published, there), strict=True)
        return {component.ref: published for component, published in found if published is not None}

    def _published(self, component: Component) -> Published | None:
        arn = component_arn(self.fleet, component.name, component.version)
        if (kept := self.cache.get("v2-component", arn)) is not None:
            return Published("DEPLOYABLE", "", kept)
        state, message = self.state(arn)
        if not state:
            return None
        if state == "FAILED":
            return Published(state, message, {})
        recipe = self.recipe(arn)
        if state == "DEPLOYABLE":
            self.cache.put("v2-component", arn, recipe)
        return Published(state, message, recipe)

    def state(self, arn: str) -> tuple[str, str]:
        """The state of a component version, and what AWS says of it; empty if there is no such version."""
        try:
            status = self.aws.call("greengrassv2", "DescribeComponent", arn=arn).get("status", {})
        except AwsError as error:
            if is_not_found(error):
                return "", ""
            raise
        errors = "; ".join(f"{name}: {text}" for name, text in sorted((status.get("errors") or {}).items()))
        return status.get("componentState", ""), errors or status.get("message", "")

    def recipe(self, arn: str) -> dict[str, Any]:
        """The recipe of a component version, as a parsed document."""
        answer = self.aws.call("greengrassv2", "GetComponent", arn=arn, recipeOutputFormat="JSON")
        return dict(json.loads(answer["recipe"]))
