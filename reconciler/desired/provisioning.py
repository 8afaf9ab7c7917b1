"""The AWS IoT provisioning templates in ``provisioning/``, and what things may say to them."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from reconciler.desired.files import FleetDirectory, read_text
from reconciler.desired.json_text import parse_json
from reconciler.desired.located import LocatedDict, position_at
from reconciler.desired.parse import parse
from reconciler.desired.problems import Problems, names, quote
from reconciler.model.desired import ProvisioningTemplate
from reconciler.model.group import Thing
from reconciler.model.position import Position

FOLDER = "provisioning"
MAX_BODY = 10_240
"""Characters in a template's body (AWS IoT API reference, RegisterThing, ``templateBody``)."""
CSR_PARAMETERS = frozenset(("CSR", "CertificateSigningRequest"))
_NAME = re.compile(r"[0-9A-Za-z_.-]+\Z")


def load_provisioning_templates(fleet: FleetDirectory, problems: Problems) -> dict[str, ProvisioningTemplate | None]:
    """Every ``provisioning/NAME.json`` by name; None for one that is there but has problems."""
    folder = fleet.path / FOLDER
    try:
        if folder.is_symlink() and not fleet.holds(folder):
            return {}  # a problem of its own already
        files = sorted(path.name for path in folder.iterdir() if path.suffix == ".json" and path.name[0] != ".")
    except OSError:
        return {}  # no such folder, or one that finding the YAML files has complained about
    return {PurePath(name).stem: _load(fleet, PurePath(FOLDER, name), problems) for name in files}


def _load(fleet: FleetDirectory, relative: PurePath, problems: Problems) -> ProvisioningTemplate | None:
    body = read_text(fleet, relative, problems)
    if body is None:
        return None
    start = fleet.position(relative)
    if len(body) > MAX_BODY:
        message = f"the template has {len(body):,} characters; AWS IoT takes {MAX_BODY:,}"
        problems.add(start, "too-large", message, "take out spaces and what is not needed")
        return None
    before = len(problems)
    value = parse_json(body, "the template", start, problems)
    if len(problems) > before:
        return None
    parameters = _check(value, _Places(body, start), problems)
    return ProvisioningTemplate(relative.stem, body, parameters) if len(problems) == before else None


class _Places:
    """Finds places in JSON text by reading it as YAML, which it nearly always is; the file's start elsewhere."""

    def __init__(self, body: str, start: Position) -> None:
        self._start = start
        documents, _ = parse(body, start.file, Problems())
        self._root = documents[0].root if documents else None

    def at(self, *path: str) -> Position:
        return position_at(self._root, path) if isinstance(self._root, LocatedDict) else self._start


def _check(value: Any, places: _Places, problems: Problems) -> dict[str, bool]:
    """Check a template's body; returns its parameters (name → has a default)."""
    if not isinstance(value, dict):
        hint = 'write { "Parameters": {…}, "Resources": {…} }'
        problems.add(places.at(), "wrong-type", "a provisioning template is a JSON object", hint)
        return {}
    resources = value.get("Resources")
    if not isinstance(resources, dict) or not resources:
        hint = "add Resources with an AWS::IoT::Thing and an AWS::IoT::Certificate"
        problems.add(places.at("Resources"), "missing-key", "the template has no Resources", hint)
    parameters = value.get("Parameters", {})
    if not isinstance(parameters, dict):
        hint = 'write "Parameters": { "NAME": { "Type": "String" } }'
        problems.add(places.at("Parameters"), "wrong-type", "Parameters is not an object", hint)
        return {}
    declared: dict[str, bool] = {}
    for name, parameter in parameters.items():
        if not isinstance(parameter, dict) or parameter.get("Type") != "String":
            message = f"the parameter {quote(name)} is not of Type String, the only one that AWS IoT knows"
            problems.add(places.at("Parameters", name, "Type"), "wrong-type", message, 'write { "Type": "String" }')
        elif not isinstance(parameter.get("Default", ""), str):
            message = f"the Default of the parameter {quote(name)} is not text"
            problems.add(places.at("Parameters", name, "Default"), "wrong-type", message, "put it in quotes")
        else:
            declared[name] = "Default" in parameter
    return declared


def is_template_name(name: str) -> bool:
    """Whether ``name`` can be that of a provisioning template."""
    return bool(_NAME.match(name)) and name not in {".", ".."}


def check_parameters(
    thing: Thing, template: ProvisioningTemplate | None, places: Mapping[str, Position], problems: Problems
) -> None:
    """Check a thing's parameters against the template in its file (None: not here, so its parameters are not known).

    ``places`` has the place of each parameter, and under "" of the thing's ``provisioningTemplate``.
    """
    filled_in = {"ThingName": thing.thing_name, "ThingType": thing.thing_type}
    for name, value in thing.parameters.items():
        if name in CSR_PARAMETERS:
            message = f"the parameter {name} is filled in by itself"
            problems.add(places[name], "filled-in", message, "take it away; a device's own request goes under csr")
        elif name in filled_in:
            if value != filled_in[name]:
                key = "thingName" if name == "ThingName" else "thingType"
                message = f"the parameter {name} is filled in from {key}, and differs from it"
                problems.add(places[name], "filled-in", message, f"take it away, and write {key}: …")
        elif template is not None and name not in template.parameters:
            otherwise = f"it has {names(sorted(template.parameters)) or 'none'}"
            hint = problems.did_you_mean(name, list(template.parameters), otherwise)
            message = f"the provisioning template {template.name} has no parameter {quote(name)}"
            problems.add(places[name], "unknown-parameter", message, hint)
    if template is None:
        return
    given = thing.parameters.keys() | CSR_PARAMETERS | {name for name, value in filled_in.items() if value is not None}
    for name, has_default in template.parameters.items():
        if not has_default and name not in given:
            message = f"{thing.thing_name} gives no {name}, which the provisioning template {template.name} needs"
            hint = "add thingType: …" if name == "ThingType" else f"add parameters: {{{name}: …}}"
            problems.add(places[""], "missing-parameter", message, hint)
