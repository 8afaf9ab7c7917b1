"""Queries of fleet indexing: which of a thing's fields they look at, and whether they fit (query-syntax.html)."""

import fnmatch
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luqum import tree
from luqum.exceptions import ParseError
from luqum.parser import parser

from reconciler.sandbox.errors import ServiceError

Fields = Mapping[str, Sequence[str]]
"""The values of a thing by field name: ``thingName``, ``thingGroupNames``, ``attributes.site`` and so on."""

Query = Callable[[Fields], bool]

MOST_TERMS = 12


def read_query(text: str) -> Query:
    """Whether a thing's fields fit the query. Raises InvalidQueryException for what AWS cannot read.

    There are up to twelve terms: ``field:value`` with ``*`` and ``?`` anywhere but in front, ``"phrases"``, ranges, and
    AND, OR, NOT and parentheses between them; what stands side by side must fit both. Upper and lower case are alike.
    A value without a field is looked for in all.
    """
    try:
        node = parser.parse(text)
    except ParseError as problem:
        raise _bad(str(problem)) from problem
    if (terms := _terms(node)) > MOST_TERMS:
        raise _bad(f"{terms} terms; the most is {MOST_TERMS}")
    return _compiled(node, None)


def _terms(node: Any) -> int:
    if isinstance(node, tree.SearchField) and isinstance(node.expr, tree.SearchField):
        return 1
    return sum(map(_terms, node.children)) if node.children else 1


def _compiled(node: Any, field: str | None) -> Query:
    if isinstance(node, tree.SearchField):
        if isinstance(node.expr, tree.SearchField):
            return _term(node.name, str(node.expr))  # a value with colons in it, such as an ARN
        return _compiled(node.expr, node.name)
    if isinstance(node, tree.AndOperation | tree.UnknownOperation):
        parts = [_compiled(child, field) for child in node.children]
        return lambda fields: all(part(fields) for part in parts)
    if isinstance(node, tree.OrOperation):
        choices = [_compiled(child, field) for child in node.children]
        return lambda fields: any(choice(fields) for choice in choices)
    if isinstance(node, tree.Not | tree.Prohibit):
        denied = _compiled(node.a, field)
        return lambda fields: not denied(fields)
    if isinstance(node, tree.BaseGroup | tree.Plus):
        return _compiled(node.children[0], field)
    if isinstance(node, tree.Range | tree.From | tree.To):
        return _range(node, field)
    if isinstance(node, tree.Phrase):
        return _term(field, node.value[1:-1])
    if isinstance(node, tree.Word):
        return _term(field, node.value)
    raise _bad(f"{node} is not supported")


def _term(field: str | None, value: str) -> Query:
    if value[:1] in ("*", "?") and value != "*":
        raise _bad(f"{value} begins with a wildcard")
    # fnmatch knows brackets, too, and fleet indexing does not; and case is nothing to it.
    pattern = value.replace("[", "[[]").lower()
    return lambda fields: any(fnmatch.fnmatchcase(found.lower(), pattern) for found in _values(fields, field))


def _range(node: Any, field: str | None) -> Query:
    bounds: list[Callable[[float], bool]] = []
    if isinstance(node, tree.Range | tree.From):
        least, with_least = (node.low, node.include_low) if isinstance(node, tree.Range) else (node.a, node.include)
        bounds.append(_bound(operator.ge if with_least else operator.gt, least))
    if isinstance(node, tree.Range | tree.To):
        most, with_most = (node.high, node.include_high) if isinstance(node, tree.Range) else (node.a, node.include)
        bounds.append(_bound(operator.le if with_most else operator.lt, most))

    def fits(fields: Fields) -> bool:
        numbers = [float(found) for found in _values(fields, field) if _is_number(found)]
        return any(all(bound(number) for bound in bounds) for number in numbers)

    return fits


def _bound(compare: Callable[[float, float], bool], node: Any) -> Callable[[float], bool]:
    limit = _number(node)
    return lambda number: compare(number, limit)


def _number(node: Any) -> float:
    text = str(node).strip()
    if not _is_number(text):
        raise _bad(f"{text} is no number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _values(fields: Fields, field: str | None) -> list[str]:
    if field is not None:
        return list(fields.get(field, ()))
    return [value for values in fields.values() for value in values]


def _bad(problem: str) -> ServiceError:
    return ServiceError("InvalidQueryException", f"Invalid query: {problem}")
