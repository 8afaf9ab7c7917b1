"""GitHub on this machine: keeps comments, checks, issues, labels and pull requests, and answers as GitHub does.

Every request and every answer is held against GitHub's own description; what does not fit is in ``mismatches``, and a
request that does not fit is answered with 500. Run as a program it serves a repository whose state is at
``/_state`` as JSON, for workflows that are tried as a whole.
"""

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.github.description import check_answer, check_request, find

BOT = "github-actions[bot]"
LONGEST_BODY = 65_536
LONGEST_LABEL = 50
MOST_ANNOTATIONS = 50
_NOW = "2026-11-26T09:00:00Z"


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message, "documentation_url": "https://docs.github.com", **more}


@dataclass
class Fault:
    """An answer in place of what ``method`` and ``template`` would do, so many ``times``; status 0 cuts the line."""

    method: str
    template: str
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "a fault"
    after: bool = False


@dataclass
class State:
    """One repository. Numbers of issues and pull requests are shared, as on GitHub."""

    repository: str = "octo/fleets"
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    labelled: dict[int, list[str]] = field(default_factory=dict)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls_of: dict[str, list[int]] = field(default_factory=dict)
    last: int = 100

    def next(self) -> int:
        self.last += 1
        return self.last


class _Quiet(WSGIRequestHandler):
    """Says nothing of requests: they are in ``requests``."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Keep quiet."""


