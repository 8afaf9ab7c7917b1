"""How a check of the doctor says what it found."""

from collections.abc import Callable, Iterator

from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.finding import Finding


def good(subject: str, message: str) -> Finding:
    """Nothing to do about it."""
    return Finding(subject, "good", message)


def wrong(subject: str, message: str, hint: str) -> Finding:
    """An apply would fail or be unsafe, until somebody does what the hint says."""
    return Finding(subject, "wrong", message, hint)


def looked_at(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What ``look`` finds; that it may not look is no fault of what it looks at."""
    try:
        yield from look()
    except AwsError as error:
        if error.status in {401, 403}:
            yield Finding(subject, "unknown", f"these credentials may not look: {error.operation}", error.hint)
        else:
            yield wrong(subject, error.message, error.hint)
    except ReconcileError as error:
        yield wrong(subject, error.message, error.hint)
