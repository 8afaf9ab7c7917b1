"""Entries of ``cores`` and ``devices``, and Device documents → things."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from reconciler.desired.configuration import NOTHING, Configuration, declare_configuration
from reconciler.desired.files import FleetDirectory, named_file, read_text
from reconciler.desired.located import LocatedDict, plain
from reconciler.desired.problems import Problems, quote
from reconciler.desired.provisioning import is_template_name
from reconciler.desired.subscriptions import Declared, declare
from reconciler.desired.tokens import unknown_token, unknown_tokens
from reconciler.model.fleet import Fleet
from reconciler.model.group import Thing
from reconciler.model.position import Position

Role = Literal["core", "device"]

MAX_CORE_NAME = 124
"""Bytes of a core's thing name (AWS General Reference, AWS IoT Greengrass V1 quotas, and those of V2)."""
_PEM_BEGINS = ("-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN NEW CERTIFICATE REQUEST-----")

# A request without its first line looks like a path.
_NO_CSR_FILE = "write a path in the fleet directory, or the request itself (-----BEGIN CERTIFICATE REQUEST-----)"


@dataclass(frozen=True, slots=True)
class DeclaredThing:
    """A thing as written: ``thing`` has its parameters and subscriptions still to come, as they hold tokens.

    ``places`` has the place of each parameter, and under "" that of ``provisioningTemplate``. ``configuration`` is what
    a V2 core has of its own; ``core_places`` has the place of each entry of a V2 device's ``cores``. ``labels`` are
    those of a Device document, and ``entry`` is what it was read from.
    """

    thing: Thing
    parameters: Mapping[str, str]
    places: Mapping[str, Position]
    subscriptions: tuple[Declared, ...]
    configuration: Configuration
    core_places: Mapping[str, Position]
    labels: Mapping[str, str]
    entry: LocatedDict


def declare_thing(
    entry: LocatedDict,
    role: Role,
    directory: FleetDirectory,
    fleet: Fleet | None,
    problems: Problems,
    *,
    default_name: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> DeclaredThing | None:
    """The thing that ``entry`` (which fits its schema) declares, or None if it has no usable name."""
    name = entry.get("thingName", default_name)
    position = entry.position("thingName") if "thingName" in entry else entry.position()
    if not isinstance(name, str):
        return None
    if role == "core" and len(name.encode()) > MAX_CORE_NAME:
        message = f"the core's thingName has {len(name.encode())} bytes"
        problems.add(position, "too-long", message, f"use at most {MAX_CORE_NAME}")
    cdf = entry.get("cdfProvisioningParameters")
    if cdf is not None and fleet and fleet.provisioning.provider != "cdf":
        place = entry.key_position("cdfProvisioningParameters")
        message = "cdfProvisioningParameters needs a fleet whose provisioning is {provider: cdf}"
        problems.add(place, "needs-cdf", message, "take it away, or set spec.provisioning in the Fleet document")
    parameters = entry.get("parameters", LocatedDict(position.file, (position.line, position.column)))
    _check_parameter_tokens(parameters, problems)
    _check_role(entry, role, problems)
    cores = entry.get("cores")
    template_place = entry.position("provisioningTemplate") if "provisioningTemplate" in entry else position
    thing = Thing(
        thing_name=name,
        role=role,
        thing_type=entry.get("thingType"),
        provisioning_template=_template_name(entry, problems),
        cdf_provisioning_parameters=plain(cdf) if cdf is not None else None,
        sync_shadow=entry.get("syncShadow", True),
        csr=_csr(entry, directory, problems),
        cores=tuple(dict.fromkeys(cores)) if cores is not None else None,
        position=position,
    )
    return DeclaredThing(
        thing=thing,
        parameters=plain(parameters),
        places={"": template_place, **{key: parameters.position(key) for key in parameters}},
        subscriptions=declare(entry.get("subscriptions"), problems, thing_at_hand=True),
        configuration=read_configuration(entry, problems, core_at_hand=True),
        core_places={core: cores.position(index) for index, core in enumerate(cores)} if cores is not None else {},
        labels=labels or {},
        entry=entry,
    )


def read_configuration(section: LocatedDict, problems: Problems, *, core_at_hand: bool) -> Configuration:
    """What ``section`` (a group's spec, or a thing's entry) says under ``configuration``."""
    entries = section.get("configuration")
    if not isinstance(entries, LocatedDict):
        return NOTHING
    places = {name: entries.key_position(name) for name in entries}
    return declare_configuration(entries, places, problems, core_at_hand=core_at_hand)


def _check_role(entry: LocatedDict, role: Role, problems: Problems) -> None:
    """Refuse the key that has a meaning for things of the other role alone."""
    key, hint = (
        ("cores", "take it away") if role == "core" else ("configuration", "write it at a core, or at the group")
    )
    if key in entry:
        problems.add(entry.key_position(key), "unknown-key", f"{key} has no meaning for a {role}", hint)


def _template_name(entry: LocatedDict, problems: Problems) -> str | None:
    name = entry.get("provisioningTemplate")
    if name is None or is_template_name(name):
        return str(name) if name is not None else None
    position = entry.position("provisioningTemplate")
    if ".." in PurePath(name).parts or PurePath(name).is_absolute():
        message = f"provisioningTemplate {quote(name)} leaves the fleet directory"
        hint = "put the template into provisioning/NAME.json of the fleet directory, and write NAME"
        problems.add(position, "outside-fleet", message, hint)
    else:
        message = f"provisioningTemplate is {quote(name)}"
        problems.add(position, "bad-name", message, "write a name of letters, digits, dots, underscores and hyphens")
    return None


def _check_parameter_tokens(parameters: Any, problems: Problems) -> None:
    for name, text in parameters.items():
        for token in unknown_tokens(text):
            error = unknown_token(token)
            message = f"{error.message} in the parameter {quote(name)}"
            problems.add(parameters.position(name), error.rule, message, error.hint)


def _csr(entry: LocatedDict, directory: FleetDirectory, problems: Problems) -> str | None:
    """The certificate signing request, from the text itself or from the file that it names."""
    text = entry.get("csr")
    if text is None:
        return None
    position = entry.position("csr")
    if not text.lstrip().startswith("-----BEGIN"):
        relative = named_file(directory, text, "csr", position, _NO_CSR_FILE, problems)
        read = read_text(directory, relative, problems) if relative is not None else None
        if read is None:
            return None
        text = read
    if not text.lstrip().startswith(_PEM_BEGINS) or not _is_csr(text):
        hint = "make one with: openssl req -new -key private.key -out NAME.pem"
        problems.add(position, "bad-csr", "csr holds no certificate signing request in PEM", hint)
        return None
    return str(text)


def _is_csr(text: str) -> bool:
    from cryptography.x509 import load_pem_x509_csr  # noqa: PLC0415 # most fleets have no CSR, and need not pay for it

    try:
        return bool(load_pem_x509_csr(text.strip().encode()).is_signature_valid)
    except Exception:  # noqa: BLE001 # whatever the library finds wrong (it has no common type for it): it is no CSR
        return False