class StandIn:
    """A GitHub with one repository, served by threads of this process; a context manager."""

    def __init__(self, port: int = 0) -> None:
        self.state = State()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.mismatches: list[str] = []
        self.login: str | None = None
        self.author = BOT
        self.app = "github-actions"
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", port, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, method: str, template: str, status: int, **more: Any) -> None:
        """Answer the next request of that kind with an error (see ``Fault``)."""
        self.faults.append(Fault(method, template, status, **more))

    def bodies(self, number: int) -> list[str]:
        """The comments of an issue or pull request, the oldest first."""
        return [comment["body"] for comment in self.state.comments.values() if comment["_issue"] == number]

    def add_pull(self, pull: Mapping[str, Any], **changes: Any) -> None:
        """Take in a pull request as a webhook's payload describes it."""
        self.state.pulls[int(pull["number"])] = {**pull, **changes}

    def add_comment(self, number: int, body: str, login: str) -> int:
        """Somebody's comment; its id."""
        identifier = self.state.next()
        self.state.comments[identifier] = _comment(self, identifier, number, body, login)
        return identifier

    def _answer(self, environment: Any, start: Any) -> Any:
        request = Request(environment)
        if request.path == "/_state":
            return _json(200, self.as_document())(environment, start)
        if request.path == "/_pulls" and request.method == "POST":
            document = request.get_json()
            self.add_pull(document["pull"])
            for commit in document.get("commits", ()):
                self.state.pulls_of[commit] = [int(document["pull"]["number"])]
            return _json(200, {})(environment, start)
        with self._lock:
            response = self._serve(request)
        if response is None:  # the line is cut
            environment["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response(status=500)(environment, start)
        return response(environment, start)

    def as_document(self) -> dict[str, Any]:
        """The state and what was wrong with requests, as JSON."""
        state = self.state
        return {
            "comments": list(state.comments.values()),
            "issues": list(state.issues.values()),
            "checks": list(state.checks.values()),
            "labelled": state.labelled,
            "mismatches": self.mismatches,
            "requests": self.requests,
        }

    def _serve(self, request: Request) -> Response | None:
        found = find(request.method, request.path)
        if found is None:
            self.mismatches.append(f"{request.method} {request.path} is not described")
            return _json(404, {"message": "Not Found"})
        operation, (*parts,) = found
        self.requests.append((request.method, operation.template))
        fault = next((one for one in self.faults if (one.method, one.template) == operation[:2] and one.times), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                return self._fault(fault)
        body = json.loads(request.get_data()) if request.get_data() else None
        wrong = check_request(operation, request.args, body)
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _json(401, {"message": "Requires authentication"})
        if wrong:
            self.mismatches += [f"{request.method} {request.path}: {what}" for what in wrong]
            return _json(500, {"message": "; ".join(wrong)})
        try:
            handler = HANDLERS[request.method, operation.template]
            in_repository = parts[2:] if operation.template.startswith("/repos/") else parts
            status, answer = handler(self, in_repository, body if body is not None else dict(request.args))
        except RefusedError as refused:
            status, answer = refused.status, refused.body
        headers: dict[str, str] = {}
        if isinstance(answer, list | dict) and "page" in operation_parameters(operation.declared):
            answer, headers = self._page(request, answer)
        self.mismatches += [
            f"answer to {request.method} {request.path}: {what}" for what in check_answer(operation, status, answer)
        ]
        if fault is not None:
            return self._fault(fault)
        return _json(status, answer, headers)

    def _fault(self, fault: Fault) -> Response | None:
        return _json(fault.status, {"message": fault.message}, fault.headers) if fault.status else None

    def _page(self, request: Request, answer: Any) -> tuple[Any, dict[str, str]]:
        size, number = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
        key = next((name for name in answer if isinstance(answer[name], list)), "") if isinstance(answer, dict) else ""
        rows = answer[key] if key else answer
        part = rows[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(rows):
            query = "&".join(f"{name}={value}" for name, value in {**request.args, "page": number + 1}.items())
            headers["Link"] = f'<{self.url}{request.path}?{query}>; rel="next", <{self.url}/last>; rel="last"'
        return ({**answer, key: part} if key else part), headers


def operation_parameters(declared: Mapping[str, Any]) -> set[str]:
    """The names of what a request may ask, as far as they are shared parameters."""
    return {parameter.get("$ref", "").rpartition("/")[2] for parameter in declared.get("parameters", ())}


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    text = "" if body is None else json.dumps(_public(body))
    return Response(text, status, {"Content-Type": "application/json", **(headers or {})})


def _public(value: Any) -> Any:
    if isinstance(value, list):
        return [_public(item) for item in value]
    if isinstance(value, dict):
        return {key: _public(item) for key, item in value.items() if not key.startswith("_")}
    return value


def _user(stand_in: StandIn, login: str) -> dict[str, Any]:
    url = f"{stand_in.url}/users/{login}"
    places = (
        *("followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url", "organizations_url"),
        *("repos_url", "events_url", "received_events_url"),
    )
    return {
        "login": login,
        "id": 41898282,
        "node_id": "MDM6Qm90",
        "avatar_url": url,
        "gravatar_id": "",
        "url": url,
        "html_url": url,
        **dict.fromkeys(places, url),
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def _comment(stand_in: StandIn, identifier: int, number: int, body: str, login: str) -> dict[str, Any]:
    url = f"{stand_in.url}/repos/{stand_in.state.repository}/issues"
    return {
        "_issue": number,
        "id": identifier,
        "node_id": f"c{identifier}",
        "url": f"{url}/comments/{identifier}",
        "html_url": f"{url}/{number}#issuecomment-{identifier}",
        "issue_url": f"{url}/{number}",
        "body": body,
        "user": _user(stand_in, login),
        "created_at": _NOW,
        "updated_at": _NOW,
        "author_association": "NONE",
    }


def _check_body(body: str | None, resource: str) -> None:
    if body is not None and len(body) > LONGEST_BODY:
        error = {"resource": resource, "code": "unprocessable", "field": "data"}
        message = f"Body is too long (maximum is {LONGEST_BODY} characters)"
        raise RefusedError(422, "Validation Failed", errors=[{**error, "message": message}])


def _known(rows: Mapping[int, dict[str, Any]], identifier: str) -> dict[str, Any]:
    try:
        return rows[int(identifier)]
    except KeyError:
        raise RefusedError(404, "Not Found") from None


Answered = tuple[int, Any]


def who(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    if stand_in.login is None:
        raise RefusedError(403, "Resource not accessible by integration")
    more = {
        "user_view_type": "public",
        "followers": 0,
        "following": 0,
        "public_gists": 0,
        "public_repos": 0,
        "created_at": _NOW,
    }
    empty = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    return 200, {**_user(stand_in, stand_in.login), **empty, **more, "updated_at": _NOW}


def list_comments(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    number = int(parts[0])
    if number not in stand_in.state.pulls and number not in stand_in.state.issues:
        raise RefusedError(404, "Not Found")
    return 200, [comment for comment in stand_in.state.comments.values() if comment["_issue"] == number]


def create_comment(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    list_comments(stand_in, parts, {})
    _check_body(body["body"], "IssueComment")
    identifier = stand_in.add_comment(int(parts[0]), body["body"], stand_in.author)
    return 201, stand_in.state.comments[identifier]


def update_comment(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    comment = _known(stand_in.state.comments, parts[0])
    _check_body(body["body"], "IssueComment")
    comment["body"] = body["body"]
    return 200, comment


def delete_comment(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    _known(stand_in.state.comments, parts[0])
    del stand_in.state.comments[int(parts[0])]
    return 204, None


def create_check(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    identifier = stand_in.state.next()
    url = f"{stand_in.url}/repos/{stand_in.state.repository}/check-runs/{identifier}"
    stand_in.state.annotations[identifier] = []
    owner = _user(stand_in, "github")
    app = {
        "id": 15368,
        "slug": stand_in.app,
        "node_id": "A",
        "owner": owner,
        "name": "GitHub Actions",
        "description": "Automate your workflow",
        "external_url": "https://help.github.com",
        "html_url": "https://github.com/apps/github-actions",
        "created_at": _NOW,
        "updated_at": _NOW,
        "permissions": {"checks": "write"},
        "events": [],
    }
    stand_in.state.checks[identifier] = {
        "id": identifier,
        "node_id": f"k{identifier}",
        "head_sha": body["head_sha"],
        "external_id": body.get("external_id", ""),
        "url": url,
        "html_url": url,
        "details_url": body.get("details_url", url),
        "status": body.get("status", "queued"),
        "conclusion": None,
        "started_at": _NOW,
        "completed_at": None,
        "name": body["name"],
        "check_suite": {"id": 1},
        "app": app,
        "pull_requests": [],
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
    }
    return 201, _change_check(stand_in, identifier, body)


def update_check(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    _known(stand_in.state.checks, parts[0])
    return 200, _change_check(stand_in, int(parts[0]), body)


def _change_check(stand_in: StandIn, identifier: int, body: dict[str, Any]) -> dict[str, Any]:
    check, output = stand_in.state.checks[identifier], dict(body.get("output", {}))
    annotations = output.pop("annotations", [])
    if len(annotations) > MOST_ANNOTATIONS or any(len(output.get(key) or "") > 65_535 for key in ("summary", "text")):
        raise RefusedError(422, "Invalid request. No more than 50 annotations, 65535 characters")
    stand_in.state.annotations[identifier] += annotations
    check["output"] |= {**output, "annotations_count": len(stand_in.state.annotations[identifier])}
    for key in ("conclusion", "status", "completed_at"):
        if key in body:
            check[key] = body[key]
    if "conclusion" in body:
        check["status"], check["completed_at"] = "completed", _NOW
    return check


def list_checks(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    checks = [
        check
        for check in reversed(stand_in.state.checks.values())
        if check["head_sha"] == parts[0] and query.get("check_name", check["name"]) == check["name"]
    ]
    return 200, {"total_count": len(checks), "check_runs": checks}


def pulls_of_commit(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, [stand_in.state.pulls[number] for number in stand_in.state.pulls_of.get(parts[0], ())]


def get_run(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, _known(stand_in.state.runs, parts[0])


def _label(stand_in: StandIn, name: str) -> dict[str, Any]:
    known = stand_in.state.labels.setdefault(name, {"color": "ededed", "description": None})
    url = f"{stand_in.url}/repos/{stand_in.state.repository}/labels/{name}"
    return {"id": 1, "node_id": "L", "url": url, "name": name, "default": False, **known}


def create_label(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    if body["name"] in stand_in.state.labels or len(body["name"]) > LONGEST_LABEL:
        code = "already_exists" if body["name"] in stand_in.state.labels else "invalid"
        raise RefusedError(422, "Validation Failed", errors=[{"resource": "Label", "code": code, "field": "name"}])
    stand_in.state.labels[body["name"]] = {"color": body["color"], "description": body.get("description")}
    return 201, _label(stand_in, body["name"])


def list_labels(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, [_label(stand_in, name) for name in stand_in.state.labelled.get(int(parts[0]), ())]


def add_labels(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    if any(len(name) > LONGEST_LABEL for name in body["labels"]):
        raise RefusedError(422, "Validation Failed")
    there = stand_in.state.labelled.setdefault(int(parts[0]), [])
    there += [name for name in body["labels"] if name not in there]
    return list_labels(stand_in, parts, {})


def remove_label(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    there = stand_in.state.labelled.get(int(parts[0]), [])
    if parts[1] not in there:
        raise RefusedError(404, "Label does not exist")
    there.remove(parts[1])
    return list_labels(stand_in, parts, {})


def list_issues(stand_in: StandIn, parts: list[str], query: dict[str, str]) -> Answered:
    wanted = set(filter(None, query.get("labels", "").split(",")))
    state = query.get("state", "open")
    return 200, [
        issue
        for issue in reversed(stand_in.state.issues.values())
        if state in {"all", issue["state"]} and wanted <= {label["name"] for label in issue["labels"]}
    ]


def create_issue(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    _check_body(body.get("body"), "Issue")
    number = stand_in.state.next()
    url = f"{stand_in.url}/repos/{stand_in.state.repository}/issues/{number}"
    places = ("url", "html_url", "comments_url", "events_url", "labels_url", "repository_url")
    stand_in.state.issues[number] = {
        **dict.fromkeys(places, url),
        "id": number,
        "node_id": f"i{number}",
        "number": number,
        "title": body["title"],
        "body": body.get("body"),
        "user": _user(stand_in, stand_in.author),
        "labels": [_label(stand_in, name) for name in body.get("labels", ())],
        "state": "open",
        "locked": False,
        "assignee": None,
        "milestone": None,
        "comments": 0,
        "closed_at": None,
        "created_at": _NOW,
        "updated_at": _NOW,
        "author_association": "NONE",
    }
    return 201, stand_in.state.issues[number]


def update_issue(stand_in: StandIn, parts: list[str], body: dict[str, Any]) -> Answered:
    issue = _known(stand_in.state.issues, parts[0])
    _check_body(body.get("body"), "Issue")
    issue |= body
    return 200, issue


_REPO = "/repos/{owner}/{repo}"
HANDLERS: dict[tuple[str, str], Callable[[StandIn, list[str], dict[str, Any]], Answered]] = {
    ("GET", "/user"): who,
    ("GET", f"{_REPO}/actions/runs/{{run_id}}"): get_run,
    ("POST", f"{_REPO}/check-runs"): create_check,
    ("PATCH", f"{_REPO}/check-runs/{{check_run_id}}"): update_check,
    ("GET", f"{_REPO}/commits/{{commit_sha}}/pulls"): pulls_of_commit,
    ("GET", f"{_REPO}/commits/{{ref}}/check-runs"): list_checks,
    ("GET", f"{_REPO}/issues"): list_issues,
    ("POST", f"{_REPO}/issues"): create_issue,
    ("PATCH", f"{_REPO}/issues/comments/{{comment_id}}"): update_comment,
    ("DELETE", f"{_REPO}/issues/comments/{{comment_id}}"): delete_comment,
    ("PATCH", f"{_REPO}/issues/{{issue_number}}"): update_issue,
    ("GET", f"{_REPO}/issues/{{issue_number}}/comments"): list_comments,
    ("POST", f"{_REPO}/issues/{{issue_number}}/comments"): create_comment,
    ("GET", f"{_REPO}/issues/{{issue_number}}/labels"): list_labels,
    ("POST", f"{_REPO}/issues/{{issue_number}}/labels"): add_labels,
    ("DELETE", f"{_REPO}/issues/{{issue_number}}/labels/{{name}}"): remove_label,
    ("POST", f"{_REPO}/labels"): create_label,
}


if __name__ == "__main__":
    with StandIn(int(sys.argv[1])) as serving:
        Path(sys.argv[2]).write_text(serving.url, encoding="utf-8")
        threading.Event().wait()
