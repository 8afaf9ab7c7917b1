"""What is live is merged into what files say: it means that then, with tokens where they were, and no secret open."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from reconciler.desired.configuration import declare_configuration, expand_configuration, overlay
from reconciler.desired.json_text import located
from reconciler.desired.problems import Problems
from reconciler.desired.tokens import TokenContext, expand
from reconciler.model.position import NOWHERE
from reconciler.model.secrets import LITERALLY, Secrets
from reconciler.planning.accepting.merging import Tokens, beneath, laid_over, merged, same
from reconciler.planning.accepting.saying import TakenAwayError, UnsayableError

SCALARS = st.sampled_from([True, 1, 0, "a", "", None]) | st.integers(0, 3)
KEYS = st.sampled_from(["a", "b", "c"])
MAPPINGS = st.dictionaries(KEYS, st.recursive(
    SCALARS | st.lists(SCALARS, max_size=2), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
), max_size=3)  # fmt: skip

CONTEXT = TokenContext(
    "123456789012", "eu-central-1", "line-1", {}, "line-1-core", None, "arn:aws:iot:x:1:thing/line-1-core"
)


def as_is(_: Any, value: Any) -> Any:
    return value


@given(MAPPINGS, MAPPINGS)
def test_what_is_merged_means_what_is_live(wanted: Any, live: Any) -> None:
    assert same(merged(wanted, wanted, live, as_is), live)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_what_is_laid_over_gives_what_is_live(base: Any, kept: Any, live: Any) -> None:
    try:
        found = laid_over(base, live, kept, ())
    except TakenAwayError:
        return
    assert same(overlay(base, found), live)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_what_a_group_has_of_its_own_may_stay_over_a_new_template(base: Any, own: Any, live: Any) -> None:
    target = beneath(live, own, base)
    assert same(overlay(target, laid_over(target, live, own, ())), live)


def test_what_a_group_has_of_its_own_stays_out_of_the_template() -> None:
    base, own = {"level": "info", "keep": 7}, {"level": "debug", "file": "/var/log/a"}
    live = {"level": "debug", "file": "/var/log/a"}
    assert beneath(live, own, base) == {"level": "info"}
    assert laid_over({"level": "info"}, live, own, ()) == own


def test_what_is_the_same_stays_as_it_is_written() -> None:
    raw = {"topic": "${groupName}/a", "list": [{"Id": "x", "at": "${region}"}, {"Id": "y"}], "drop": 1}
    wanted = {
        "topic": "line-1/a",
        "list": [{"Id": "x", "at": "eu"}, {"Id": "y"}],
        "drop": 1,
        "default": {"p": 1, "q": 2},
    }
    live = {"topic": "line-1/a", "list": [{"Id": "z"}, {"Id": "x", "at": "eu", "more": 1}], "default": {"p": 1, "q": 3}}
    assert merged(raw, wanted, live, as_is) == {
        "topic": "${groupName}/a",
        "list": [{"Id": "x", "at": "${region}", "more": 1}, {"Id": "z"}],
        "default": {"q": 3},
    }


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("line-1/up", "${groupName}/up"),
        ("line-1-core", "${coreThingName}"),
        ("x/line-1-core/line-1", "x/${coreThingName}/${groupName}"),
        ("arn:aws:iot:x:1:thing/line-1-core", "${coreThingArn}"),
        ("line-12 aline-1 line-1_a", "line-12 aline-1 line-1_a"),
        ("${HOME}/${iot:Thing}/$${x}/$${iot:Thing}", "$${HOME}/${iot:Thing}/$$${x}/$$${iot:Thing}"),
        ("${secret.DB}/${secret.PATH}", "${secret.DB}/$${secret.PATH}"),
        (f"{LITERALLY}DB}}", "$${secret.DB}"),
    ],
)
def test_texts_are_written_so_that_they_expand_to_what_they_are(text: str, written: str) -> None:
    tokens = Tokens(CONTEXT, frozenset({"DB"}), has_policy_variables=True)
    assert tokens.write({"a": [text, 1]}) == {"a": [written, 1]}


PIECES = st.sampled_from(["$", "{", "}", "a", "line-1", "/", "${", "secret.", "DB}", "groupName", "pa55w0rd", "iot:"])


def configured(text: str) -> str:
    """What ``text`` comes to in a configuration."""
    entries = located({"component": {"key": text}}, NOWHERE)
    configuration = declare_configuration(entries, {}, Problems(), core_at_hand=True)
    found: str = expand_configuration(configuration, CONTEXT, lambda *_: None)["component"]["key"]
    return found


@given(st.lists(PIECES, max_size=9).map("".join), st.booleans())
def test_any_text_survives_but_for_a_dollar_before_a_secret(text: str, has_policy_variables: bool) -> None:
    live = Secrets({"DB": "pa55w0rd"}).hide(text)
    written = Tokens(CONTEXT, frozenset({"DB"}), has_policy_variables).write(live)
    found = configured(written) if has_policy_variables else expand(written, CONTEXT, secrets=True)
    assert found == live or "$${secret.DB}" in written


def test_a_plain_word_is_no_token_though_the_group_is_called_so() -> None:
    assert Tokens(TokenContext("1", "r", "line")).write("line/up") == "line/up"


SECRET = {"variables": {"DB": "db://${secret.DB}", "MODE": "a"}}


@pytest.mark.parametrize(
    "live",
    [
        {"variables": {"DB": "db://other", "MODE": "a"}},
        {"variables": {"DATABASE": "db://other", "MODE": "a"}},
        {"variables": "other"},
        {"variables": {"DB": ["other"], "MODE": "a"}},
    ],
)
def test_what_is_live_in_place_of_a_secret_is_not_written(live: Any) -> None:
    with pytest.raises(UnsayableError) as caught:
        merged(SECRET, SECRET, live, as_is)
    assert "other" not in caught.value.message.removesuffix(", and something else is live there")
    with pytest.raises(UnsayableError):
        laid_over(SECRET, live, {}, ())


def test_a_secret_may_go_move_and_stay() -> None:
    for live in ({"variables": {"MODE": "b"}}, {"variables": {"URL": "x/${secret.DB}"}}, {}):
        assert merged(SECRET, SECRET, live, as_is) == live
