"""A plan read back from its document, strictly: what an apply carries out is what was planned, or nothing.

A field that is missing, unknown or of a wrong type, and content that does not fit the digest, are refused: they come
from another version of this program or from an editor, and either way nobody has reviewed what they would do.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, get_args

from reconciler.model.canonical import digest
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import FORMAT_VERSION, Action, Change, GroupPlan, GuardFinding, Operation, Plan
from reconciler.model.template import TemplateRef

T = TypeVar("T")

HINT = "make the plan again with `reconcile plan DIR --out plan.json`"

_OPERATIONS: tuple[str, ...] = get_args(Operation)
_CHANGE_KINDS = ("add", "remove", "change")
_SEVERITIES = ("error", "warning", "needs-approval")
_TYPE_NAMES: Mapping[type, str] = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}


def parse_plan(text: str | bytes) -> Plan:
    """The plan in ``text``, the content of a plan file.

    Raises ReconcileError where it is not UTF-8, not JSON, or refused by ``read_plan``.
    """
    try:
        document = json.loads(text)
    except UnicodeDecodeError as error:
        raise _wrong("", f"not UTF-8 text: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
            raise _wrong("", f"the file is cut off at line {error.lineno}: it ends in the middle") from error
        raise _wrong("", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # a number with thousands of digits
        raise _wrong("", f"not a plan: {error}") from error
    except RecursionError as error:
        raise _wrong("", "not a plan: nested too deeply") from error
    return read_plan(document)


def read_plan(document: Any) -> Plan:
    """The plan that ``document`` (as ``plan_document`` makes it) stands for.

    Raises ReconcileError, naming the place, for another ``formatVersion``, a missing, unknown or ill-typed field, or a
    digest, of the plan or of one of its contents, that does not fit.
    """
    if not isinstance(document, dict):
        raise _wrong("", f"an object is needed, found {_shown(document)}")
    version = document.get("formatVersion")
    if type(version) is not int or version != FORMAT_VERSION:
        found = "none" if "formatVersion" not in document else _shown(version)
        raise _wrong("formatVersion", f"this version of reconcile reads {FORMAT_VERSION}, found {found}")
    fields = _Fields(document, "")
    bodies = _Fields(document.get("templateBodies", {}), "templateBodies")
    plan = Plan(
        fleet=fields.text("fleet"),
        account=fields.text("account"),
        region=fields.text("region"),
        created_at=fields.text("createdAt"),
        groups=fields.items("groups", partial(_group, bodies)),
        guards=fields.items("guards", _guard),
        contents=fields.mappings("contents"),
    )
    stated = fields.text("digest")
    fields.skip("formatVersion", "summary", *(("templateBodies",) if "templateBodies" in document else ()))
    fields.done()
    bodies.done()
    try:
        actual = plan.digest
    except (ValueError, RecursionError) as error:  # NaN and half surrogates, which Python's JSON reader lets through
        raise _wrong("", f"not a plan: {error}") from error
    if stated != actual:
        raise _wrong("digest", "it does not fit the content: the plan was edited, or cut, after it was made")
    for key, content in plan.contents.items():
        if digest(content) != key:
            raise _wrong(f"contents.{key}", "it does not fit its digest: the plan was edited after it was made")
    named = {key for group in plan.groups for action in group.actions for key in action.contents}
    for key in sorted(named - plan.contents.keys()):
        raise _wrong(f"contents.{key}", "missing, and an action needs it: the plan was edited after it was made")
    return plan


def _group(bodies: "_Fields", fields: "_Fields") -> GroupPlan:
    target = fields.fields("target")
    group = GroupPlan(
        name=fields.text("name"),
        runtime=fields.text("runtime"),
        operation=fields.one_of("operation", _OPERATIONS),
        target=TemplateRef(target.text("template"), target.whole("version")),
        fingerprint=fields.text("fingerprint"),
        reasons=fields.texts("reasons"),
        drift=fields.flag("drift"),
        changes=fields.items("changes", _change),
        actions=fields.items("actions", partial(_action, bodies)),
        things=fields.texts("things"),
        live=fields.mapping("live"),
        carried=fields.texts("carried"),
        notes=fields.texts("notes"),
        blocked=fields.flag("blocked"),
    )
    target.done()
    return group


def _change(fields: "_Fields") -> Change:
    return Change(
        path=fields.text("path"),
        kind=fields.one_of("kind", _CHANGE_KINDS),
        before=fields.anything("before"),
        after=fields.anything("after"),
    )


def _action(bodies: "_Fields", fields: "_Fields") -> Action:
    inputs = fields.mapping("inputs")
    if "templateBodyDigest" in inputs:
        rest = {key: value for key, value in inputs.items() if key != "templateBodyDigest"}
        inputs = {**rest, "templateBody": bodies.text(fields.fields("inputs").text("templateBodyDigest"))}
    return Action(
        id=fields.text("id"),
        kind=fields.text("kind"),
        subject=fields.text("subject"),
        needs=fields.texts("needs"),
        inputs=inputs,
    )


def _guard(fields: "_Fields") -> GuardFinding:
    return GuardFinding(
        guard=fields.text("guard"),
        severity=fields.one_of("severity", _SEVERITIES),
        message=fields.text("message"),
        limit=fields.anything("limit"),
        actual=fields.anything("actual"),
        source=fields.text("source"),
        waived=fields.text("waived"),
    )


class _Fields:
    """The fields of one object of the document at ``place``, each asked for by name and type."""

    __slots__ = ("_place", "_seen", "_values")

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(place, f"an object is needed, found {_shown(value)}")
        self._values, self._place, self._seen = value, place, set[str]()

    def anything(self, name: str) -> Any:
        self._seen.add(name)
        try:
            return self._values[name]
        except KeyError:
            raise _wrong(self._at(name), "missing") from None

    def text(self, name: str) -> str:
        return self._typed(name, str)

    def flag(self, name: str) -> bool:
        return self._typed(name, bool)

    def whole(self, name: str) -> int:
        return self._typed(name, int)

    def one_of(self, name: str, choices: tuple[str, ...]) -> Any:
        value = self.anything(name)
        if value not in choices:
            raise _wrong(self._at(name), f"one of {', '.join(choices)} is needed, found {_shown(value)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._typed(name, list)
        for number, value in enumerate(values):
            if type(value) is not str:
                raise _wrong(f"{self._at(name)}[{number}]", f"text is needed, found {_shown(value)}")
        return tuple(values)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.anything(name)
        if not isinstance(value, dict):
            raise _wrong(self._at(name), f"an object is needed, found {_shown(value)}")
        return value

    def mappings(self, name: str) -> dict[str, dict[str, Any]]:
        values = self.fields(name)
        return {key: values.mapping(key) for key in self.mapping(name)}

    def fields(self, name: str) -> "_Fields":
        return _Fields(self.anything(name), self._at(name))

    def items(self, name: str, read: Callable[["_Fields"], T]) -> tuple[T, ...]:
        read_items = []
        for number, value in enumerate(self._typed(name, list)):
            fields = _Fields(value, f"{self._at(name)}[{number}]")
            read_items.append(read(fields))
            fields.done()
        return tuple(read_items)

    def skip(self, *names: str) -> None:
        """Take note of fields that must be there and say nothing of their own."""
        for name in names:
            self.anything(name)

    def done(self) -> None:
        """Refuse what nobody asked for."""
        for name in self._values:
            if name not in self._seen:
                raise _wrong(self._at(name), "unknown here: the plan was made by another version, or edited")

    def _typed(self, name: str, wanted: type[T]) -> T:
        value = self.anything(name)
        if type(value) is not wanted:  # not isinstance: true is no number here
            raise _wrong(self._at(name), f"{_TYPE_NAMES[wanted]} is needed, found {_shown(value)}")
        return value

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _wrong(place: str, what: str) -> ReconcileError:
    return ReconcileError(f"reading the plan: {place + ': ' if place else ''}{what}", hint=HINT)
