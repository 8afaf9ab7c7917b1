"""Principals attached to things."""

from collections.abc import Callable
from typing import Any

from reconciler.sandbox.testing import Sandbox

Refused = Callable[..., tuple[int, str, str]]


def test_principals_and_things_find_each_other(iot: Any, certificate: Any) -> None:
    first, second = certificate()["certificateArn"], certificate()["certificateArn"]
    for thing, principal in (("a", first), ("a", second), ("b", first), ("a", first)):
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=principal)
    assert iot.list_thing_principals(thingName="a")["principals"] == sorted([first, second])
    assert iot.list_principal_things(principal=first)["things"] == ["a", "b"]
    iot.detach_thing_principal(thingName="a", principal=first)
    assert iot.list_principal_things(principal=first)["things"] == ["b"]
    assert iot.list_thing_principals(thingName="a")["principals"] == [second]


def test_the_kind_of_attachment_is_told_and_asked_for(iot: Any, certificate: Any) -> None:
    own, shared = certificate()["certificateArn"], certificate()["certificateArn"]
    iot.create_thing(thingName="a")
    iot.attach_thing_principal(thingName="a", principal=own, thingPrincipalType="EXCLUSIVE_THING")
    iot.attach_thing_principal(thingName="a", principal=shared)
    objects = iot.list_thing_principals_v2(thingName="a", thingPrincipalType="EXCLUSIVE_THING")
    assert objects["thingPrincipalObjects"] == [{"principal": own, "thingPrincipalType": "EXCLUSIVE_THING"}]
    assert len(iot.list_thing_principals_v2(thingName="a")["thingPrincipalObjects"]) == 2
    things = iot.list_principal_things_v2(principal=shared)["principalThingObjects"]
    assert things == [{"thingName": "a", "thingPrincipalType": "NON_EXCLUSIVE_THING"}]
    filtered = iot.list_principal_things_v2(principal=shared, thingPrincipalType="EXCLUSIVE_THING")
    assert filtered["principalThingObjects"] == []


def test_an_exclusive_principal_is_not_shared(iot: Any, certificate: Any, refused: Refused) -> None:
    own, shared = certificate()["certificateArn"], certificate()["certificateArn"]
    for name in ("a", "b"):
        iot.create_thing(thingName=name)
    iot.attach_thing_principal(thingName="a", principal=own, thingPrincipalType="EXCLUSIVE_THING")
    iot.attach_thing_principal(thingName="a", principal=shared)
    refusal = refused(iot.attach_thing_principal, thingName="b", principal=own)
    assert refusal[:2] == (400, "InvalidRequestException")
    exclusive = {"thingName": "b", "principal": shared, "thingPrincipalType": "EXCLUSIVE_THING"}
    assert refused(iot.attach_thing_principal, **exclusive)[1] == "InvalidRequestException"


def test_a_thing_with_principals_is_not_deleted(iot: Any, certificate: Any, refused: Refused) -> None:
    principal = certificate()["certificateArn"]
    iot.create_thing(thingName="a")
    iot.attach_thing_principal(thingName="a", principal=principal)
    assert refused(iot.delete_thing, thingName="a")[:2] == (400, "InvalidRequestException")
    iot.detach_thing_principal(thingName="a", principal=principal)
    iot.delete_thing(thingName="a")
    assert iot.list_principal_things(principal=principal)["things"] == []


def test_what_is_not_there_cannot_be_attached_or_detached(iot: Any, certificate: Any, refused: Refused) -> None:
    principal = certificate()["certificateArn"]
    gone = principal[:-64] + "0" * 64
    iot.create_thing(thingName="a")
    not_found = (404, "ResourceNotFoundException")
    assert refused(iot.attach_thing_principal, thingName="none", principal=principal)[:2] == not_found
    assert refused(iot.attach_thing_principal, thingName="a", principal=gone)[:2] == not_found
    assert refused(iot.attach_thing_principal, thingName="a", principal="x")[:2] == (400, "InvalidRequestException")
    assert refused(iot.detach_thing_principal, thingName="a", principal=principal)[:2] == not_found
    assert refused(iot.list_thing_principals, thingName="none")[:2] == not_found
    assert refused(iot.list_principal_things, principal=gone)[:2] == not_found


def test_a_core_can_connect_while_a_certificate_of_its_thing_is_active(
    aws: Sandbox, iot: Any, certificate: Any
) -> None:
    registry = aws.world.iot_in(aws.region)
    assert not registry.has_active_certificate("core")
    iot.create_thing(thingName="core")
    assert not registry.has_active_certificate("core")
    inactive, active = certificate(active=False), certificate()
    iot.attach_thing_principal(thingName="core", principal=inactive["certificateArn"])
    assert not registry.has_active_certificate("core")
    iot.attach_thing_principal(thingName="core", principal=active["certificateArn"])
    assert registry.has_active_certificate("core")
    iot.update_certificate(certificateId=active["certificateId"], newStatus="REVOKED")
    assert not registry.has_active_certificate("core")
