"""The errors of Greengrass V2, each with the status and the members that the service model gives it."""

from reconciler.sandbox.errors import ServiceError


def invalid(message: str, field: str = "") -> ServiceError:
    """A request that makes no sense; ``field`` names the member that is to blame."""
    if not field:
        return ServiceError("ValidationException", message, reason="OTHER")
    fields = [{"name": field, "message": message}]
    return ServiceError("ValidationException", message, reason="FIELD_VALIDATION_FAILED", fields=fields)


def not_found(kind: str, name: str) -> ServiceError:
    """What the request names is not there; ``kind`` is the type of resource, such as ``deployment``."""
    message = f"The requested {kind} was not found: {name}"
    return ServiceError("ResourceNotFoundException", message, status=404, resourceId=name, resourceType=kind)


def conflict(message: str, kind: str, name: str) -> ServiceError:
    """The state of what is there forbids it."""
    return ServiceError("ConflictException", message, status=409, resourceId=name, resourceType=kind)


def in_progress(token: str) -> ServiceError:
    """The same client token came while the first request with it is still worked on."""
    message = f"A request with the client token {token} is already in progress"
    return ServiceError("RequestAlreadyInProgressException", message)


def denied(message: str) -> ServiceError:
    """Nobody with these credentials may do that."""
    return ServiceError("AccessDeniedException", message, status=403)


def quota_exceeded(message: str, quota: str) -> ServiceError:
    """A quota is used up."""
    return ServiceError("ServiceQuotaExceededException", message, status=402, quotaCode=quota, serviceCode="greengrass")


def throttled(message: str, seconds: int) -> ServiceError:
    """Too much at once; in so many seconds it may go better."""
    return ServiceError("ThrottlingException", message, status=429, retryAfterSeconds=seconds)
