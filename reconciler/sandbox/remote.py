"""A running sandbox from outside: its control API, and the environment that points clients at it."""

import json
import urllib.error
import urllib.request
from typing import Any

from reconciler.sandbox.errors import ControlError

# Signed with anything: the sandbox reads region and service from a signature and checks nothing.
ACCESS_KEY = "sandbox"


def environment(url: str, region: str) -> dict[str, str]:
    """The variables by which boto3, the AWS CLI and any other SDK find the sandbox at ``url``."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
    }


class Remote:
    """The control API of the sandbox at ``url``; each method is one call of it.

    Raises ControlError with the sandbox's own words where it refuses, and OSError where nothing answers.
    """

    def __init__(self, url: str, *, timeout: float = 60) -> None:
        self.url = url
        self._timeout = timeout
        # A proxy that the environment names is for the world outside this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """Account, region, the sandbox's time, its process id, and an ``instance`` that no other one has."""
        return dict(self._call("GET", "health"))

    def reset(self) -> None:
        """Forget everything."""
        self._call("POST", "reset")

    def log(self) -> dict[str, Any]:
        """``{"calls": [...], "counts": {...}}``."""
        return dict(self._call("GET", "calls"))

    def clear_log(self) -> None:
        """Forget the calls so far."""
        self._call("DELETE", "calls")

    def cores(self) -> dict[str, Any]:
        """What is on each core device of Greengrass V2: ``{region: {thing name: {...}}}``."""
        return dict(self._call("GET", "cores"))

    def tell(self, name: str, content: Any) -> Any:
        """PUT ``devices``, ``faults``, ``limits``, ``clock`` or ``cdf``; answers with what is in force from now on."""
        return self._call("PUT", name, content)

    def _call(self, method: str, name: str, content: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the url is our own server's
            f"{self.url}/_sandbox/{name}",
            method=method,
            data=json.dumps(content).encode() if method == "PUT" else None,
            headers={"Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                raise ControlError(_message(problem)) from problem


def _message(problem: urllib.error.HTTPError) -> str:
    text = problem.read().decode("utf-8", "replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return f"HTTP {problem.code}: {text[:200]}"
