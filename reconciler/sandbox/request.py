"""A request as the sandbox sees it, and for which service and region it was signed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

# Credential=KEY/DATE/REGION/SERVICE/aws4_request, in the Authorization header or a presigned URL.
SCOPE = re.compile(r"[^/]+/\d{8}/(?P<region>[^/]*)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole. Header names are lower-case; ``raw_path`` is as sent, still percent-encoded."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    environ: Mapping[str, Any]

    @classmethod
    def read(cls, environ: Mapping[str, Any]) -> "Request":
        """Read a request from its WSGI environment."""
        headers = {
            name.removeprefix("HTTP_").lower().replace("_", "-"): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        raw_uri = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ.get("PATH_INFO", "/"))
        raw_path = re.sub(r"^https?://[^/]*", "", raw_uri.partition("?")[0]) or "/"
        return cls(
            method=str(environ["REQUEST_METHOD"]).upper(),
            raw_path=raw_path,
            query_string=str(environ.get("QUERY_STRING", "")),
            headers=headers,
            body=environ["wsgi.input"].read(),
            environ=environ,
        )

    @property
    def query(self) -> dict[str, str]:
        """The query, the last value of each name."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body's form fields, as the query protocol sends them; none for any other body."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def scope(self) -> tuple[str, str] | None:
        """Region and signing name of the service that the request was signed for; None for an unsigned one."""
        authorization = self.headers.get("authorization", "")
        credential = authorization.partition("Credential=")[2] or self.query.get("X-Amz-Credential", "")
        found = SCOPE.match(credential)
        return (found["region"], found["service"].lower()) if found else None
