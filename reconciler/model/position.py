"""Where in the files a value stands; it travels with the value to every message."""

from typing import NamedTuple


class Position(NamedTuple):
    """A place in a file: the path as the user would type it, line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def line_only(self) -> str:
        """``file:line``, the form that a plan's guards use for the place of a limit."""
        return f"{self.file}:{self.line}"


NOWHERE = Position("", 0, 0)
"""For values that come from no file: defaults, and what AWS told us."""
