"""What can go wrong, as few types as callers tell apart; each knows the command's exit code.

The command line turns these into a message and an exit code in one place. Anything else that is raised is a bug.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.position import Position
from reconciler.model.words import counted


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in the files: where, which rule (kebab-case id), what it is, and how to mend it."""

    position: Position
    rule: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.position}: [{self.rule}] {self.message}; {self.hint}"


class ReconcileError(Exception):
    """An error for people: ``message`` says what happened, ``hint`` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(ReconcileError):
    """The desired state cannot be used; ``problems`` holds everything that is wrong with it, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(f"{counted(count, 'problem')} in the desired state")


class UsageError(ReconcileError):
    """The command was called in a way that makes no sense, or asks for what this version does not have."""

    exit_code = 64


class RefusedError(ReconcileError):
    """A guard or policy refused the plan; nothing was written."""

    exit_code = 3


class StaleError(ReconcileError):
    """The plan no longer fits the account, or somebody else holds the fleet's lock; nothing was written."""

    exit_code = 4


class PartlyAppliedError(ReconcileError):
    """Some groups are done and others are not; the message says which, and what to do next."""

    exit_code = 5


class AwsError(ReconcileError):
    """AWS, or what stands in for it, said no or said nothing.

    ``operation`` is ``service:Operation``; ``code`` is the error code of the answer, or botocore's name for a
    connection error; ``status`` is the HTTP status, 0 where there was no answer; ``details`` are Greengrass's detailed
    error codes.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        code: str,
        status: int = 0,
        hint: str = "",
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.details = details
        self.operation = operation
        self.code = code
        self.status = status


class AnswerLostError(AwsError):
    """The answer to a call that must not be resent blindly was lost: whether it was done has to be looked up."""
