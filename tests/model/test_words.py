"""Names of which there may be many, in a message."""

from reconciler.model.words import some_of


def test_some_of_many() -> None:
    assert some_of([]) == ""
    assert some_of(["munich", "berlin"]) == "berlin, munich"
    assert some_of("fedcba", 5) == "a, b, c, d, e and 1 more"
    assert some_of(map(str, range(10_003)), 3) == "0, 1, 10 and 10,000 more"
