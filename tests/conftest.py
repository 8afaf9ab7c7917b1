"""Fixtures for all tests: a sandbox for whatever touches AWS, and what would take long is done once or quickly."""

import functools
import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import settings

from reconciler.aws.clients import BUDGETED, Clients
from reconciler.sandbox.testing import Sandbox

# How long an example takes says more about the machine than about the code.
settings.register_profile("daily", deadline=None, derandomize="CI" in os.environ, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=500)  # `make e2e`
settings.load_profile("daily")


SLOW = frozenset({"cli", "execution", "github", "runtimes"})
"""The directories of such tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the tests of a module that are ``sampled``, every sixth stays in `make test`; the others count as long.

    So are, without a mark, those of the product that go through the sandbox: they are what takes the time.
    """
    seen: Counter[Path] = Counter()
    for item in items:
        if isinstance(item, pytest.Function) and (mark := item.get_closest_marker("disturbed")) is not None:
            is_v2 = "v2" in item.path.parts or str(item.callspec.params.get("scenario")).startswith("v2")
            runtime = mark.kwargs.get("runtime", "v2" if is_v2 else "v1")
            where = f"{runtime} {mark.kwargs['where']}"
            item.user_properties.append(("disturbed", (where, how_disturbed(item, mark))))
        if item.get_closest_marker("sampled") is not None or goes_through_the_sandbox(item):
            if seen[item.path] % 6:
                item.add_marker(pytest.mark.long)
            seen[item.path] += 1


def goes_through_the_sandbox(item: pytest.Item) -> bool:
    """Whether a test is of what commands and workers do with a sandbox."""
    fixtures = item.fixturenames if isinstance(item, pytest.Function) else ()
    return "sandbox" in fixtures and not SLOW.isdisjoint(item.path.parts)


def how_disturbed(item: pytest.Function, mark: pytest.Mark) -> str:
    """What goes wrong in a case of the fault matrix, in words that its table has a row for."""
    if "how" in mark.kwargs:
        return str(mark.kwargs["how"])
    how = next(str(item.callspec.params[name]) for name in ("fault", "moment", "after") if name in item.callspec.params)
    words = {"lost": "answer lost", "refused": "refused", "error": "answer 500", "throttle": "throttled"}
    return words.get(how, "process cut off" if how in {"before", "after", "True", "False"} else "process killed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured, and the size of the fault matrix and its result."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    calls = [report for report in reports if report.when == "call" or report.failed]
    for report in calls:
        for name, text in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {text}")
    cases = [(text, report.failed) for report in calls for name, text in report.user_properties if name == "disturbed"]
    if not cases:
        return
    table: dict[str, Counter[str]] = {}
    for (where, how), _ in cases:
        table.setdefault(how, Counter())[where] += 1
    places = sorted({where for (where, _), _ in cases})
    terminalreporter.section("fault matrix")
    for how, counts in sorted(table.items()):
        terminalreporter.write_line(f"{how:24}" + "".join(f"{counts[place]:6} {place}" for place in places))
    failed = sum(failed for _, failed in cases)
    terminalreporter.write_line(f"{len(cases)} cases, {failed} failed")


@pytest.fixture(autouse=True)
def quick_keys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elliptic device keys: RSA takes most of an apply's time. That the product makes RSA is tested in provisioning."""
    if "provisioning" not in request.node.path.parts:
        monkeypatch.setattr("reconciler.provisioning.provision.new_key", elliptic_key)


def elliptic_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


CLIENTS: dict[object, Any] = {}


@pytest.fixture(autouse=True)
def clients_made_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the product asks boto3 for again, it gets again: making clients takes a third of a command's time.

    A client goes by the call budgets of whoever asked for it last. Where it is clients that are tested, each is new.
    """
    if "aws" in request.node.path.parts:
        return
    new_client = Clients._new

    def old_or_new(self: Clients, service: str) -> Any:
        environment = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
        key = (service, self._region, environment)
        if key not in CLIENTS:
            CLIENTS[key] = new_client(self, service)
        CLIENTS[key].meta.events.unregister("before-send", unique_id=BUDGETED)
        return CLIENTS[key]

    monkeypatch.setattr(Clients, "_new", old_or_new)


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> Iterator[None]:
    """All botocore sessions of a process share a loader: reading its files anew is half of a short command's time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        yield


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of this process, on a port of its own. Ask for ``aws`` instead: that one is empty."""
    with Sandbox() as running:
        # What is imported by now stays to the end: looking through it for garbage takes seconds, again and again.
        gc.freeze()
        yield running


@pytest.fixture
def aws(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty sandbox, and an environment in which every AWS client, also of a subprocess, speaks to it alone."""
    sandbox.reset()
    for name in os.environ:
        if name.startswith(("AWS_", "MOTO_")):
            monkeypatch.delenv(name)
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return sandbox
