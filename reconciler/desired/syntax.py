"""What libyaml says about broken YAML, in words that help."""

import re
from typing import Any

from yaml import MarkedYAMLError

from reconciler.model.position import Position

_HINTS = {
    "mapping values are not allowed in this context": (
        'a ": " stands where no new key can begin',
        'put the text in quotes if the ": " belongs to it, or mend the indentation of this line',
    ),
    "found character that cannot start any token": (
        "no text can begin with this character",
        "put the text in quotes",
    ),
    "did not find expected key": (
        "no key can begin here",
        "mend the indentation of this line, or put quotes around the whole text",
    ),
    "did not find expected '-' indicator": (
        "the list above is not over, but this line does not begin with - ",
        "mend the indentation of this line",
    ),
    "did not find expected ',' or '}'": (
        "this { } mapping goes on with neither , nor }",
        'put quotes around text that holds { } or a comma, such as "${thingName}", or add what is missing',
    ),
    "did not find expected ',' or ']'": (
        "this [ ] list goes on with neither , nor ]",
        "put quotes around text that holds [ ] { } or a comma, or add what is missing",
    ),
    "found undefined tag handle": ("a tag (!…) has no meaning here", "take the tag away, or quote the text"),
    "found incompatible YAML document": ("another version of YAML", "take the %YAML line away; files are YAML 1.2"),
}
_END_OF_FILE = ("found unexpected end of stream", "did not find expected", "could not find expected")
_LEADING_TAB = re.compile(r" *\t")


def explain_syntax_error(error: MarkedYAMLError, text: str, file: str) -> tuple[Position, str, str, str]:
    """Position, rule, message and hint for a parser's ``error`` in ``text``."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    problem = error.problem or "not YAML"
    lines = text.splitlines()
    for number in (line, line - 1):
        if 0 <= number < len(lines) and (tab := _LEADING_TAB.match(lines[number])):
            message = f"line {number + 1} is indented with a tab"
            return Position(file, number + 1, tab.end()), "tab-indentation", message, "indent with spaces"
    position = Position(file, line + 1, column + 1)
    if problem.startswith(_END_OF_FILE) and _at_end(lines, line, column):
        begun = _begun(error.context, error.context_mark)
        hint = "close it, or get the file's missing end back"
        return position, "truncated-file", f"the file ends{begun}", hint
    message, hint = _HINTS.get(problem, (problem, "look at indentation and quotes in this line and the one above"))
    rule = "unknown-tag" if "tag" in problem and "tab" not in problem else "yaml-syntax"
    return position, rule, message, hint


def _at_end(lines: list[str], line: int, column: int) -> bool:
    """Whether nothing but blank text follows this place."""
    rest = lines[line][column:] if line < len(lines) else ""
    return not rest.strip() and not any(later.strip() for later in lines[line + 1 : line + 100])


def _begun(context: str | None, mark: Any) -> str:
    """`` inside the … that begins in line N``, as far as known."""
    what = {
        "while scanning a quoted scalar": "quoted text",
        "while parsing a flow sequence": "[ list",
        "while parsing a flow mapping": "{ mapping",
        "while scanning a block scalar": "block of text",
    }.get(context or "")
    if what is None or mark is None:
        return " too early"
    return f" inside the {what} that begins in line {mark.line + 1}"
