"""The ordered mapping behaves as a dict that is sorted at every look."""

from hypothesis import given, strategies as st

from reconciler.sandbox.iot.ordered import Ordered

NAMES = st.text(alphabet="abc:_-", min_size=1, max_size=3)


@given(st.lists(st.tuples(st.booleans(), NAMES)), st.one_of(st.just(""), NAMES))
def test_it_is_a_sorted_dict(steps: list[tuple[bool, str]], start: str) -> None:
    ordered, plain = Ordered[int](), dict[str, int]()
    for number, (adding, name) in enumerate(steps):
        if adding:
            ordered[name] = plain[name] = number
        else:
            ordered.discard(name)
            plain.pop(name, None)
    assert list(ordered) == sorted(plain)
    assert list(ordered.values()) == [plain[name] for name in sorted(plain)]
    assert list(ordered.after(start)) == sorted((name, value) for name, value in plain.items() if name > start)
    assert len(ordered) == len(plain)
    assert all(name in ordered and ordered.get(name) == ordered[name] == plain[name] for name in plain)
    assert ordered.get("missing") is None
