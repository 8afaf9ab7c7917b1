"""How CDF Provisioning says no: the status that it would answer, and what its first versions put into the body."""


class CdfError(Exception):
    """A refusal with its HTTP status; the message is for the body, which CDF's main branch leaves empty."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def argument_error(message: str) -> CdfError:
    """A member of the request is missing or of the wrong type."""
    return CdfError(400, message)


def registration_failed(message: str) -> CdfError:
    """AWS IoT did not register the thing."""
    return CdfError(400, f"REGISTRATION_FAILED: {message}")
