"""AWS IoT's errors with the HTTP status that the service model gives each."""

from reconciler.sandbox.errors import ServiceError


def invalid(message: str) -> ServiceError:
    """The request makes no sense, or the registry's rules forbid it."""
    return ServiceError("InvalidRequestException", message, status=400)


def not_found(message: str) -> ServiceError:
    """The resource that the request names is not there."""
    return ServiceError("ResourceNotFoundException", message, status=404)


def already_exists(message: str, *, resource_id: str, arn: str) -> ServiceError:
    """The name is taken by something else; the answer says by what."""
    return ServiceError("ResourceAlreadyExistsException", message, status=409, resourceId=resource_id, resourceArn=arn)


def version_conflict(expected: int, actual: int) -> ServiceError:
    """The caller's expectedVersion is not the record's version."""
    message = f"The version for the resource does not match the expected version: {expected} expected, {actual} found"
    return ServiceError("VersionConflictException", message, status=409)


def delete_conflict(message: str) -> ServiceError:
    """Something still hangs on what should be deleted."""
    return ServiceError("DeleteConflictException", message, status=409)


def limit_exceeded(message: str) -> ServiceError:
    """A quota is used up."""
    return ServiceError("LimitExceededException", message, status=410)


def versions_limit_exceeded(message: str) -> ServiceError:
    """The resource has as many versions as it may have."""
    return ServiceError("VersionsLimitExceededException", message, status=409)


def certificate_state(message: str) -> ServiceError:
    """The certificate's status forbids it."""
    return ServiceError("CertificateStateException", message, status=406)


def certificate_validation(message: str) -> ServiceError:
    """The certificate is not one, or is not what the request says it is."""
    return ServiceError("CertificateValidationException", message, status=400)


def registration_failure(message: str) -> ServiceError:
    """RegisterThing could not make or use a resource of its template."""
    return ServiceError("ResourceRegistrationFailureException", message, status=400)


def resource_conflicts(message: str) -> ServiceError:
    """RegisterThing met an existing resource whose OverrideSettings say FAIL."""
    return ServiceError("ResourceConflictsException", message, status=409)


def registration_code(message: str) -> ServiceError:
    """The verification certificate does not bear the account's registration code."""
    return ServiceError("RegistrationCodeValidationException", message, status=400)


def malformed_policy(message: str) -> ServiceError:
    """The policy document is not one."""
    return ServiceError("MalformedPolicyException", message, status=400)
