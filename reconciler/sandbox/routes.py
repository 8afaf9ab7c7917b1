"""Which operation of a service a request calls, by the URI templates of botocore's model (rest-json and rest-xml)."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@functools.cache
def _loader() -> Loader:
    return Loader()


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by boto3's client name; raises UnknownServiceError for a name that it lacks."""
    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@functools.cache
def service_names() -> frozenset[str]:
    """The client names that botocore has models of."""
    return frozenset(_loader().list_available_services("service-2"))


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's URI: a pattern over the decoded path, and what else must be in the request."""

    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literals: int  # characters that stand fixed in the path: the more, the more special
    fixed_query: tuple[tuple[str, str], ...]
    needed_query: tuple[str, ...]
    needed_headers: tuple[str, ...]

    @property
    def weight(self) -> tuple[int, int, int]:
        """Sorts the most special route first when reversed."""
        return (self.literals, len(self.fixed_query), len(self.needed_query) + len(self.needed_headers))

    def accepts(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether query and headers (lower-case names) hold what tells this operation from others on its path."""
        return (
            all(query.get(name) == value for name, value in self.fixed_query)
            and all(name in query for name in self.needed_query)
            and all(name in headers for name in self.needed_headers)
        )


class RouteTable:
    """The routes of one service."""

    def __init__(self, model: ServiceModel) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}
        self._greedy: dict[str, list[Route]] = {}
        # S3 alone tells operations on one path apart by required query members and headers. For the others these
        # are ordinary parameters, and a request that lacks one is a bad request, not another operation.
        by_members = model.metadata["protocol"] == "rest-xml"
        for name in model.operation_names:
            self._add(model, name, by_members=by_members)
        for routes in (*self._routes.values(), *self._greedy.values()):
            routes.sort(key=lambda route: route.weight, reverse=True)

    def _add(self, model: ServiceModel, name: str, *, by_members: bool) -> None:
        operation = model.operation_model(name)
        method, uri = str(operation.http["method"]), str(operation.http["requestUri"])
        path, _, fixed = uri.partition("?")
        path = path.rstrip("/") or "/"
        needed: dict[str, list[str]] = {"querystring": [], "header": []}
        if by_members and operation.input_shape is not None:
            _collect_needed(operation.input_shape, needed)
        route = Route(
            operation=name,
            pattern=_pattern(path),
            labels=tuple(label for label, _ in LABEL.findall(path)),
            literals=len(LABEL.sub("", path)),
            fixed_query=tuple(parse_qsl(fixed, keep_blank_values=True)),
            needed_query=tuple(needed["querystring"]),
            needed_headers=tuple(header.lower() for header in needed["header"]),
        )
        if "+}" in path:
            self._greedy.setdefault(method, []).append(route)
        else:
            self._routes.setdefault((method, path.count("/")), []).append(route)

    def match(
        self,
        method: str,
        raw_path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, dict[str, str]] | None:
        """The operation's name and its labels, decoded; None where no route fits.

        ``raw_path`` is the path as sent, still percent-encoded, without the query: an ARN in a label holds encoded
        slashes. A trailing slash means nothing.
        """
        path = raw_path.rstrip("/") or "/"
        for route in self._candidates(method, path):
            found = route.pattern.fullmatch(path)
            if found and route.accepts(query or {}, headers or {}):
                values = (unquote(value) for value in found.groups())
                return route.operation, dict(zip(route.labels, values, strict=True))
        return None

    def _candidates(self, method: str, path: str) -> Iterator[Route]:
        yield from self._routes.get((method, path.count("/")), ())
        yield from self._greedy.get(method, ())


def _collect_needed(shape: Any, needed: dict[str, list[str]]) -> None:
    if isinstance(shape, StructureShape):
        for member_name in shape.required_members:
            traits = shape.members[member_name].serialization
            if traits.get("location") in needed:
                needed[traits["location"]].append(str(traits.get("name", member_name)))


def _pattern(path: str) -> re.Pattern[str]:
    """A regular expression over the raw path; fixed parts match encoded or not (``$reset``, ``%24reset``)."""
    parts: list[str] = []
    end = 0
    for label in LABEL.finditer(path):
        parts += [_fixed(path[end : label.start()]), "(.+)" if label[2] else "([^/]+)"]
        end = label.end()
    parts.append(_fixed(path[end:]))
    return re.compile("".join(parts), re.DOTALL)


def _fixed(text: str) -> str:
    return "".join(
        re.escape(char) if char.isalnum() or char in "/-._~" else f"(?:{re.escape(char)}|%{ord(char):02X})"
        for char in text
    )


@functools.cache
def routes_of(service: str) -> RouteTable:
    """The routes of a service whose protocol is rest-json or rest-xml, made once."""
    return RouteTable(service_model(service))
