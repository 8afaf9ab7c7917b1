"""What files have to say so that a live group of Greengrass V2 is as they say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.desired.configuration import NOTHING, Configuration, expand_configuration
from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.things import DeclaredThing
from reconciler.desired.tokens import TokenContext
from reconciler.model.fleet import Fleet
from reconciler.model.template import GREENGRASS_V2, TemplateRef
from reconciler.planning.accepting.merging import Path, Tokens, beneath, laid_over, merged, same
from reconciler.planning.accepting.saying import (
    NewTemplate,
    Said,
    Saying,
    TakenAwayError,
    UnsayableError,
    candidates,
    with_state,
)
from reconciler.planning.accepting.things import Listed
from reconciler.runtimes.v2.documents import Document, comparable
from reconciler.runtimes.v2.live import LiveGroup, is_outside

Merges = Mapping[str, Any]
"""Component name → value to merge."""
_MERGE = ("configurationUpdate", "merge")
NOTHING_DEPLOYED = (
    "nothing is deployed to it, so that nothing tells which template it is to have; write a Group of its name "
    "yourself, with `adopt: true` and a template"
)


def say(said: Said, listed: Listed, live: LiveGroup, secrets: frozenset[str]) -> Saying:
    """What the files have to say of ``live``, whose things are ``listed``; ``secrets`` are those that have a value.

    Raises UnsayableError.
    """
    if live.fleet is None:
        listed = replace(listed, spec={**listed.spec, "adopt": True})
    last = live.deployment if live.deployment is not None and live.deployment.counts_now else None
    if (last is None or last.is_reset) and listed.declared.entry is None:
        raise UnsayableError(NOTHING_DEPLOYED)
    if last is None:
        return Saying(live.name, listed.spec, devices=listed.devices)
    if last.is_reset:
        return Saying(live.name, with_state(listed.spec, "reset"), devices=listed.devices)
    speaker = _Speaker(said, listed.declared, last.document, secrets)
    listed = speaker.cores(listed, live)
    spec, template = speaker.content(listed.spec)
    if (spec.get("deployment") or {}).get("state") == "reset":
        spec = with_state(spec, "deployed")
    return Saying(live.name, spec, template, listed.devices)


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Says what is deployed to one group: ``live``. ``declared`` has the things that are live."""

    said: Said
    declared: DeclaredGroup
    live: Document
    secrets: frozenset[str]

    @property
    def _fleet(self) -> Fleet:
        return self.said.written.fleet

    @property
    def _context(self) -> TokenContext:
        cores = [found.thing for found in self.declared.cores]
        core = cores[0] if len(cores) == 1 else None
        return TokenContext.of_group(
            self._fleet, self.declared.name, self.declared.labels, core, several_cores=len(cores) > 1
        )

    def _meaning(self, ref: TemplateRef | None, configuration: Configuration) -> Document | None:
        """What that template version would mean for the group, None if it could not be used."""
        entry = self.said.written.templates.get(ref) if ref is not None else None
        if entry is None or not entry.complete:
            return None
        cores = [replace(core, configuration=NOTHING) for core in self.declared.cores]
        declared = replace(self.declared, template=ref, entry=entry, configuration=configuration, cores=cores)
        group = self.said.written.expand(declared)
        return comparable(group.document) if group is not None else None

    def content(self, spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], NewTemplate | None]:
        """``spec`` so that the group means what is live, and the template that it takes if there is none yet."""
        now, own = self.declared.template, self.declared.configuration
        if self._meaning(now, own) == self.live:
            return spec, None
        for ref in candidates(self.said, GREENGRASS_V2, now):
            for configuration in (own, NOTHING) if own.values else (NOTHING,):
                if self._meaning(ref, configuration) == self.live:
                    kept = spec if configuration is own else _without(spec, "configuration")
                    return {**kept, "template": ref._asdict()}, None
        base = self._meaning(now, NOTHING)
        if now is None:
            return spec, NewTemplate({"runtime": GREENGRASS_V2, "deployment": self._write((), _bare(self.live))})
        if base is None:
            raise UnsayableError("its template needs a core that the group no longer has")
        try:
            return self._overlaid(spec, base), None
        except TakenAwayError:
            return self._templated(spec, now, base)

    def _overlaid(self, spec: Mapping[str, Any], base: Document) -> Mapping[str, Any]:
        """``spec`` with a configuration of the group that makes ``base`` what is live."""
        if not same(_unmerged(base), _unmerged(self.live)):
            raise TakenAwayError("components or policies differ")
        own = self._own()
        under, above = _merges(base), _merges(self.live)
        needed = {name: laid_over(under[name], above[name], own.get(name), (name,)) for name in above}
        return self._configured(spec, needed)

    def _templated(
        self, spec: Mapping[str, Any], now: TemplateRef, base: Document
    ) -> tuple[Mapping[str, Any], NewTemplate]:
        """``spec`` with what of its configuration still holds, and the template made from ``now`` that goes with it."""
        own, under, above = self._own(), _merges(base), _merges(self.live)
        target = {name: beneath(value, own.get(name, {}), under.get(name)) for name, value in above.items()}
        needed = {name: laid_over(target[name], above[name], own[name], (name,)) for name in own if name in above}
        raw = self.said.templates[now]
        deployment = merged(raw["deployment"], base, _with_merges(self.live, target), self._write)
        return self._configured(spec, needed), NewTemplate({**_without(raw, "version"), "deployment": deployment}, now)

    def _own(self) -> Merges:
        return expand_configuration(self.declared.configuration, self._context, lambda *_: None)

    def _configured(self, spec: Mapping[str, Any], needed: Merges) -> Mapping[str, Any]:
        own, raw = self._own(), spec.get("configuration") or {}
        needed = {name: value for name, value in needed.items() if value or name in raw}
        tokens = Tokens(self._context, self.secrets, has_policy_variables=True)
        found = merged(raw, own, needed, lambda _, value: tokens.write(value))
        return {**spec, "configuration": found} if found else _without(spec, "configuration")

    def _write(self, path: Path, value: Any) -> Any:
        """A live value at a place of a template's deployment: tokens are expanded in what is merged alone."""
        if path[2:4] == _MERGE:
            return Tokens(self._context, self.secrets, has_policy_variables=True).write(value)
        if isinstance(value, Mapping):
            return {key: self._write((*path, key), item) for key, item in value.items()}
        return value

    def cores(self, listed: Listed, live: LiveGroup) -> Listed:
        """``listed`` with what single cores alone have, where somebody else deployed that to them."""
        spec, devices = dict(listed.spec), dict(listed.devices)
        documents = self.said.group(live.name)[1].devices
        for core in self.declared.cores:
            name = core.thing.thing_name
            last = live.core_deployments.get(name)
            if last is None or not last.counts_now or not is_outside(live, last):
                continue
            if name in documents:
                before = devices.get(name) or documents[name]
                after = self._core(core, before, last.document)
                if not same(before, after):
                    devices[name] = after
            else:
                spec["cores"] = [
                    self._core(core, entry, last.document) if entry["thingName"] == name else entry
                    for entry in spec["cores"]
                ]
        return replace(listed, spec=spec, devices=devices)

    def _core(self, core: DeclaredThing, raw: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
        """``raw``, which declares ``core``, with the configuration that it has been deployed ``document`` with."""
        context = self._context.of_thing(self._fleet, core.thing, core.labels)
        own = expand_configuration(core.configuration, context, lambda *_: None)
        needed, tokens = (
            self._of_core(core.thing.thing_name, document, own),
            Tokens(context, self.secrets, has_policy_variables=True),
        )
        found = merged(raw.get("configuration") or {}, own, needed, lambda _, value: tokens.write(value))
        return {**raw, "configuration": found} if found else _without(raw, "configuration")

    def _of_core(self, name: str, document: Document, own: Merges) -> Merges:
        """The configuration of its own that a core has been deployed ``document`` with."""
        of_group, above = _unmerged(self.live)["components"], _merges(document)
        for component, entry in _unmerged(document)["components"].items():
            if not same(entry, of_group.get(component)):
                raise UnsayableError(
                    f"the core {name} alone was sent {component} {entry['componentVersion']}, otherwise than its group"
                )
        under = _merges(self.live)
        try:
            return {of: laid_over(under[of], above[of], own.get(of), (of,)) for of in above}
        except TakenAwayError as error:
            message = f"the core {name} alone was sent a configuration without what its group has: {error.message}"
            raise UnsayableError(message) from error


def _merges(document: Document) -> dict[str, Any]:
    """What each component of a document merges; an empty mapping where nothing is."""
    return {
        name: component.get("configurationUpdate", {}).get("merge", {})
        for name, component in document["components"].items()
    }


def _unmerged(document: Document) -> dict[str, Any]:
    """A document without what it merges."""
    return _with_merges(document, {name: {} for name in document["components"]})


def _with_merges(document: Document, merges: Merges) -> dict[str, Any]:
    """A document that merges other values."""
    return comparable(
        {
            **document,
            "components": {
                name: {
                    **component,
                    "configurationUpdate": {**component.get("configurationUpdate", {}), "merge": merges[name]},
                }
                for name, component in document["components"].items()
            },
        }
    )


def _bare(document: Document) -> dict[str, Any]:
    """A document without policies that hold by default."""
    return dict(merged({}, comparable({}), document, lambda _, value: value))


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}
