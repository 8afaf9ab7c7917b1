"""What the tests need of Markdown: the documents, their headings and links, and their blocks of code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *REPOSITORY.glob("docs/**/*.md"),
    ]
)

_FENCE = re.compile(r"^( *)```(\w*)$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a document: its language, its lines without the fence's indentation, and where it begins."""

    language: str
    lines: tuple[str, ...]
    place: str


def name_of(document: Path) -> str:
    """A document's name for messages and test ids."""
    return str(document.relative_to(REPOSITORY))


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found: list[Block] = []
    opened: tuple[str, str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, lines = (fence[1], fence[2], number), []
        elif opened is not None and fence and fence[1] == opened[0]:
            found.append(Block(opened[1], tuple(lines), f"{name_of(document)}:{opened[2]}"))
            opened = None
        elif opened is not None:
            lines.append(line.removeprefix(opened[0]))
    assert opened is None, f"{name_of(document)}: a block has no end: {opened}"
    return found


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[str]:
    """The targets of a document's links."""
    return _LINK.findall(prose(document))


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    headings = _HEADING.findall(prose(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(document: Path, first_heading: str) -> list[list[str]]:
    """The rows of the table whose first column is called ``first_heading``, cell by cell."""
    _, _, rest = document.read_text(encoding="utf-8").partition(f"\n| {first_heading} |")
    assert rest, f"{name_of(document)} has no table that begins with {first_heading}"
    rows = []
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def shell_lines(block: Block) -> Iterator[str]:
    """The commands of a block: all lines of bash, those after ``$`` of a console; continued lines are joined."""
    joined = "\n".join(block.lines).replace("\\\n", " ").splitlines()
    if block.language == "bash":
        yield from (line for line in joined if line and not line.startswith("#"))
    elif block.language == "console":
        yield from (line.removeprefix("$ ") for line in joined if line.startswith("$ "))
