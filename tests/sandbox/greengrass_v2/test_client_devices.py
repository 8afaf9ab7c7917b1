"""Client devices of core devices: batches that fail in part, and the list."""

from typing import Any

import pytest


def entries(*names: str) -> list[dict[str, str]]:
    return [{"thingName": name} for name in names]


def associated(gg: Any, core: str) -> list[str]:
    pages = gg.get_paginator("list_client_devices_associated_with_core_device").paginate(
        coreDeviceThingName=core, PaginationConfig={"PageSize": 2}
    )
    return [item["thingName"] for page in pages for item in page["associatedClientDevices"]]


@pytest.fixture
def core(fleet: Any) -> str:
    for name in ("core", "a", "b", "c"):
        fleet.thing(name)
    return "core"


def test_a_batch_fails_in_part_within_a_success(gg: Any, core: str) -> None:
    answer = gg.batch_associate_client_device_with_core_device(
        coreDeviceThingName=core, entries=entries("b", "nobody", "a", core)
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [(entry["thingName"], entry["code"]) for entry in answer["errorEntries"]] == [
        ("nobody", "ResourceNotFoundException"),
        (core, "ValidationException"),
    ]
    assert associated(gg, core) == ["a", "b"]


def test_associating_again_is_a_success_and_dissociating_twice_is_not(fleet: Any, gg: Any, core: str) -> None:
    first: set[Any] = set()
    params = {"coreDeviceThingName": core, "entries": entries("a", "b", "c")}
    for _ in range(2):
        assert gg.batch_associate_client_device_with_core_device(**params)["errorEntries"] == []
        listed = gg.list_client_devices_associated_with_core_device(coreDeviceThingName=core)["associatedClientDevices"]
        times = {item["associationTimestamp"] for item in listed}
        assert len(times) == 1
        first.update(times)
        fleet.aws.advance(60)
    assert len(first) == 1
    params["entries"] = entries("b")
    assert gg.batch_disassociate_client_device_from_core_device(**params)["errorEntries"] == []
    (error,) = gg.batch_disassociate_client_device_from_core_device(**params)["errorEntries"]
    assert (error["thingName"], error["code"]) == ("b", "ResourceNotFoundException")
    assert associated(gg, core) == ["a", "c"]


def test_a_device_may_have_several_cores(gg: Any, core: str) -> None:
    for name in (core, "b"):
        gg.batch_associate_client_device_with_core_device(coreDeviceThingName=name, entries=entries("a"))
    assert associated(gg, core) == associated(gg, "b") == ["a"]


def test_the_core_s_thing_must_be_there_and_a_batch_has_a_hundred(
    fleet: Any, unchecked: Any, refused: Any, core: str
) -> None:
    associate = unchecked.batch_associate_client_device_with_core_device
    assert refused(associate, coreDeviceThingName="none", entries=entries("a"))[1] == "ResourceNotFoundException"
    many = entries(*(f"thing-{number}" for number in range(101)))
    assert refused(associate, coreDeviceThingName=core, entries=many)[1] == "ValidationException"
    assert refused(associate, coreDeviceThingName=core, entries=[])[1] == "ValidationException"


def test_a_thing_that_is_deleted_is_nobody_s_device(fleet: Any, gg: Any, core: str) -> None:
    gg.batch_associate_client_device_with_core_device(coreDeviceThingName=core, entries=entries("a", "b"))
    fleet.iot.delete_thing(thingName="a")
    assert associated(gg, core) == ["b"]
