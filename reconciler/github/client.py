"""GitHub's REST API, as far as this project needs it: requests, pages, rate limits, and what may be sent again.

Rate limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api. A refused request was not
carried out and is sent again after the time that the answer names; one that was lost is sent again only if doing it
twice does no harm.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from reconciler import __version__
from reconciler.model.errors import ReconcileError

TIMEOUT = urllib3.Timeout(connect=10, read=30)
ATTEMPTS = 4
LONGEST_WAIT = 180.0
"""Seconds that one request waits in all, for limits and between attempts; longer, and the caller hears of it."""
PAGE_SIZE = 100
"""The largest page that GitHub gives."""

_NO_HINT_WAIT = 60.0
"""Seconds after a secondary rate limit that names no time: GitHub asks for at least a minute."""
_SAFE_AGAIN = frozenset({"GET", "PATCH", "PUT", "DELETE"})


class GitHubError(ReconcileError):
    """GitHub said no (``status``), or nothing (0)."""

    def __init__(self, message: str, status: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status

    @property
    def is_too_long(self) -> bool:
        """Whether a text was refused for its length."""
        return self.status == 422 and "too long" in self.message.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered: the status, and the body as JSON (None: empty)."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class GitHub:
    """One repository (``owner/name``) on the GitHub whose API is at ``api_url``.

    Every method raises GitHubError. ``clock`` gives seconds since 1970.
    """

    api_url: str
    repository: str
    token: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.api_url = self.api_url.rstrip("/")
        proxy = _proxy_for(self.api_url)
        self._pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()

    def get(self, path: str, **query: str | int) -> Any:
        """The answer of GET below the repository; ``path`` begins with a slash."""
        return self.call("GET", self.url(path, **query)).body

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer of POST below the repository."""
        return self.call("POST", self.url(path), body).body

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer of PATCH below the repository."""
        return self.call("PATCH", self.url(path), body).body

    def delete(self, path: str) -> None:
        """DELETE below the repository; what is gone already is no error."""
        try:
            self.call("DELETE", self.url(path))
        except GitHubError as error:
            if error.status not in {404, 410}:
                raise

    def pages(self, path: str, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """Every entry of a list, page by page; ``key`` names the list where the answer is an object."""
        url: str | None = self.url(path, per_page=PAGE_SIZE, **query)
        while url is not None:
            answer = self.call("GET", url)
            yield from answer.body[key] if key is not None else answer.body
            url = self._next(answer)

    def login(self) -> str:
        """Who comments with this token. The token of a workflow may not ask, and is ``github-actions[bot]``."""
        try:
            return str(self.call("GET", f"{self.api_url}/user").body["login"])
        except GitHubError as error:
            if error.status not in {401, 403, 404}:
                raise
            return "github-actions[bot]"

    def url(self, path: str, **query: str | int) -> str:
        """The address of ``path`` below the repository."""
        text = f"{self.api_url}/repos/{quote(self.repository)}{path}"
        return f"{text}?{urlencode(query)}" if query else text

    def call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One request, sent again where that is safe. Raises GitHubError for every status from 400 on."""
        left = LONGEST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._send(method, url, body)
            except urllib3.exceptions.HTTPError as error:
                wait = _backoff(attempt) if method in _SAFE_AGAIN or _was_not_sent(error) else None
                failure = GitHubError(f"{self._what(method, url)}: {_reason(error)}", 0)
            else:
                if answer.status < 400:
                    return answer
                wait = self._wait(method, answer, attempt)
                failure = GitHubError(f"{self._what(method, url)}: {_said(answer)}", answer.status)
            if wait is None or wait > left or attempt == ATTEMPTS:
                raise failure
            left -= wait
            self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": f"greengrass-reconciler/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        answer = self._pool.request(
            method,
            url,
            body=data,
            headers=headers,
            timeout=TIMEOUT,
            # A repository that was renamed answers with its new address; the token goes to the same host alone.
            retries=urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3),
        )
        try:
            parsed = json.loads(answer.data) if answer.data else None
        except ValueError:
            parsed = {"message": answer.data[:200].decode("utf-8", "replace")}
            if answer.status < 400:
                raise GitHubError(f"{self._what(method, url)}: the answer is not JSON", answer.status) from None
        return Answer(answer.status, parsed, answer.headers)

    def _wait(self, method: str, answer: Answer, attempt: int) -> float | None:
        """Seconds after which to send a refused request again; None: not at all."""
        headers, status = answer.headers, answer.status
        if status in {403, 429}:
            if (after := headers.get("Retry-After", "")).isdecimal():
                return float(after)
            if headers.get("X-RateLimit-Remaining") == "0" and headers.get("X-RateLimit-Reset", "").isdecimal():
                return max(0.0, float(headers["X-RateLimit-Reset"]) - self.clock()) + 1
            return _NO_HINT_WAIT if status == 429 or "secondary rate limit" in _said(answer) else None
        return _backoff(attempt) if status >= 500 and method in _SAFE_AGAIN else None

    def _next(self, answer: Answer) -> str | None:
        """The address of the next page, if it is one of this API."""
        for part in answer.headers.get("Link", "").split(","):
            address, _, relation = part.partition(";")
            if relation.strip() == 'rel="next"':
                url = address.strip().strip("<>")
                return url if url.startswith(f"{self.api_url}/") else None
        return None

    def _what(self, method: str, url: str) -> str:
        return f"GitHub {method} {url.removeprefix(self.api_url).partition('?')[0]}"


def _backoff(attempt: int) -> float:
    return 2.0 ** (attempt - 1)


def _was_not_sent(error: Exception) -> bool:
    reason = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    return f"no answer ({type(reason).__name__})"


def _said(answer: Answer) -> str:
    """The status, GitHub's message, and what it has against which field."""
    body = answer.body if isinstance(answer.body, dict) else {}
    details = []
    for error in body.get("errors") or ():
        if isinstance(error, dict):
            parts = (error.get("field"), error.get("code"), error.get("message"))
            details.append(" ".join(str(part) for part in parts if part))
        else:
            details.append(str(error))
    text = ": ".join(filter(None, [str(body.get("message") or ""), "; ".join(details)]))
    return f"{answer.status} {text}".rstrip()


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
