"""The errors of Greengrass V1, modelled and not, with the codes and texts that AWS uses.

Two codes are in the service model; the others were seen in AWS's answers (facts of moto's back end). Where
AWS sends no error type at all, clients report the HTTP status as the code: ``"400"`` and ``"404"``.
"""

import json
from collections.abc import Iterable

from reconciler.sandbox.errors import ServiceError


def bad_request(message: str, *, code: str = "") -> ServiceError:
    """The modelled 400; ``code`` goes into its ``ErrorDetails``, as ``ConcurrentDeployment`` does."""
    if not code:
        return ServiceError("BadRequestException", message)
    details = [{"DetailedErrorCode": code, "DetailedErrorMessage": message}]
    return ServiceError("BadRequestException", message, ErrorDetails=details)


def id_not_found(message: str) -> ServiceError:
    """A group or definition that is not there."""
    return ServiceError("IdNotFoundException", message, status=404)


def version_not_found(version_id: str, container: str, container_id: str) -> ServiceError:
    """A version that its group or definition does not have."""
    message = f"Version {version_id} of {container} {container_id} does not exist."
    return ServiceError("VersionNotFoundException", message, status=404)


def resource_not_found(message: str) -> ServiceError:
    """What a deployment, a reset or a tag names is not there."""
    return ServiceError("ResourceNotFoundException", message, status=404)


def invalid_container(message: str) -> ServiceError:
    """An update that would leave a group or definition without a name."""
    return ServiceError("InvalidContainerDefinitionException", message)


def invalid_input(message: str) -> ServiceError:
    """A parameter that makes no sense for the operation."""
    return ServiceError("InvalidInputException", message)


def invalid_content(subject: str, problems: Iterable[str]) -> ServiceError:
    """Content that was looked at and found wrong: ``subject`` is the sentence before the details."""
    return ServiceError("400", f"{subject} (ErrorDetails: [{', '.join(problems)}])")


def nothing_attached(message: str) -> ServiceError:
    """A role that was never attached."""
    return ServiceError("404", message, status=404)


def missing_core() -> ServiceError:
    """GG-303: the message itself is a JSON document."""
    detail = {
        "DetailedErrorCode": "GG-303",
        "DetailedErrorMessage": "You need a Greengrass Core in this Group before you can deploy.",
    }
    return ServiceError("MissingCoreException", json.dumps({"ErrorDetails": [detail]}))
