"""A change of files as a diff that `git apply` takes. Pure."""

import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff

_UNUSUAL = re.compile(r'["\\\x00-\x1f\x7f]')


def git_diff(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> str:
    """How the files ``before`` become those ``after``, by path; None for one that does not exist."""
    return "".join(line for file in sorted(after) for line in _file(file, before.get(file), after[file]))


def _file(name: str, before: str | None, after: str | None) -> Iterator[str]:
    if before == after:
        return
    old, new = _name(f"a/{name}"), _name(f"b/{name}")
    yield f"diff --git {old} {new}\n"
    if before is None:
        yield "new file mode 100644\n"
    if after is None:
        yield "deleted file mode 100644\n"
    lines = unified_diff(
        _lines(before or ""),
        _lines(after or ""),
        old if before is not None else "/dev/null",
        new if after is not None else "/dev/null",
    )
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """The lines of ``text`` as Git counts them: other characters that may end a line do not."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _name(path: str) -> str:
    """A path as it stands in a diff: in quotes where it has characters that would be taken for something else."""
    if not _UNUSUAL.search(path):
        return path
    return '"' + _UNUSUAL.sub(lambda match: f"\\{ord(match[0]):03o}", path) + '"'
