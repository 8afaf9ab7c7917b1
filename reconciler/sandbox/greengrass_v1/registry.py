"""Containers of versions, found by id: what groups and the seven families of definitions have in common."""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.greengrass_v1.names import Arns, iso, new_id
from reconciler.sandbox.greengrass_v1.paging import page
from reconciler.sandbox.greengrass_v1.records import Container, Version
from reconciler.sandbox.greengrass_v1.refusals import id_not_found, version_not_found

Kept = TypeVar("Kept", bound=Container)


class Containers(Generic[Kept]):
    """The containers of one kind, such as the groups, or the core definitions.

    ``path`` is the ARN's (``groups``, ``definition/cores``), ``words`` what messages call one in the plural
    or in passing (``group``, ``cores``), ``title`` in full (``Group Definition``, ``Core List Definition``).
    """

    def __init__(self, record: type[Kept], arns: Arns, clock: Clock, *, path: str, words: str, title: str) -> None:
        self._record = record
        self._arns = arns
        self._clock = clock
        self._path = path
        self._words = words
        self._title = title
        self._kept: dict[str, Kept] = {}
        self._serial = 0

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept.values())

    def find(self, container_id: str) -> Kept | None:
        """The container, or None."""
        return self._kept.get(container_id)

    def get(self, container_id: str, *, fully_named: bool = False) -> Kept:
        """The container; raises IdNotFoundException. AWS names the title only in its Get operations."""
        found = self._kept.get(container_id)
        if found is None:
            name = self._title if fully_named else f"{self._words} definition"
            raise id_not_found(f"That {name} does not exist.")
        return found

    def get_version(self, container_id: str, version_id: str) -> Version:
        """The version; raises IdNotFoundException or VersionNotFoundException."""
        version = self.get(container_id).versions.get(version_id)
        if version is None:
            raise version_not_found(version_id, self._title, container_id)
        return version

    def create(self, params: Mapping[str, Any]) -> Kept:
        """A new container with the name and tags that ``params`` give, without a version."""
        now, container_id = self._clock.now(), new_id()
        container = self._record(
            id=container_id,
            arn=self._arns.of(f"{self._path}/{container_id}"),
            name=params.get("Name"),
            created=now,
            updated=now,
            serial=self._next_serial(),
            tags=dict(params.get("tags", {})),
        )
        self._kept[container_id] = container
        return container

    def add_version(self, container: Kept, content: Mapping[str, Any]) -> Version:
        """A new, latest version of the container."""
        version_id = new_id()
        version = Version(
            id=version_id,
            arn=f"{container.arn}/versions/{version_id}",
            container_id=container.id,
            created=self._clock.now(),
            serial=self._next_serial(),
            content=content,
        )
        container.add(version)
        return version

    def rename(self, container: Kept, name: str) -> None:
        """Give the container another name."""
        container.name = name
        container.touch(self._clock.now())

    def remove(self, container: Kept) -> None:
        """Forget the container with all its versions."""
        del self._kept[container.id]

    def list_all(self, params: Mapping[str, Any], member: str, *, with_tags: bool) -> dict[str, Any]:
        """A page of the containers' summaries under ``member``, oldest first."""
        found, more = page(self._kept.values(), params, scope=self._path, serial=_serial)
        summaries = [
            {**container.summary(), "Tags": dict(container.tags)}
            if with_tags and container.tags
            else container.summary()
            for container in found
        ]
        return {member: summaries, **more}

    def list_versions(self, container_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A page of a container's versions, oldest first; raises IdNotFoundException."""
        versions = self.get(container_id).versions.values()
        scope = f"{self._path}/{container_id}/versions"
        found, more = page(versions, params, scope=scope, serial=_serial)
        return {"Versions": [version.summary() for version in found], **more}

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial


def described(version: Version, definition: Mapping[str, Any]) -> dict[str, Any]:
    """What getting a version answers: here ``Id`` is the container's and ``Definition`` the content."""
    return {
        "Arn": version.arn,
        "CreationTimestamp": iso(version.created),
        "Definition": dict(definition),
        "Id": version.container_id,
        "Version": version.id,
    }


def _serial(item: Container | Version) -> int:
    return item.serial
