"""Turns what files have to say of groups into the texts of the files, changing as little of them as it can. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.desired.documents import API_VERSION
from reconciler.desired.layout import parts_of
from reconciler.desired.rewrite import body, rewritten
from reconciler.desired.sources import Revision, Source, Sources
from reconciler.desired.yaml_text import document
from reconciler.model.canonical import canonical_json
from reconciler.model.template import TemplateRef
from reconciler.planning.accepting.saying import NewTemplate, Saying, thing_of


def revise(sources: Sources, sayings: Iterable[Saying]) -> dict[str, str | None]:
    """The files that change so that they say all of ``sayings``: new text by relative path, None for one that goes."""
    revision = Revision(sources)
    templates = _NewTemplates(sources, revision)
    groups = {source.name: source for source in sources.of_kind("Group")}
    devices: dict[str, dict[str, Source]] = {}
    for source in sources.of_kind("Device"):
        devices.setdefault(str(source.spec["group"]), {})[thing_of(source.name, source.spec)] = source
    for saying in sayings:
        of_group = devices.get(saying.group, {})
        if saying.spec is None:
            for source in (groups[saying.group], *of_group.values()):
                revision.remove(source)
            continue
        for thing, spec in saying.devices.items():
            _say(sources, revision, of_group[thing], spec)
        spec = saying.spec
        if saying.template is not None:
            ref = templates.ref(saying.group, saying.template)
            spec = {"template": ref._asdict(), **{key: value for key, value in spec.items() if key != "template"}}
        if saying.group in groups:
            _say(sources, revision, groups[saying.group], spec)
        else:
            revision.create(f"groups/{_file(saying.group)}", document(_document("Group", saying.group, spec)))
    return revision.files()


def _say(sources: Sources, revision: Revision, source: Source, spec: Mapping[str, Any] | None) -> None:
    """Make a document say ``spec``, or take it out."""
    if spec is None:
        revision.remove(source)
        return
    after = {**source.value, "spec": spec}
    revision.replace(source, rewritten(sources.texts[source.file], sources.part(source), source.value, after))


@dataclass(slots=True)
class _NewTemplates:
    """Templates that are written on the way, each once for all groups that are to be of its content."""

    sources: Sources
    revision: Revision
    made: dict[str, TemplateRef] = field(default_factory=dict)

    def ref(self, group: str, template: NewTemplate) -> TemplateRef:
        """The target version of that content: the next one of the template that it is made from.

        One that is made from none bears the name of the first ``group`` that needs it.
        """
        key = canonical_json([template.base.name if template.base else "", template.spec])
        if key not in self.made:
            self.made[key] = self._write(template.base.name if template.base else group, template)
        return self.made[key]

    def _write(self, name: str, template: NewTemplate) -> TemplateRef:
        there = {source.spec["version"]: source for source in self.sources.of_kind("Template") if source.name == name}
        ref = TemplateRef(
            name, max([0, *there, *(made.version for made in self.made.values() if made.name == name)]) + 1
        )
        spec = {"version": ref.version, **template.spec}
        if template.base is None:
            self.revision.create(f"templates/{_file(name)}", document(_document("Template", name, spec)))
            return ref
        base = there[template.base.version]
        text = body(self.sources.texts[base.file], self.sources.part(base))
        (part,) = parts_of(text)
        text = rewritten(text, part, base.value, {**base.value, "spec": spec})
        self.revision.add_after(there[max(there)], f"---\n{text}")
        return ref


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _file(name: str) -> str:
    """A file for what bears that name; colons are not for every file system."""
    return f"{re.sub('[^A-Za-z0-9_-]', '-', name)}.yaml"
