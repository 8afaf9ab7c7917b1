import pytest

from reconciler.desired.tokens import TokenContext, TokenError, expand, unknown_tokens
from reconciler.model.fleet import Fleet
from reconciler.model.group import Thing

FLEET = Fleet("demo", "123456789012", "eu-central-1")
CORE = Thing("core-1", "core", thing_type="gateway")
PRESS = Thing("press-1", "device", thing_type="press")
GROUP = TokenContext.of_group(FLEET, "berlin", {"site": "b1", "a/b.c": "x"}, CORE)
AT_PRESS = GROUP.of_thing(FLEET, PRESS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${thingName}", "press-1"),
        ("${thingType}", "press"),
        ("${thingArn}", "arn:aws:iot:eu-central-1:123456789012:thing/press-1"),
        ("${coreThingName}-${coreThingType}", "core-1-gateway"),
        ("${coreThingArn}", "arn:aws:iot:eu-central-1:123456789012:thing/core-1"),
        ("${groupName}/${labels.site}/${labels.a/b.c}", "berlin/b1/x"),
        ("${accountId} ${region}", "123456789012 eu-central-1"),
        ("$thingName {thingName} $ {}", "$thingName {thingName} $ {}"),
        ("", ""),
    ],
)
def test_every_token_has_its_value(text: str, value: str) -> None:
    assert unknown_tokens(text) == []
    assert expand(text, AT_PRESS) == value


def test_partitions_other_than_aws_show_in_arns() -> None:
    fleet = Fleet("demo", "123456789012", "cn-north-1")
    context = TokenContext.of_group(fleet, "berlin", {}, CORE)
    assert expand("${coreThingArn}", context) == "arn:aws-cn:iot:cn-north-1:123456789012:thing/core-1"


@pytest.mark.parametrize(
    ("text", "context", "message", "hint"),
    [
        ("${thingName}", GROUP, "${thingName} has no value", "no thing is at hand here"),
        ("${labels.ring}", GROUP, "${labels.ring} has no value", "add metadata.labels.ring to the group"),
        (
            "${coreThingArn}",
            TokenContext.of_group(FLEET, "g", {}, None),
            "${coreThingArn} has no value",
            "declare a core",
        ),
        (
            "${coreThingType}",
            TokenContext.of_group(FLEET, "g", {}, Thing("c", "core")),
            "${coreThingType} has no value",
            "declare the core's thingType",
        ),
        ("${thingType}", GROUP.of_thing(FLEET, Thing("d", "device")), "${thingType} has no value", "declare thingType"),
        ("${thingname}", AT_PRESS, "unknown token ${thingname}", "did you mean ${thingName}?"),
        ("${labels.}", AT_PRESS, "unknown token ${labels.}", "the tokens are ${thingName}, "),
        (
            "${iot:Connection.Thing.ThingName}",
            AT_PRESS,
            "unknown token ${iot:Connection.Thing.ThingName}",
            "the tokens",
        ),
        ("a${thingName", AT_PRESS, "unknown token ${thingName", "close it with }"),
        ("${}", AT_PRESS, "unknown token ${}", "the tokens are"),
    ],
)
def test_a_token_without_a_value_is_an_error_and_never_text(
    text: str, context: TokenContext, message: str, hint: str
) -> None:
    with pytest.raises(TokenError) as caught:
        expand(text, context)
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


def test_a_device_documents_labels_go_before_the_groups() -> None:
    context = GROUP.of_thing(FLEET, PRESS, {"site": "b2"})
    assert expand("${labels.site}${labels.a/b.c}", context) == "b2x"


def test_unknown_tokens_are_named_as_written() -> None:
    assert unknown_tokens("${thingName} ${foo} ${labels.x} ${bar") == ["${foo}", "${bar"]
