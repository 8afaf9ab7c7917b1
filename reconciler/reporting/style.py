"""How a line looks: colour, signs, and text from outside made harmless.

Every text that comes from files, AWS or devices passes ``clean`` on its way to a terminal or a log: a device reports
its errors in its own words, and those words may hold escape sequences, line breaks or characters that reverse what is
read. Signs carry the meaning; colour only repeats it.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ColourChoice = Literal["auto", "always", "never"]

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control, format (bidirectional overrides, zero width), surrogate, private, unassigned; line and paragraph separators.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_RESET = "\x1b[0m"
_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"


def clean(text: str) -> str:
    """``text`` as one line without anything that a terminal would obey: such characters become ``\\n``, ``\\x1b``, ….

    What is printable stays as it is, so that cleaning twice changes nothing.
    """
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def wants_colour(choice: ColourChoice, *, environment: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether to colour, from ``--color``, the environment and the stream.

    ``always`` and ``never`` decide alone. With ``auto``: NO_COLOR (any text but the empty one, see no-color.org) says
    no, then FORCE_COLOR or CLICOLOR_FORCE (any text but the empty one and ``0``) says yes, else a terminal that is not
    ``dumb`` gets colour.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and environment.get("TERM") != "dumb"


def can_encode_unicode(encoding: str | None) -> bool:
    """Whether a stream with this ``encoding`` (None: unknown) can show arrows and ellipses; only UTF-8 is trusted."""
    return encoding is not None and encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")


@dataclass(frozen=True, slots=True)
class Style:
    """Turns text into styled text: ``colour`` adds terminal colours, ``unicode`` allows more than ASCII."""

    colour: bool = False
    unicode: bool = True

    @property
    def arrow(self) -> str:
        """What stands between a value before and the value after."""
        return "→" if self.unicode else "->"

    @property
    def ellipsis(self) -> str:
        """What stands for text that was left out."""
        return "…" if self.unicode else "..."

    def text(self, value: str) -> str:
        """``value`` from outside, cleaned, and escaped to ASCII where the stream knows no more."""
        cleaned = clean(value)
        if self.unicode or cleaned.isascii():
            return cleaned
        return cleaned.encode("ascii", "backslashreplace").decode("ascii")

    def add(self, text: str) -> str:
        """Something that is made, or went well."""
        return self._paint(_GREEN, text)

    def change(self, text: str) -> str:
        """Something that becomes different."""
        return self._paint(_YELLOW, text)

    def remove(self, text: str) -> str:
        """Something that goes away, or went wrong."""
        return self._paint(_RED, text)

    def deploy(self, text: str) -> str:
        """Something that is sent to a core."""
        return self._paint(_CYAN, text)

    def warn(self, text: str) -> str:
        """Something that needs a look."""
        return self._paint(_BOLD + _YELLOW, text)

    def dim(self, text: str) -> str:
        """Something that may be skipped."""
        return self._paint(_DIM, text)

    def bold(self, text: str) -> str:
        """Something to be found quickly."""
        return self._paint(_BOLD, text)

    def sign(self, sign: str) -> str:
        """A sign of a plan in its colour: ``+ ~ > - ! ? =``."""
        paint = {"+": self.add, "~": self.change, ">": self.deploy, "-": self.remove, "!": self.remove, "?": self.warn}
        return paint.get(sign, self.dim)(sign)

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self.colour and text else text
