"""Client tokens: the answer to a request that succeeded is given again to the same token, for eight hours."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.faults import still_going_on
from reconciler.sandbox.greengrass_v2.refusals import conflict, in_progress

HOURS = 8  # CreateDeployment, API reference


@dataclass(frozen=True, slots=True)
class _Answered:
    at: float
    done: float
    request: str
    answer: dict[str, Any]


class ClientTokens:
    """The answers of one operation by token, for as long as AWS keeps them."""

    def __init__(self, clock: Clock, kind: str) -> None:
        self._clock = clock
        self._kind = kind
        self._answers: dict[str, _Answered] = {}

    def once(self, params: Mapping[str, Any], carry_out: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer of ``carry_out``, or that of an earlier request with the same token.

        Raises ConflictException where the earlier request had other parameters, RequestAlreadyInProgressException
        where it is still worked on. A request that fails leaves no trace.
        """
        token = params.get("clientToken")
        if token is None:
            return carry_out()
        now, request = self._clock.time(), _digest(params)
        earlier = self._answers.get(token)
        if earlier is not None and now - earlier.at < HOURS * 3600:
            if earlier.request != request:
                text = f"The client token {token} was used with other parameters"
                raise conflict(text, self._kind, token)
            if now < earlier.done:
                raise in_progress(token)
            return dict(earlier.answer)
        answer = carry_out()
        self._answers[token] = _Answered(now, now + still_going_on(), request, answer)
        return dict(answer)


def _digest(params: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True, default=bytes.hex).encode()).hexdigest()
