"""Components and their versions: private ones as they are made, public ones as AWS has them."""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v2 import public
from reconciler.sandbox.greengrass_v2.client_tokens import ClientTokens
from reconciler.sandbox.greengrass_v2.lambdas import recipe_of
from reconciler.sandbox.greengrass_v2.names import Arns, ComponentName, component_in
from reconciler.sandbox.greengrass_v2.paging import page
from reconciler.sandbox.greengrass_v2.recipes import artifacts_of, platforms_of, read_recipe, write_recipe
from reconciler.sandbox.greengrass_v2.records import ComponentVersion
from reconciler.sandbox.greengrass_v2.refusals import conflict, denied, invalid, not_found, quota_exceeded
from reconciler.sandbox.greengrass_v2.tags import check_tags
from reconciler.sandbox.greengrass_v2.versions import below, newest_first

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.sandbox.world import World

MOST_COMPONENTS = 5_000
MOST_VERSIONS = 5_000
"""Per region, and per component (Greengrass quotas)."""

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


class Components:
    """The components of one account and region."""

    def __init__(self, world: "World", arns: Arns) -> None:
        self._world = world
        self._arns = arns
        self._tokens = ClientTokens(world.clock, "componentVersion")
        self._private: dict[str, dict[str, ComponentVersion]] = {}

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The eight operations."""
        return {
            "CreateComponentVersion": self._create,
            "DescribeComponent": self._describe,
            "GetComponent": self._get,
            "GetComponentVersionArtifact": self._artifact,
            "DeleteComponent": self._delete,
            "ListComponents": self._list,
            "ListComponentVersions": self._list_versions,
            "ResolveComponentCandidates": self._resolve,
        }

    def find(self, name: str, version: str) -> ComponentVersion | None:
        """The version that a device gets of this component: a private one hides AWS's of the same name."""
        private = self._private.get(name)
        if private is not None:
            return private.get(version)
        return public.find(name, version, self._arns.component(name, version, public=True))

    def deployable(self, name: str) -> list[str]:
        """The versions that devices can be given where nobody names one."""
        private = self._private.get(name)
        if private is None:
            return list(public.LISTED.get(name, ()))
        now = self._world.clock.now()
        return [found.version for found in private.values() if found.state(now) == "DEPLOYABLE"]

    def tags_at(self, arn: str) -> dict[str, str] | None:
        """The tags of the private version at an ARN."""
        named = component_in(arn)
        found = self._own(named) if named is not None else None
        return None if found is None else found.tags

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._tokens.once(params, lambda: self._create_anew(params))

    def _create_anew(self, params: dict[str, Any]) -> dict[str, Any]:
        if ("inlineRecipe" in params) == ("lambdaFunction" in params):
            raise invalid("Exactly one of inlineRecipe and lambdaFunction must be given")
        check_tags(params.get("tags", {}))
        if "inlineRecipe" in params:
            recipe = read_recipe(params["inlineRecipe"])
        else:
            recipe = recipe_of(params["lambdaFunction"])
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        arn = self._arns.component(name, version)
        self._check_room(name, version, arn)
        made = ComponentVersion(
            name=name,
            version=version,
            arn=arn,
            recipe=recipe,
            created=self._world.clock.now(),
            tags=dict(params.get("tags", {})),
            errors=self._take_in(recipe),
        )
        self._private.setdefault(name, {})[version] = made
        return {
            "arn": arn,
            "componentName": name,
            "componentVersion": version,
            "creationTimestamp": made.created,
            "status": made.status(made.created),
        }

    def _check_room(self, name: str, version: str, arn: str) -> None:
        versions = self._private.get(name)
        if versions is not None and version in versions:
            raise conflict(f"Component [{name} : {version}] for account already exists", "componentVersion", arn)
        if versions is None and len(self._private) >= MOST_COMPONENTS:
            raise quota_exceeded(f"The account has {MOST_COMPONENTS} components already", "L-COMPONENTS")
        if versions is not None and len(versions) >= MOST_VERSIONS:
            raise quota_exceeded(f"{name} has {MOST_VERSIONS} versions already", "L-COMPONENT-VERSIONS")

    def _take_in(self, recipe: dict[str, Any]) -> dict[str, str]:
        """Put the digest of each artifact in S3 into the recipe; what cannot be read, by URI."""
        errors = {}
        for artifact in artifacts_of(recipe):
            found = _S3.fullmatch(artifact["Uri"])
            if found is None:
                continue
            try:
                content = self._world.moto.read_object(found["bucket"], found["key"], self._arns.region)
            except ServiceError as problem:
                errors[artifact["Uri"]] = f"Specified artifact resource cannot be accessed: {problem.message}"
            else:
                artifact |= {"Digest": hashlib.sha256(content).hexdigest(), "Algorithm": "SHA-256"}
        return errors

    def _describe(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._version(params["arn"])
        return {
            "arn": found.arn,
            "componentName": found.name,
            "componentVersion": found.version,
            "creationTimestamp": found.created,
            "publisher": found.recipe.get("ComponentPublisher") or None,
            "description": found.recipe.get("ComponentDescription") or None,
            "status": found.status(self._world.clock.now()),
            "platforms": platforms_of(found.recipe),
            "tags": dict(found.tags) or None,
        }

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        found, form = self._version(params["arn"]), params.get("recipeOutputFormat", "JSON")
        return {
            "recipeOutputFormat": form,
            "recipe": write_recipe(found.recipe, form),
            "tags": dict(found.tags) or None,
        }

    def _artifact(self, params: dict[str, Any]) -> dict[str, Any]:
        found, name = self._version(params["arn"]), params["artifactName"]
        for artifact in artifacts_of(found.recipe):
            if artifact["Uri"].endswith(f"/{name}"):
                path = quote(artifact["Uri"].partition("://")[2] or artifact["Uri"])
                bucket, _, key = path.partition("/")
                host = f"{bucket}.s3.{self._arns.region}.amazonaws.com"
                return {"preSignedUrl": f"https://{host}/{key}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900"}
        raise not_found("artifact", name)

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._version(params["arn"])
        versions = self._private.get(found.name, {})
        if versions.get(found.version) is not found:
            raise denied(f"Not allowed to delete the public component version {found.arn}")
        if found.state(self._world.clock.now()) in ("REQUESTED", "INITIATED"):
            raise conflict(f"{found.arn} is still being created", "componentVersion", found.arn)
        del versions[found.version]
        if not versions:
            del self._private[found.name]
        return {}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        scope = params.get("scope", "PRIVATE")
        names: Iterable[str] = public.names() if scope == "PUBLIC" else sorted(self._private)

        def after(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
            return ((name, self._listed(name, scope)) for name in names if name > key)

        found, more = page("ListComponents", params, after)
        return {"components": found, **more}

    def _listed(self, name: str, scope: str) -> dict[str, Any]:
        is_public = scope == "PUBLIC"
        versions = public.listed(name) if is_public else newest_first(self._private[name])
        arn = self._arns.component(name, versions[0], public=is_public)
        latest = public.find(name, versions[0], arn) if is_public else self._private[name][versions[0]]
        assert latest is not None  # noqa: S101 - the lists hold only what there is
        return {
            "arn": self._arns.component(name, public=is_public),
            "componentName": name,
            "latestVersion": {
                "arn": latest.arn,
                "componentVersion": latest.version,
                "creationTimestamp": latest.created,
                "description": latest.recipe.get("ComponentDescription") or None,
                "publisher": latest.recipe.get("ComponentPublisher") or None,
                "platforms": platforms_of(latest.recipe),
            },
        }

    def _list_versions(self, params: dict[str, Any]) -> dict[str, Any]:
        named = component_in(params["arn"])
        if named is None or named.version is not None:
            raise invalid(f"{params['arn']} is no ARN of a component", "arn")
        is_public = named.owner == "aws"
        versions = list(public.LISTED.get(named.name, ()) if is_public else self._private.get(named.name, ()))
        if not versions or not self._is_here(named):
            raise not_found("component", params["arn"])

        def after(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
            for version in below(versions, key):
                arn = self._arns.component(named.name, version, public=is_public)
                yield version, {"componentName": named.name, "componentVersion": version, "arn": arn}

        found, more = page("ListComponentVersions", params, after)
        return {"componentVersions": found, **more}

    def _resolve(self, _params: dict[str, Any]) -> dict[str, Any]:
        # The data plane's: it wants the certificate of a core device, which nobody who signs requests has.
        raise denied("Not authorized to resolve component candidates: the request bears no device certificate")

    def _version(self, arn: str) -> ComponentVersion:
        named = component_in(arn)
        if named is None or named.version is None:
            raise invalid(f"{arn} is no ARN of a component version", "arn")
        found = self._own(named) if named.owner != "aws" else None
        if named.owner == "aws" and self._is_here(named):
            found = public.find(named.name, named.version, arn)
        if found is None:
            raise not_found("componentVersion", arn)
        return found

    def _own(self, named: ComponentName) -> ComponentVersion | None:
        if named.version is None or named.owner == "aws" or not self._is_here(named):
            return None
        return self._private.get(named.name, {}).get(named.version)

    def _is_here(self, named: ComponentName) -> bool:
        return named.region == self._arns.region and named.owner in ("aws", self._arns.account)
