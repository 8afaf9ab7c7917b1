"""The control API below ``/_sandbox/``: JSON over HTTP, for the command line and for tests."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.errors import ControlError
from reconciler.sandbox.request import Request
from reconciler.sandbox.restjson import Answer
from reconciler.sandbox.world import World

PREFIX = "/_sandbox/"


def handle(world: World, request: Request) -> Answer:
    """Answer a request to the control API. Errors are ``{"message": text}`` with status 400, 404 or 405."""
    name = request.raw_path.removeprefix(PREFIX).rstrip("/")
    methods = CALLS.get(name)
    if methods is None:
        return _answer(404, {"message": f"no {name or 'name'} here; there are {', '.join(CALLS)}"})
    call = methods.get(request.method)
    if call is None:
        status, headers, body = _answer(405, {"message": f"{name} takes {' or '.join(methods)}, not {request.method}"})
        return status, {**headers, "Allow": ", ".join(methods)}, body
    try:
        return _answer(200, call(world, _told(request)))
    except ControlError as problem:
        return _answer(400, {"message": str(problem)})


def _health(world: World, _told: Any) -> Any:
    return {
        "status": "ok",
        "account": world.account,
        "region": world.region,
        **_clock(world, None),
        "instance": world.instance,
        "pid": os.getpid(),
    }


def _reset(world: World, _told: Any) -> Any:
    world.reset()
    return {"status": "ok"}


def _calls(world: World, _told: Any) -> Any:
    return world.calls.document()


def _clear_calls(world: World, _told: Any) -> Any:
    world.calls.clear()
    return world.calls.document()


def _devices(world: World, _told: Any) -> Any:
    return world.behaviours.told()


def _tell_devices(world: World, told: Any) -> Any:
    world.behaviours.replace(told)
    world.tick()
    return world.behaviours.told()


def _cores(world: World, _told: Any) -> Any:
    return world.cores()


def _faults(world: World, _told: Any) -> Any:
    return world.faults.told()


def _tell_faults(world: World, told: Any) -> Any:
    world.faults.replace(told)
    return world.faults.told()


def _limits(world: World, _told: Any) -> Any:
    return world.limits.told()


def _tell_limits(world: World, told: Any) -> Any:
    world.limits.replace(told)
    return world.limits.told()


def _clock(world: World, _told: Any) -> Any:
    return {"time": world.clock.time(), "ahead": world.clock.offset, "stopped": world.clock.is_stopped}


def _tell_clock(world: World, told: Any) -> Any:
    known = isinstance(told, Mapping) and bool(told) and told.keys() <= {"advance", "stopped"}
    seconds, stopped = (told.get("advance", 0), told.get("stopped", world.clock.is_stopped)) if known else (None, None)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not isinstance(stopped, bool):
        raise ControlError('clock takes {"advance": SECONDS, "stopped": true or false}')
    try:
        world.advance(seconds)
    except (ValueError, OverflowError) as problem:
        raise ControlError(f"clock: {problem}") from problem
    if stopped:
        world.clock.stop()
    else:
        world.clock.go()
    return _clock(world, None)


def _cdf(world: World, _told: Any) -> Any:
    return world.cdf.told()


def _tell_cdf(world: World, told: Any) -> Any:
    world.cdf.replace(told)
    return world.cdf.told()


Call = Callable[[World, Any], Any]
CALLS: Mapping[str, Mapping[str, Call]] = {
    "health": {"GET": _health},
    "reset": {"POST": _reset},
    "calls": {"GET": _calls, "DELETE": _clear_calls},
    "devices": {"GET": _devices, "PUT": _tell_devices},
    "cores": {"GET": _cores},
    "faults": {"GET": _faults, "PUT": _tell_faults},
    "limits": {"GET": _limits, "PUT": _tell_limits},
    "clock": {"GET": _clock, "PUT": _tell_clock},
    "cdf": {"GET": _cdf, "PUT": _tell_cdf},
}


def _told(request: Request) -> Any:
    if request.method != "PUT":
        return None
    try:
        return json.loads(request.body)
    except ValueError as problem:
        raise ControlError(f"the body is not JSON: {problem}") from problem


def _answer(status: int, content: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
