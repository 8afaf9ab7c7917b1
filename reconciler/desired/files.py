"""Finds and reads the files of a fleet directory, and nothing outside of it."""

import codecs
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePath

from reconciler.desired.problems import Problems, quote
from reconciler.model.position import Position

MAX_BYTES = 32 * 1024 * 1024
"""The size up to which a file is read."""
YAML_SUFFIXES = (".yaml", ".yml")

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 does not allow in a file (section 5.1)."""
_SPLIT_HINT = "split it into several files"
_OUTSIDE_HINT = "put a copy of the file into the fleet directory"


@dataclass(frozen=True, slots=True)
class FleetDirectory:
    """A fleet directory: ``path`` to read from, ``real`` without symbolic links, ``shown`` as messages call it."""

    path: Path
    real: Path
    shown: PurePath

    def position(self, relative: PurePath | str, line: int = 1, column: int = 1) -> Position:
        """A place in the file at ``relative``, named as the user would type it."""
        return Position(printable(str(self.shown / relative)), line, column)

    def holds(self, path: Path) -> bool:
        """Whether ``path``, symbolic links followed, lies inside."""
        real, fleet = os.path.realpath(path), str(self.real)
        return real == fleet or real.startswith(fleet.rstrip(os.sep) + os.sep)


def open_directory(directory: Path, shown_as: str | None = None) -> FleetDirectory:
    """The fleet directory at ``directory``. Raises OSError where there is none."""
    if not stat.S_ISDIR(os.stat(directory).st_mode):  # noqa: PTH116 # raises what is_dir() hides
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
    shown = PurePath(shown_as) if shown_as is not None else PurePath(directory)
    return FleetDirectory(directory, Path(os.path.realpath(directory)), shown)


def find_yaml(fleet: FleetDirectory, problems: Problems) -> list[PurePath]:
    """Every YAML file below the fleet directory, as sorted relative paths.

    Hidden files and directories are left out. A symbolic link is followed if what it names lies in the fleet
    directory and is not read anyway; one that leaves it is a problem.
    """
    found: list[PurePath] = []
    links: list[PurePath] = []
    waiting = [PurePath()]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(fleet, folder, problems):
            relative = folder / entry.name
            named_yaml = entry.name.lower().endswith(YAML_SUFFIXES)
            if entry.is_symlink():
                if not fleet.holds(Path(entry.path)) and (named_yaml or Path(entry.path).is_dir()):
                    _add_outside(fleet.position(relative), problems)
                elif named_yaml:
                    links.append(relative)
            elif entry.is_dir(follow_symlinks=False):
                if named_yaml:
                    _add_unreadable(fleet.position(relative), "it is a directory", problems)
                waiting.append(relative)
            elif named_yaml:
                found.append(relative)
    read = {os.path.realpath(fleet.path / relative) for relative in found} if links else set()
    for link in sorted(links):
        real = os.path.realpath(fleet.path / link)
        if real not in read:
            read.add(real)
            found.append(link)
    return sorted(found)


def _entries(fleet: FleetDirectory, folder: PurePath, problems: Problems) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(fleet.path / folder) as entries:
            yield from [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        hint = "let this user list and enter it"
        problems.add(fleet.position(folder), "unreadable", f"reading the directory: {_reason(error)}", hint)


def read_text(fleet: FleetDirectory, relative: PurePath, problems: Problems) -> str | None:
    """The text of a file, or None (with a problem) if it leaves the directory, cannot be read, or is no UTF-8 text."""
    position = fleet.position(relative)
    path = fleet.path / relative
    if not fleet.holds(path):
        _add_outside(position, problems)
        return None
    try:
        data = _read(path)
    except OSError as error:
        _add_unreadable(position, _reason(error), problems)
        return None
    if len(data) > MAX_BYTES:
        _add_too_large(position, problems)
        return None
    return _decode(data, position, problems)


def named_file(
    fleet: FleetDirectory, name: str, what: str, position: Position, hint: str, problems: Problems
) -> PurePath | None:
    """The relative path of the file that ``what`` (a key) names at ``position``; None, with a problem, if it is none.

    ``hint`` says what to do about a file that does not exist.
    """
    relative = PurePath(os.path.normpath(name)) if "\0" not in name else PurePath()
    if "\0" in name or relative.is_absolute() or not fleet.holds(fleet.path / relative):
        message = f"{what} {quote(name)} leaves the fleet directory"
        problems.add(
            position, "outside-fleet", message, "put the file into the fleet directory, and name it from there"
        )
        return None
    if (wrong := _not_a_file(fleet.path / relative)) is not None:
        problems.add(position, "unknown-file", f"{what} names the file {quote(name)}, which {wrong}", hint)
        return None
    return relative


def _not_a_file(path: Path) -> str | None:
    """What keeps ``path`` from being a file, None if it is one."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "does not exist"
    return "is a directory" if stat.S_ISDIR(mode) else None


def file_digest(fleet: FleetDirectory, relative: PurePath, problems: Problems) -> tuple[str, int] | None:
    """The SHA-256 of a file (hex digits) and its size in bytes, or None, with a problem, if it cannot be read."""
    try:
        with _open(fleet.path / relative) as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        problems.add(
            fleet.position(relative), "unreadable", f"reading it: {_reason(error)}", "make it a file that can be read"
        )
        return None


@contextmanager
def _open(path: Path) -> Iterator[BufferedReader]:
    """The file to read from: never blocks on a FIFO. Raises OSError for what is no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            kind = "directory" if stat.S_ISDIR(mode) else "pipe or device"
            raise OSError(errno.EINVAL, f"it is a {kind}")
        yield file


def _read(path: Path) -> bytes:
    """Up to one byte more than may be: never reads what its size already refuses."""
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            return bytes(MAX_BYTES + 1)
        data = file.read(size + 1)  # Python makes room for all that is asked for
        return data if len(data) <= size else data + file.read(MAX_BYTES - size)


def _decode(data: bytes, start: Position, problems: Problems) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problems.add(start, "not-utf-8", "the file is UTF-16 text", "save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"the byte 0x{error.object[error.start]:02x} in line {line} is not UTF-8 text"
        problems.add(Position(start.file, line, column), "not-utf-8", message, "save the file as UTF-8")
        return None
    if bad := _CONTROL.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        message = f"the control character U+{ord(bad[0]):04X} stands in line {line}"
        hint = "take it away, or write it as \\x.. in double quotes"
        problems.add(Position(start.file, line, column), "control-character", message, hint)
        return None
    return text


def _add_outside(position: Position, problems: Problems) -> None:
    problems.add(position, "outside-fleet", "this symbolic link leaves the fleet directory", _OUTSIDE_HINT)


def _add_unreadable(position: Position, reason: str, problems: Problems) -> None:
    hint = "make it a file that can be read, or give it a name that does not end in .yaml or .yml"
    problems.add(position, "unreadable", f"reading it: {reason}", hint)


def _add_too_large(position: Position, problems: Problems) -> None:
    message = f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB"
    problems.add(position, "too-large", message, _SPLIT_HINT)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def printable(text: str) -> str:
    """``text`` on one line and in characters that any terminal shows: file names may hold anything."""
    if text.isprintable():
        return text
    shown = text.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)
