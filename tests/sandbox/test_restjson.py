"""Requests and answers of every operation, by real boto3 over HTTP, against botocore's service models."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.model import Shape

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v2 import GreengrassV2
from reconciler.sandbox.iot import Registry
from reconciler.sandbox.restjson import RestJsonService
from reconciler.sandbox.server import SandboxServer
from reconciler.sandbox.shapes import AnswerMismatchError
from reconciler.sandbox.world import Handler, World

# The services that the sandbox serves itself; their whole models are checked, also what has no handler yet.
SERVED = ("greengrass", "greengrassv2", "iot")
# Both versions of Greengrass have these on the same paths, with the same members on the wire: V1 answers for both.
SHARED = {
    "AssociateServiceRoleToAccount",
    "GetServiceRoleForAccount",
    "DisassociateServiceRoleFromAccount",
    "GetConnectivityInfo",
    "UpdateConnectivityInfo",
}
OPERATIONS = [
    (service, name)
    for service in SERVED
    for name in RestJsonService(service).operations
    if service != "greengrassv2" or name not in SHARED
]


class Echo:
    """A backend that keeps what it was called with and answers with what it was told."""

    def __init__(self, service: str) -> None:
        self.seen: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.handlers: dict[str, Handler] = {name: self._handler(name) for name in RestJsonService(service).operations}

    def _handler(self, name: str) -> Handler:
        def handle(params: dict[str, Any]) -> dict[str, Any]:
            self.seen[name] = params
            answer = self.answers[name]
            if isinstance(answer, ServiceError):
                raise answer
            return dict(answer)

        return handle

    def tick(self) -> None:
        """Nothing moves here."""


class Echoes:
    """A front with an echo behind each service."""

    def __init__(self, url: str, backends: dict[str, Echo]) -> None:
        session: Any = boto3.session.Session(
            aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name="eu-central-1"
        )
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self.backends = backends
        self.clients = {name: session.client(name, endpoint_url=url, config=once) for name in backends}


@pytest.fixture(scope="module")
def echoes() -> Iterator[Echoes]:
    world = World()
    backends = {name: Echo(name) for name in SERVED}
    world._greengrass["eu-central-1"] = backends["greengrass"]
    world._greengrass_v2["eu-central-1"] = cast("GreengrassV2", backends["greengrassv2"])
    world._iot["eu-central-1"] = cast("Registry", backends["iot"])
    server = SandboxServer(world)
    server.start()
    made = Echoes(server.url, backends)
    yield made
    for client in made.clients.values():
        client.close()
    server.close()


def call(client: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    names = {api: python for python, api in client.meta.method_to_api_mapping.items()}
    answer = dict(getattr(client, names[operation])(**params))
    answer["HTTP"] = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    return {name: value.read() if hasattr(value, "read") else value for name, value in answer.items()}


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
def test_a_full_value_goes_in_and_out_unchanged(
    service: str, name: str, echoes: Echoes, a_full_value: Callable[[Shape], Any]
) -> None:
    operation = RestJsonService(service).operations[name]
    params = a_full_value(operation.input) if operation.input else {}
    answer = a_full_value(operation.output) if operation.output else {}
    backend = echoes.backends[service]
    backend.answers[name] = answer

    got = call(echoes.clients[service], name, params)

    assert backend.seen[name] == params
    status = got.pop("HTTP")
    assert got == answer
    assert status == (202 if "statusCode" in answer else operation.status)


def test_the_models_are_those_that_are_promised() -> None:
    assert len([name for service, name in OPERATIONS if service == "greengrass"]) == 92
    assert len([name for service, name in OPERATIONS if service == "greengrassv2"]) == 29 - len(SHARED)


def test_an_error_is_read_by_boto3_with_code_status_and_members(echoes: Echoes) -> None:
    details = [{"DetailedErrorCode": "GG-303", "DetailedErrorMessage": "no core"}]
    echoes.backends["greengrass"].answers["GetGroup"] = ServiceError(
        "IdNotFoundException", "That group ID does not exist", status=404, ErrorDetails=details
    )
    client = echoes.clients["greengrass"]
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.get_group(GroupId="g")
    answer = refused.value.response
    assert answer["Error"] == {"Code": "IdNotFoundException", "Message": "That group ID does not exist"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert answer["ResponseMetadata"]["RequestId"]


def test_a_modelled_error_becomes_its_own_exception(echoes: Echoes) -> None:
    echoes.backends["iot"].answers["DescribeThing"] = ServiceError("ResourceNotFoundException", "no", status=404)
    client = echoes.clients["iot"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_thing(thingName="nobody")


def test_an_answer_that_does_not_fit_the_model_is_the_sandbox_s_own_fault(echoes: Echoes) -> None:
    echoes.backends["iot"].answers["DescribeThing"] = {"thingname": "wrong spelling"}
    client = echoes.clients["iot"]
    with pytest.raises(client.exceptions.ClientError, match="DescribeThingResponse has no member thingname") as refused:
        client.describe_thing(thingName="a")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.fixture(scope="module")
def iot() -> RestJsonService:
    return RestJsonService("iot")


@pytest.fixture(scope="module")
def greengrass() -> RestJsonService:
    return RestJsonService("greengrass")


def parse(service: RestJsonService, name: str, labels: dict[str, str], query: str, body: bytes) -> dict[str, Any]:
    return service.parse(service.operations[name], labels, query, {}, body)


@pytest.mark.parametrize(
    ("name", "labels", "query", "body", "message"),
    [
        ("CreateThing", {"thingName": "a b"}, "", b"", r"Value 'a b' at 'thingName' .* pattern: \[a-zA-Z0-9:_-\]\+"),
        ("CreateThing", {"thingName": "a" * 129}, "", b"", "length less than or equal to 128"),
        ("CreateThing", {}, "", b"", "Value at 'thingName' failed to satisfy constraint: Member must not be null"),
        ("CreateThing", {"thingName": "a"}, "", b'{"thingTypeName": 1}', "Value '1' at 'thingTypeName'.*a string"),
        ("CreateThing", {"thingName": "a"}, "", b'{"attributePayload": []}', "at 'attributePayload'.*a structure"),
        (
            "CreateThing",
            {"thingName": "a"},
            "",
            b'{"attributePayload": {"attributes": {"k": 1}}}',
            "attributes.k.value",
        ),
        ("CreateThing", {"thingName": "a"}, "", b'{"attributePayload": {"merge": "true"}}', "must be a boolean"),
        ("UpdateThing", {"thingName": "a"}, "", b'{"expectedVersion": 1.5}', "must be an integer"),
        ("UpdateThing", {"thingName": "a"}, "", b'{"expectedVersion": true}', "must be an integer"),
        ("ListThings", {}, "maxResults=251", b"", "value less than or equal to 250"),
        ("ListThings", {}, "maxResults=0", b"", "value greater than or equal to 1"),
        ("ListThings", {}, "maxResults=many", b"", "Value 'many' at 'maxResults'.*an integer"),
        ("ListThings", {}, "usePrefixAttributeValue=maybe", b"", "must be a boolean"),
        (
            "UpdateCertificate",
            {"certificateId": "a" * 64},
            "newStatus=SLEEPY",
            b"",
            r"enum value set: \[ACTIVE, INACTIVE",
        ),
        ("CreatePolicy", {"policyName": "p"}, "", b"{}", "at 'policyDocument'.*must not be null"),
        ("ListAuditFindings", {}, "", b'{"startTime": "some day"}', "at 'startTime'.*a timestamp"),
    ],
)
def test_what_the_model_does_not_allow_is_refused_in_aws_words(
    iot: RestJsonService, name: str, labels: dict[str, str], query: str, body: bytes, message: str
) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        parse(iot, name, labels, query, body)
    assert (refused.value.code, refused.value.status) == ("InvalidRequestException", 400)


def test_everything_wrong_is_said_at_once(iot: RestJsonService) -> None:
    with pytest.raises(ServiceError, match=r"2 validation errors detected: .*'thingName'.*; .*'thingTypeName'"):
        parse(iot, "CreateThing", {"thingName": "a b"}, "", b'{"thingTypeName": "c d"}')


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff\xfe", b"nul"])
def test_a_body_that_is_no_json_object_is_refused(greengrass: RestJsonService, body: bytes) -> None:
    with pytest.raises(ServiceError, match="body") as refused:
        parse(greengrass, "CreateGroup", {}, "", body)
    assert (refused.value.code, refused.value.status) == ("SerializationException", 400)


def test_greengrass_calls_a_bad_request_its_own_way(greengrass: RestJsonService) -> None:
    with pytest.raises(ServiceError) as refused:
        parse(greengrass, "CreateDeployment", {"GroupId": "g"}, "", b'{"DeploymentType": "Sideways"}')
    assert refused.value.code == "BadRequestException"


def test_members_that_nobody_knows_and_nulls_are_dropped_as_aws_drops_them(greengrass: RestJsonService) -> None:
    body = b'{"Name": "n", "Colour": "red", "InitialVersion": null}'
    assert parse(greengrass, "CreateGroup", {}, "Shape=round", body) == {"Name": "n"}


def test_an_empty_body_is_an_empty_object(greengrass: RestJsonService) -> None:
    assert parse(greengrass, "CreateGroupVersion", {"GroupId": "g"}, "", b"") == {"GroupId": "g"}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"Id": 1}, "Id: 1 is no string"),
        ({"Id": "x", "Nmae": "y"}, "no member Nmae"),
        ({"tags": {"a": None}}, "tags.a: None is no string"),
    ],
)
def test_a_wrong_answer_is_never_written(greengrass: RestJsonService, answer: dict[str, Any], message: str) -> None:
    with pytest.raises(AnswerMismatchError, match=message):
        greengrass.render(greengrass.operations["GetGroup"], answer)


def test_an_operation_without_output_takes_no_answer(iot: RestJsonService) -> None:
    operation = iot.operations["AttachPolicy"]
    assert iot.render(operation, {})[0] == 200
    with pytest.raises(AnswerMismatchError):
        iot.render(operation, {"policyName": "p"})
