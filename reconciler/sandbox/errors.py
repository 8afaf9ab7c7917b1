"""How the sandbox refuses a request: as the service that it stands for, or as its own control API."""

from typing import Any


class ServiceError(Exception):
    """What the service answers instead of a result.

    ``code`` is the error code as AWS spells it, ``message`` its text, ``status`` the HTTP status; ``members`` are
    further members of the error's body (``ErrorDetails``, ``resourceArn``, …).
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class ControlError(Exception):
    """What the control API was told makes no sense; the message says which part, and what is wanted."""
