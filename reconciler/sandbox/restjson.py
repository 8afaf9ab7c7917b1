"""A rest-json service from botocore's model: requests matched, parsed and checked; answers and errors written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

from botocore.model import Shape, StructureShape

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.routes import routes_of, service_model
from reconciler.sandbox.shapes import Reader, write, write_text

# What each service calls a request that its model does not allow.
BAD_REQUEST_CODES = {
    "greengrass": "BadRequestException",
    "greengrassv2": "ValidationException",
    "iot": "InvalidRequestException",
}

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service: its name, and what goes in and out; ``status`` is the HTTP status of success."""

    name: str
    method: str
    status: int
    input: StructureShape | None
    output: StructureShape | None


class RestJsonService:
    """One service as its model describes it; holds no state."""

    def __init__(self, service_name: str) -> None:
        model = service_model(service_name)
        self.name = service_name
        self._bad_request = BAD_REQUEST_CODES.get(service_name, "ValidationException")
        self._routes = routes_of(service_name)
        self._errors: Mapping[str, StructureShape] = {
            shape.error_code: shape for shape in cast("list[StructureShape]", model.error_shapes)
        }
        self.operations: Mapping[str, Operation] = {
            name: _operation(model.operation_model(name)) for name in model.operation_names
        }

    def match(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation that a request calls and the decoded labels of its path; None where there is none."""
        found = self._routes.match(method, raw_path)
        return None if found is None else (self.operations[found[0]], found[1])

    def parse(
        self,
        operation: Operation,
        labels: Mapping[str, str],
        query: str | Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        """The operation's parameters, under the names that boto3 gives them.

        ``query`` is the raw query string, or the values of each name; header names are matched in any case. Raises
        ServiceError (400) that lists all that the model does not allow: wrong types, missing members, enums, lengths,
        ranges and patterns. Members that the model does not know are dropped.
        """
        if operation.input is None:
            return {}
        values = parse_qs(query, keep_blank_values=True) if isinstance(query, str) else query
        request = _Request(labels, values, {name.lower(): value for name, value in headers.items()})
        reader = Reader()
        params = request.located(operation.input, reader)
        params |= self._body(operation.input, body, reader)
        for name in operation.input.required_members:
            in_body = "location" not in operation.input.members[name].serialization
            if name not in params and not in_body:
                reader.missing(name)
        if reader.problems:
            count = len(reader.problems)
            text = f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(reader.problems)}"
            raise ServiceError(self._bad_request, text, **self._blame(reader))
        return params

    def _blame(self, reader: Reader) -> dict[str, Any]:
        """The members by which a service's error names the fields that are wrong, where its model has any."""
        shape = self._errors.get(self._bad_request)
        if shape is None or "fields" not in shape.members:
            return {}
        fields = [{"name": path, "message": text} for path, text in zip(reader.paths, reader.problems, strict=True)]
        return {"reason": "FIELD_VALIDATION_FAILED", "fields": fields}

    def _body(self, shape: StructureShape, body: bytes, reader: Reader) -> dict[str, Any]:
        payload = shape.serialization.get("payload")
        if payload is not None:
            member = shape.members[payload]
            if member.type_name in ("blob", "string"):
                empty = not body and payload not in shape.required_members
                return {} if empty else {payload: body if member.type_name == "blob" else body.decode()}
            if not body and payload not in shape.required_members:
                return {}
            return {payload: reader.read(member, _json(body), payload)}
        content = _json(body)
        if not isinstance(content, dict):
            raise ServiceError("SerializationException", "the body must be a JSON object")
        params: dict[str, Any] = {}
        for name, member in shape.members.items():
            if "location" in member.serialization:
                continue
            value = content.get(member.serialization.get("name", name))
            if value is not None:
                params[name] = reader.read(member, value, name)
            elif name in shape.required_members:
                reader.missing(name)
        return params

    def render(self, operation: Operation, result: Mapping[str, Any]) -> Answer:
        """Status, headers and body of a result; raises AnswerMismatchError for one that does not fit the model."""
        headers: dict[str, str] = {}
        shape = operation.output
        if shape is None:
            if result:
                write(_EMPTY, result)
            return operation.status, headers, b""
        status, rest = operation.status, dict(result)
        for name, member in shape.members.items():
            location = member.serialization.get("location")
            if location is None or rest.get(name) is None:
                continue
            value = rest.pop(name)
            if location == "statusCode":
                status = int(value)
            elif location == "headers":
                prefix = str(member.serialization.get("name", ""))
                headers |= {f"{prefix}{key}": str(item) for key, item in value.items()}
            else:
                headers[str(member.serialization.get("name", name))] = write_text(member, value, "rfc822")
        payload = shape.serialization.get("payload")
        if payload is None:
            headers["Content-Type"] = "application/json"
            return status, headers, json.dumps(write(shape, rest)).encode()
        value = rest.pop(payload, None)
        write(shape, rest)  # finds what does not belong there
        return status, headers, _payload(shape.members[payload], value)

    def refuse(self, error: ServiceError) -> Answer:
        """Status, headers and body of an error, in both spellings of ``message`` that the services use."""
        members, headers = dict(error.members), {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        shape = self._errors.get(error.code)
        for name, member in shape.members.items() if shape is not None else ():
            if member.serialization.get("location") == "header" and name in members:
                headers[str(member.serialization["name"])] = write_text(member, members.pop(name), "rfc822")
        content = {"message": error.message, "Message": error.message, **members}
        return error.status, headers, json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class _Request:
    """The parts of a request outside its body."""

    labels: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def located(self, shape: StructureShape, reader: Reader) -> dict[str, Any]:
        """The members of ``shape`` that are bound to the path, the query or the headers, where they are given."""
        params: dict[str, Any] = {}
        for name, member in shape.members.items():
            location = member.serialization.get("location")
            wire_name = str(member.serialization.get("name", name))
            value: Any = None
            if location == "uri" and wire_name in self.labels:
                value = reader.read_text(member, self.labels[wire_name], name, "iso8601")
            elif location == "querystring":
                value = self._from_query(shape, member, wire_name, name, reader)
            elif location == "header" and wire_name.lower() in self.headers:
                value = reader.read_text(member, self.headers[wire_name.lower()], name, "rfc822")
            elif location == "headers":
                prefix = wire_name.lower()
                value = {key[len(prefix) :]: text for key, text in self.headers.items() if key.startswith(prefix)}
            if value is not None:
                params[name] = value
        return params

    def _from_query(self, shape: StructureShape, member: Any, wire_name: str, name: str, reader: Reader) -> Any:
        if member.type_name == "map":
            taken = {m.serialization.get("name", n) for n, m in shape.members.items() if m is not member}
            return {key: values[-1] for key, values in self.query.items() if key not in taken}
        values = self.query.get(wire_name)
        if values is None:
            return None
        if member.type_name == "list":
            items = [reader.read_text(member.member, text, name, "iso8601") for text in values]
            return reader.read(member, items, name) if None not in items else None
        return reader.read_text(member, values[-1], name, "iso8601")


def _operation(model: Any) -> Operation:
    return Operation(
        name=model.name,
        method=model.http["method"],
        status=int(model.http.get("responseCode", 200)),
        input=model.input_shape,
        output=model.output_shape,
    )


def _payload(shape: Shape, value: Any) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return json.dumps(write(shape, value)).encode()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body.strip() else {}
    except ValueError as problem:
        raise ServiceError("SerializationException", f"the body is not JSON: {problem}") from problem


_EMPTY = StructureShape("Nothing", {"type": "structure", "members": {}})
