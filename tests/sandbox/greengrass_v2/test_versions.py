"""Versions and what is required of them."""

import pytest

from reconciler.sandbox.greengrass_v2.versions import below, best, is_version, named_in, requirement

VERSIONS = ("1.0.0", "1.4.2", "2.0.0-beta.1", "2.0.0", "2.12.1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (">=1.0.0 <2.0.0", "1.4.2"),
        (">= 1.0.0  < 2.0.0", "1.4.2"),
        (">=1.0.0<2.0.0", "1.4.2"),
        ("~1.0", "1.0.0"),
        ("^1.0.0", "1.4.2"),
        ("==1.0.0", "1.0.0"),
        ("1.0.0", "1.0.0"),
        ("1.x", "1.4.2"),
        ("1.0.0 - 2.0.0", "2.0.0"),
        ("^1.0.0 || ^2.0.0", "2.12.1"),
        ("*", "2.12.1"),
        ("", "2.12.1"),
        (">3", None),
    ],
)
def test_the_greatest_version_that_meets_a_requirement(text: str, wanted: str | None) -> None:
    assert best(VERSIONS, [text]) == wanted


def test_all_requirements_must_be_met() -> None:
    assert best(VERSIONS, ["^1.0.0", "<1.4.0"]) == "1.0.0"
    assert best(VERSIONS, ["=1.0.0", "=2.0.0"]) is None
    assert best([], ["*"]) is None


@pytest.mark.parametrize("text", ["newest", "1.0.0.0", ">=", "~>1.0", "a.b.c"])
def test_what_npm_would_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid NPM block"):
        requirement(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("1.0.0", True), ("1.0.0-rc.1+b2", True), ("1.0", False), ("v1.0.0", False), ("01.0.0", False), ("", False)],
)
def test_what_is_a_version(text: str, fits: bool) -> None:
    assert is_version(text) is fits


def test_the_greatest_comes_first() -> None:
    assert below(VERSIONS, "") == ["2.12.1", "2.0.0", "2.0.0-beta.1", "1.4.2", "1.0.0"]
    assert below(VERSIONS, "2.0.0") == ["2.0.0-beta.1", "1.4.2", "1.0.0"]


def test_what_a_requirement_names() -> None:
    assert named_in(">=2.1 <3") == {"2.1.0", "3.0.0"}
    assert named_in("=1.0.0-beta.1") == {"1.0.0-beta.1"}
    assert named_in("*") == set()
