"""Whom a request calls: boto3's name of the service, and the operation."""

import re
from dataclasses import dataclass

from reconciler.sandbox.cdf.invocation import invoked, is_invocation
from reconciler.sandbox.request import Request
from reconciler.sandbox.routes import routes_of, service_model, service_names

# Where the signing name is not the name of boto3's client.
CLIENT_NAMES = {
    "iotdata": "iot-data",
    "iot-jobs-data": "iot-jobs-data",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "email": "ses",
    "elasticloadbalancing": "elbv2",
}
CDF_ROUTES = (
    ("GET", re.compile(r"/things/[^/]+"), "GetThing"),
    ("POST", re.compile(r"/things"), "CreateThing"),
    ("DELETE", re.compile(r"/things/[^/]+"), "DeleteThing"),
    ("PATCH", re.compile(r"/things/[^/]+/certificates"), "UpdateThingCertificates"),
)
# /tags/ARN, where the ARN is that of a component, a deployment or a core device of V2, encoded or not.
V2_TAGS = re.compile(r"/tags/arn(?::|%3A)[^/]*?(?::|%3A)(?:components|deployments|coreDevices)(?::|%3A)", re.IGNORECASE)
CDF_PREFIX = re.compile(r"/cdf(?=/|$)")
CDF_UNSIGNED = re.compile(r"/things(/|$)")


@dataclass(frozen=True, slots=True)
class Callee:
    """``service`` is boto3's client name (``cdf`` for CDF Provisioning), ``region`` that of the signature.

    Whoever invokes the Lambda function of CDF Provisioning calls CDF, too.
    """

    service: str
    operation: str
    region: str


def callee_of(request: Request, default_region: str) -> Callee:
    """Whom the request calls. An operation that nobody knows is called ``<Method>Unknown``, as in ``GetUnknown``."""
    scope = request.scope
    if scope is not None and is_invocation(request):
        inner = invoked(request)
        return Callee("cdf", _cdf_operation(inner) if inner is not None else "InvokeUnknown", scope[0])
    if is_cdf(request):
        return Callee("cdf", _cdf_operation(request), scope[0] if scope else default_region)
    if scope is None:
        return Callee("s3", _rest_operation("s3", request), default_region)
    region, signing_name = scope
    if signing_name == "greengrass":
        return Callee(*_greengrass(request), region)
    service = CLIENT_NAMES.get(signing_name, signing_name)
    return Callee(service, _operation(service, request), region)


def is_cdf(request: Request) -> bool:
    """Whether a request is for CDF Provisioning: below ``/cdf``, signed for API Gateway, or unsigned on ``/things``."""
    scope = request.scope
    return (
        CDF_PREFIX.match(request.raw_path) is not None
        or (scope is not None and scope[1] == "execute-api")
        or (scope is None and CDF_UNSIGNED.match(request.raw_path) is not None)
    )


def cdf_path(request: Request) -> str:
    """The path that CDF Provisioning sees: without ``/cdf`` in front, still percent-encoded."""
    return CDF_PREFIX.sub("", request.raw_path, count=1) or "/"


def _cdf_operation(request: Request) -> str:
    path = cdf_path(request).rstrip("/")
    for method, pattern, operation in CDF_ROUTES:
        if method == request.method and pattern.fullmatch(path):
            return operation
    return _unknown(request)


def _greengrass(request: Request) -> tuple[str, str]:
    """Both versions of Greengrass are signed alike: the path tells them apart, for tags the ARN within it.

    The service role and connectivity information are one and the same for both, and nothing in a request tells which
    client it came from: those calls count as V1's.
    """
    services = ("greengrassv2", "greengrass") if V2_TAGS.match(request.raw_path) else ("greengrass", "greengrassv2")
    for service in services:
        found = routes_of(service).match(request.method, request.raw_path)
        if found:
            return service, found[0]
    return "greengrass", _unknown(request)


def _operation(service: str, request: Request) -> str:
    target = request.headers.get("x-amz-target", "")
    if "." in target:
        return target.rpartition(".")[2]
    if service in service_names() and "rest" in str(service_model(service).metadata["protocol"]):
        return _rest_operation(service, request)
    return request.form.get("Action") or request.query.get("Action") or _unknown(request)


def _rest_operation(service: str, request: Request) -> str:
    found = routes_of(service).match(request.method, request.raw_path, request.query, request.headers)
    return found[0] if found else _unknown(request)


def _unknown(request: Request) -> str:
    return f"{request.method.title()}Unknown"
