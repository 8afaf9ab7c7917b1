"""The cases of a fault matrix: something that goes wrong at each of the calls of a scenario."""

from collections.abc import Iterable, Mapping

import pytest
from _pytest.mark import ParameterSet


def at_every_call(
    pairs: Iterable[tuple[str, str]], most_calls: Mapping[str, int], every: int, *, first: int = 0
) -> list[ParameterSet]:
    """A case for each of ``pairs``, a kind of fault and a scenario, and each call that the scenario makes at most.

    `make test` takes one in so many as ``every`` says, from the ``first`` on; the others are long.
    """
    found: list[ParameterSet] = []
    for kind, scenario in pairs:
        for call in range(1, most_calls[scenario] + 1):
            marks = [] if len(found) % every == first else [pytest.mark.long]
            found.append(pytest.param(scenario, kind, call, id=f"{scenario}-{kind}-{call}", marks=marks))
    return found
