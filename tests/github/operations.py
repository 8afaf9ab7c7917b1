"""What each operation of GitHub's API does to one repository, and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.github.repositories import Repository

BOT = "github-actions[bot]"
LONGEST_BODY = 65_536
LONGEST_LABEL = 50
MOST_ANNOTATIONS = 50
NOW = "2026-11-26T09:00:00Z"


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message, "documentation_url": "https://docs.github.com", **more}


@dataclass
class State:
    """One repository. Numbers of issues and pull requests are shared, as on GitHub.

    ``login`` is whose the token is (None: a workflow's, which may not ask), ``author`` who comments with it, ``app``
    what makes checks. ``git`` holds commits and branches, for who asks for any.
    """

    url: str = ""
    login: str | None = None
    author: str = BOT
    app: str = "github-actions"
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
    git: Repository | None = None
    last: int = 100

    def next(self) -> int:
        self.last += 1
        return self.last


def user(state: State, login: str) -> dict[str, Any]:
    url = f"{state.url}/users/{login}"
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


def comment_of(state: State, identifier: int, number: int, body: str, login: str) -> dict[str, Any]:
    url = f"{state.url}/repos/{state.repository}/issues"
    return {
        "_issue": number,
        "id": identifier,
        "node_id": f"c{identifier}",
        "url": f"{url}/comments/{identifier}",
        "html_url": f"{url}/{number}#issuecomment-{identifier}",
        "issue_url": f"{url}/{number}",
        "body": body,
        "user": user(state, login),
        "created_at": NOW,
        "updated_at": NOW,
        "author_association": "NONE",
    }


def add_comment(state: State, number: int, body: str, login: str) -> int:
    """Somebody's comment; its id."""
    identifier = state.next()
    state.comments[identifier] = comment_of(state, identifier, number, body, login)
    return identifier


def check_body(body: str | None, resource: str) -> None:
    if body is not None and len(body) > LONGEST_BODY:
        error = {"resource": resource, "code": "unprocessable", "field": "data"}
        message = f"Body is too long (maximum is {LONGEST_BODY} characters)"
        raise RefusedError(422, "Validation Failed", errors=[{**error, "message": message}])


def known(rows: Mapping[int, dict[str, Any]], identifier: str) -> dict[str, Any]:
    try:
        return rows[int(identifier)]
    except KeyError:
        raise RefusedError(404, "Not Found") from None


Answered = tuple[int, Any]


def who(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    if state.login is None:
        raise RefusedError(403, "Resource not accessible by integration")
    more = {
        "user_view_type": "public",
        "followers": 0,
        "following": 0,
        "public_gists": 0,
        "public_repos": 0,
        "created_at": NOW,
    }
    empty = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    return 200, {**user(state, state.login), **empty, **more, "updated_at": NOW}


def list_comments(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    number = int(parts[0])
    if number not in state.pulls and number not in state.issues:
        raise RefusedError(404, "Not Found")
    return 200, [comment for comment in state.comments.values() if comment["_issue"] == number]


def create_comment(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    list_comments(state, parts, {})
    check_body(body["body"], "IssueComment")
    identifier = add_comment(state, int(parts[0]), body["body"], state.author)
    return 201, state.comments[identifier]


def update_comment(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    comment = known(state.comments, parts[0])
    check_body(body["body"], "IssueComment")
    comment["body"] = body["body"]
    return 200, comment


def delete_comment(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    known(state.comments, parts[0])
    del state.comments[int(parts[0])]
    return 204, None


def create_check(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    identifier = state.next()
    url = f"{state.url}/repos/{state.repository}/check-runs/{identifier}"
    state.annotations[identifier] = []
    owner = user(state, "github")
    app = {
        "id": 15368,
        "slug": state.app,
        "node_id": "A",
        "owner": owner,
        "name": "GitHub Actions",
        "description": "Automate your workflow",
        "external_url": "https://help.github.com",
        "html_url": "https://github.com/apps/github-actions",
        "created_at": NOW,
        "updated_at": NOW,
        "permissions": {"checks": "write"},
        "events": [],
    }
    state.checks[identifier] = {
        "id": identifier,
        "node_id": f"k{identifier}",
        "head_sha": body["head_sha"],
        "external_id": body.get("external_id", ""),
        "url": url,
        "html_url": url,
        "details_url": body.get("details_url", url),
        "status": body.get("status", "queued"),
        "conclusion": None,
        "started_at": NOW,
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
    return 201, _change_check(state, identifier, body)


def update_check(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    known(state.checks, parts[0])
    return 200, _change_check(state, int(parts[0]), body)


def _change_check(state: State, identifier: int, body: dict[str, Any]) -> dict[str, Any]:
    check, output = state.checks[identifier], dict(body.get("output", {}))
    annotations = output.pop("annotations", [])
    if len(annotations) > MOST_ANNOTATIONS or any(len(output.get(key) or "") > 65_535 for key in ("summary", "text")):
        raise RefusedError(422, "Invalid request. No more than 50 annotations, 65535 characters")
    state.annotations[identifier] += annotations
    check["output"] |= {**output, "annotations_count": len(state.annotations[identifier])}
    for key in ("conclusion", "status", "completed_at"):
        if key in body:
            check[key] = body[key]
    if "conclusion" in body:
        check["status"], check["completed_at"] = "completed", NOW
    return check


def list_checks(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    checks = [
        check
        for check in reversed(state.checks.values())
        if check["head_sha"] == parts[0] and query.get("check_name", check["name"]) == check["name"]
    ]
    return 200, {"total_count": len(checks), "check_runs": checks}


def pulls_of_commit(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, [state.pulls[number] for number in state.pulls_of.get(parts[0], ())]


def get_run(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, known(state.runs, parts[0])


def _label(state: State, name: str) -> dict[str, Any]:
    known = state.labels.setdefault(name, {"color": "ededed", "description": None})
    url = f"{state.url}/repos/{state.repository}/labels/{name}"
    return {"id": 1, "node_id": "L", "url": url, "name": name, "default": False, **known}


def create_label(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    if body["name"] in state.labels or len(body["name"]) > LONGEST_LABEL:
        code = "already_exists" if body["name"] in state.labels else "invalid"
        raise RefusedError(422, "Validation Failed", errors=[{"resource": "Label", "code": code, "field": "name"}])
    state.labels[body["name"]] = {"color": body["color"], "description": body.get("description")}
    return 201, _label(state, body["name"])


def list_labels(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, [_label(state, name) for name in state.labelled.get(int(parts[0]), ())]


def add_labels(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    if any(len(name) > LONGEST_LABEL for name in body["labels"]):
        raise RefusedError(422, "Validation Failed")
    there = state.labelled.setdefault(int(parts[0]), [])
    there += [name for name in body["labels"] if name not in there]
    return list_labels(state, parts, {})


def remove_label(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    there = state.labelled.get(int(parts[0]), [])
    if parts[1] not in there:
        raise RefusedError(404, "Label does not exist")
    there.remove(parts[1])
    return list_labels(state, parts, {})


def list_issues(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    wanted = set(filter(None, query.get("labels", "").split(",")))
    asked = query.get("state", "open")
    return 200, [
        issue
        for issue in reversed(state.issues.values())
        if asked in {"all", issue["state"]} and wanted <= {label["name"] for label in issue["labels"]}
    ]


def create_issue(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    check_body(body.get("body"), "Issue")
    number = state.next()
    url = f"{state.url}/repos/{state.repository}/issues/{number}"
    places = ("url", "html_url", "comments_url", "events_url", "labels_url", "repository_url")
    state.issues[number] = {
        **dict.fromkeys(places, url),
        "id": number,
        "node_id": f"i{number}",
        "number": number,
        "title": body["title"],
        "body": body.get("body"),
        "user": user(state, state.author),
        "labels": [_label(state, name) for name in body.get("labels", ())],
        "state": "open",
        "locked": False,
        "assignee": None,
        "milestone": None,
        "comments": 0,
        "closed_at": None,
        "created_at": NOW,
        "updated_at": NOW,
        "author_association": "NONE",
    }
    return 201, state.issues[number]


def update_issue(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    issue = known(state.issues, parts[0])
    check_body(body.get("body"), "Issue")
    issue |= body
    return 200, issue


_REPO = "/repos/{owner}/{repo}"
OPERATIONS: dict[tuple[str, str], Callable[[State, list[str], dict[str, Any]], Answered]] = {
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
