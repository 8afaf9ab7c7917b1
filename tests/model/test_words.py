"""Numbers and names of things of which there may be many, in a message."""

from reconciler.model.words import counted, some_of


def test_how_many() -> None:
    assert [counted(number, "core") for number in (0, 1, 2, 12_000)] == ["0 cores", "1 core", "2 cores", "12,000 cores"]


def test_some_of_many() -> None:
    assert some_of([]) == ""
    assert some_of(["munich", "berlin"]) == "berlin, munich"
    assert some_of("fedcba", 5) == "a, b, c, d, e and 1 more"
    assert some_of(map(str, range(10_003)), 3) == "0, 1, 10 and 10,000 more"
