"""Client tokens (``X-Amzn-Client-Token``), honoured only where AWS documents it.

That is CreateDeployment (deployments.md) and StartBulkDeployment (bulk-deploy-cli.md); every other create
takes a token and ignores it.
"""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.greengrass_v1.refusals import bad_request

LONGEST = 64
"""Characters in a client token (bulk-deploy-cli.md)."""


class ClientTokens:
    """Remembers one operation's answers by token, for as long as the sandbox keeps its state."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, dict[str, Any]]] = {}

    def replay(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """The earlier answer to the same token and parameters; None for a token that is new or absent.

        Raises BadRequestException for a malformed token and for one that was used with other parameters.
        """
        token = params.get("AmznClientToken")
        if token is None:
            return None
        if not token or len(token) > LONGEST or not token.isascii():
            raise bad_request(f"The client token must have 1 to {LONGEST} ASCII characters.")
        if token not in self._answers:
            return None
        request, answer = self._answers[token]
        if request != _canonical(params):
            raise bad_request("The client token was already used with other request parameters.")
        return dict(answer)

    def remember(self, params: Mapping[str, Any], answer: dict[str, Any]) -> None:
        """Keep an answer for the next request that bears the same token."""
        token = params.get("AmznClientToken")
        if token is not None:
            self._answers[token] = (_canonical(params), dict(answer))


def _canonical(params: Mapping[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
