"""Principals (certificates, Cognito identities) attached to things."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.ordered import Ordered
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import PrincipalType, Thing
from reconciler.sandbox.iot.store import Handler, Store


class Principals:
    """The operations on things' principals over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "AttachThingPrincipal": self.attach,
            "DetachThingPrincipal": self.detach,
            "ListThingPrincipals": self.list_principals,
            "ListThingPrincipalsV2": self.list_principals_v2,
            "ListPrincipalThings": self.list_things,
            "ListPrincipalThingsV2": self.list_things_v2,
        }

    def attach(self, params: dict[str, Any]) -> dict[str, Any]:
        """Attaching again is a success; an exclusive principal belongs to one thing only."""
        thing, principal = self._store.thing(params["thingName"]), params["principal"]
        self._store.check_principal(principal)
        kind: PrincipalType = params.get("thingPrincipalType", "NON_EXCLUSIVE_THING")
        others = [name for name in self._store.things_of.get(principal, ()) if name != thing.name]
        if others and (kind == "EXCLUSIVE_THING" or self._is_exclusive(principal, others[0])):
            raise refusals.invalid(f"Principal {principal} is attached to {others[0]} and cannot be shared")
        self.link(thing, principal, kind)
        return {}

    def detach(self, params: dict[str, Any]) -> dict[str, Any]:
        """Detaching what is not attached is refused."""
        thing, principal = self._store.thing(params["thingName"]), params["principal"]
        if principal not in thing.principals:
            raise refusals.not_found(f"Principal {principal} is not attached to thing {thing.name}")
        del thing.principals[principal]
        self._store.things_of[principal].discard(thing.name)
        self._store.stirred.add(thing.name)
        return {}

    def link(self, thing: Thing, principal: str, kind: PrincipalType = "NON_EXCLUSIVE_THING") -> None:
        """Attach a principal that is known to exist."""
        thing.principals[principal] = kind
        self._store.things_of.setdefault(principal, Ordered())[thing.name] = None
        self._store.stirred.add(thing.name)

    def list_principals(self, params: dict[str, Any]) -> dict[str, Any]:
        """A thing's principals."""
        pairs, more = self._principals("ListThingPrincipals", params)
        return {"principals": [principal for principal, _ in pairs], **more}

    def list_principals_v2(self, params: dict[str, Any]) -> dict[str, Any]:
        """A thing's principals with the kind of attachment, by which they can be asked for."""
        pairs, more = self._principals("ListThingPrincipalsV2", params)
        objects = [{"principal": principal, "thingPrincipalType": kind} for principal, kind in pairs]
        return {"thingPrincipalObjects": objects, **more}

    def list_things(self, params: dict[str, Any]) -> dict[str, Any]:
        """The things that a principal is attached to."""
        pairs, more = self._things("ListPrincipalThings", params)
        return {"things": [name for name, _ in pairs], **more}

    def list_things_v2(self, params: dict[str, Any]) -> dict[str, Any]:
        """The things of a principal with the kind of attachment, by which they can be asked for."""
        pairs, more = self._things("ListPrincipalThingsV2", params)
        objects = [{"thingName": name, "thingPrincipalType": kind} for name, kind in pairs]
        return {"principalThingObjects": objects, **more}

    def _principals(self, operation: str, params: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, str]]:
        thing, wanted = self._store.thing(params["thingName"]), params.get("thingPrincipalType")

        def after(key: str) -> Iterator[tuple[str, tuple[str, str]]]:
            for principal, kind in sorted(thing.principals.items()):
                if principal > key and wanted in (None, kind):
                    yield principal, (principal, kind)

        return next_page(operation, params, after)

    def _things(self, operation: str, params: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, str]]:
        principal, wanted = params["principal"], params.get("thingPrincipalType")
        self._store.check_principal(principal)
        names = self._store.things_of.get(principal)

        def after(key: str) -> Iterator[tuple[str, tuple[str, str]]]:
            for name, _ in names.after(key) if names is not None else ():
                kind = self._store.things[name].principals[principal]
                if wanted in (None, kind):
                    yield name, (name, kind)

        return next_page(operation, params, after)

    def _is_exclusive(self, principal: str, thing_name: str) -> bool:
        return self._store.things[thing_name].principals[principal] == "EXCLUSIVE_THING"
