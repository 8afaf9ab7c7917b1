from typing import Any

ROLE = "arn:aws:iam::123456789012:role/signer"


def test_connectivity_info_round_trips(gg: Any) -> None:
    assert gg.get_connectivity_info(ThingName="core")["ConnectivityInfo"] == []
    info = [{"Id": "lan", "HostAddress": "10.0.0.7", "PortNumber": 8883, "Metadata": ""}]
    first = gg.update_connectivity_info(ThingName="core", ConnectivityInfo=info)
    assert gg.get_connectivity_info(ThingName="core")["ConnectivityInfo"] == info
    assert gg.get_connectivity_info(ThingName="other")["ConnectivityInfo"] == []
    assert gg.update_connectivity_info(ThingName="core", ConnectivityInfo=[])["Version"] != first["Version"]
    assert gg.get_connectivity_info(ThingName="core")["ConnectivityInfo"] == []


def telemetry(gg: Any, name: str) -> tuple[str, str]:
    found = gg.get_thing_runtime_configuration(ThingName=name)["RuntimeConfiguration"]["TelemetryConfiguration"]
    return found["Telemetry"], found["ConfigurationSyncStatus"]


def test_runtime_configuration_reaches_a_core_that_is_there(fleet: Any) -> None:
    fleet.tell(away={"outcome": "offline"})
    for name in ("core", "away"):
        assert telemetry(fleet.gg, name) == ("Off", "InSync")
        fleet.gg.update_thing_runtime_configuration(ThingName=name, TelemetryConfiguration={"Telemetry": "On"})
        fleet.gg.update_thing_runtime_configuration(ThingName=name)
    assert telemetry(fleet.gg, "core") == ("On", "InSync")
    assert telemetry(fleet.gg, "away") == ("On", "OutOfSync")


def test_software_update_job(fleet: Any, refused: Any) -> None:
    job = {
        "S3UrlSignerRole": ROLE,
        "SoftwareToUpdate": "core",
        "UpdateTargets": [fleet.thing("core"), fleet.thing("cores").replace(":thing/", ":thinggroup/")],
        "UpdateTargetsArchitecture": "x86_64",
        "UpdateTargetsOperatingSystem": "ubuntu",
    }
    made = fleet.gg.create_software_update_job(**job)
    assert made["IotJobArn"] == f"arn:aws:iot:eu-central-1:123456789012:job/{made['IotJobId']}"
    assert made["PlatformSoftwareVersion"]
    bad: list[dict[str, Any]] = [
        {"UpdateTargets": []},
        {"UpdateTargets": ["core"]},
        {"S3UrlSignerRole": "signer"},
        {"SoftwareToUpdate": "kernel"},
    ]
    for wrong in bad:
        assert refused(fleet.gg.create_software_update_job, **{**job, **wrong})[0] == 400
