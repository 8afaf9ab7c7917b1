"""Semantic versions of components, and requirements on them, as Greengrass V2 has them."""

import re

_NUMBER = "(?:0|[1-9][0-9]*)"
_IDENTIFIER = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
SEMVER_PATTERN = (
    rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$"
)
"""A version as https://semver.org defines it, from 1.0.0 to 1.0.0-rc.1+build.5."""
SEMVER_WORDS = "a semantic version such as 1.2.4"

_ANY = f"(?:[xX*]|{_NUMBER})"
_PARTIAL = rf"v?{_ANY}(?:\.{_ANY}(?:\.{_ANY}(?:-[0-9a-zA-Z.-]+)?(?:\+[0-9a-zA-Z.-]+)?)?)?"
_COMPARATOR = rf"(?:(?:[<>]=?|=|\^|~)\s*)?{_PARTIAL}"
_RANGE = rf"(?:{_PARTIAL}\s+-\s+{_PARTIAL}|{_COMPARATOR}(?:\s+{_COMPARATOR})*)"
_REQUIREMENT = re.compile(rf"\s*{_RANGE}(?:\s*\|\|\s*{_RANGE})*\s*\Z")
REQUIREMENT_WORDS = "a requirement in npm's syntax, such as ~1.2.0, ^1.2.0 or >=1.2.0 <2.0.0"


def is_requirement(text: str) -> bool:
    """Whether ``text`` is a requirement on versions in npm's syntax (node-semver, "Ranges")."""
    return _REQUIREMENT.match(text) is not None
