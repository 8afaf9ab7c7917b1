"""Fleet indexing of things: what it is told to index, and searches in it. The index of thing groups is left out."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import Thing
from reconciler.sandbox.iot.store import Handler, Store

INDEX = "AWS_Things"
MOST = 100
"""The largest page, and the usual one (SearchIndex, API reference)."""

Connectivity = Callable[[str], tuple[bool, datetime | None]]
"""Whether a thing is connected, and since when it is or is not, where that is known."""


class FleetIndex:
    """The operations on the index over one store; it is off until it is told otherwise, as in a new account."""

    def __init__(self, store: Store, connectivity: Connectivity) -> None:
        self._store = store
        self._connectivity = connectivity
        self._things: dict[str, Any] = {"thingIndexingMode": "OFF"}
        self._groups: dict[str, Any] = {"thingGroupIndexingMode": "OFF"}
        self.handlers: dict[str, Handler] = {
            "GetIndexingConfiguration": self.configuration,
            "UpdateIndexingConfiguration": self.configure,
            "SearchIndex": self.search,
        }

    def configuration(self, _params: dict[str, Any]) -> dict[str, Any]:
        """What is indexed."""
        return {
            "thingIndexingConfiguration": dict(self._things),
            "thingGroupIndexingConfiguration": dict(self._groups),
        }

    def configure(self, params: dict[str, Any]) -> dict[str, Any]:
        """Say what is indexed; it is at once."""
        self._things = params.get("thingIndexingConfiguration", self._things)
        self._groups = params.get("thingGroupIndexingConfiguration", self._groups)
        return {}

    def search(self, params: dict[str, Any]) -> dict[str, Any]:
        """The things that fit a query, by name."""
        if params.get("indexName", INDEX) != INDEX:
            raise refusals.not_found(f"Index {params['indexName']} not found")
        if self._things["thingIndexingMode"] == "OFF":
            raise ServiceError("IndexNotReadyException", f"Index {INDEX} is not ready: indexing of things is off")
        if params.get("maxResults", MOST) > MOST:
            raise refusals.invalid(f"maxResults is at most {MOST}")
        from reconciler.sandbox.iot.index_query import read_query  # noqa: PLC0415 - its grammar takes a while to load

        query = read_query(params["queryString"])

        def after(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
            for name, thing in self._store.things.after(key):
                document = self._document(thing)
                if query(_fields(document)):
                    yield name, document

        things, more = next_page("SearchIndex", {"maxResults": MOST, **params}, after)
        return {"things": things, **more}

    def _document(self, thing: Thing) -> dict[str, Any]:
        document: dict[str, Any] = {
            "thingName": thing.name,
            "thingId": thing.id,
            "thingTypeName": thing.type_name,
            "thingGroupNames": sorted(thing.groups),
            "attributes": dict(thing.attributes),
        }
        if self._things.get("thingConnectivityIndexingMode") == "STATUS":
            is_connected, since = self._connectivity(thing.name)
            milliseconds = None if since is None else int(since.timestamp() * 1000)
            document["connectivity"] = {"connected": is_connected, "timestamp": milliseconds}
        return document


def _fields(document: dict[str, Any]) -> dict[str, list[str]]:
    """The values that queries look at, as text."""
    fields = {name: [document[name]] for name in ("thingName", "thingId", "thingTypeName") if document[name]}
    fields["thingGroupNames"] = document["thingGroupNames"]
    fields |= {f"attributes.{name}": [value] for name, value in document["attributes"].items()}
    connectivity = document.get("connectivity", {})
    return fields | {
        f"connectivity.{name}": [str(value).lower()] for name, value in connectivity.items() if value is not None
    }
