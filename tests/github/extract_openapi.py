"""Takes what the tests need out of GitHub's published description of its REST API, into ``openapi.json`` beside this.

The description is in the npm package ``@octokit/openapi`` (MIT), ``generated/api.github.com.json``, 13 MB:

    npm pack @octokit/openapi@23.0.2 && tar -xzf octokit-openapi-23.0.2.tgz
    python tests/github/extract_openapi.py package/generated/api.github.com.json

Only operations below and the schemas that they refer to are kept, without descriptions and examples.
"""

import json
import sys
from pathlib import Path
from typing import Any

OPERATIONS = {
    "/user": ["get"],
    "/repos/{owner}/{repo}/actions/runs/{run_id}": ["get"],
    "/repos/{owner}/{repo}/check-runs": ["post"],
    "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls": ["get"],
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
    "/repos/{owner}/{repo}/git/commits": ["post"],
    "/repos/{owner}/{repo}/git/commits/{commit_sha}": ["get"],
    "/repos/{owner}/{repo}/git/ref/{ref}": ["get"],
    "/repos/{owner}/{repo}/git/refs": ["post"],
    "/repos/{owner}/{repo}/git/refs/{ref}": ["patch", "delete"],
    "/repos/{owner}/{repo}/git/trees": ["post"],
    "/repos/{owner}/{repo}/issues": ["get", "post"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["patch", "delete"],
    "/repos/{owner}/{repo}/issues/{issue_number}": ["patch"],
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ["get", "post"],
    "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}": ["delete"],
    "/repos/{owner}/{repo}/labels": ["post"],
    "/repos/{owner}/{repo}/pulls": ["get", "post"],
    "/repos/{owner}/{repo}/pulls/{pull_number}": ["patch"],
}
KEPT = Path(__file__).with_name("openapi.json")
_LEFT_OUT = {"description", "summary", "example", "examples", "externalDocs", "x-github", "tags"}


def without_words(value: Any, *, names: bool = False) -> Any:
    """``value`` without what is for people; ``names``: its keys are names of properties, not words of the format."""
    if isinstance(value, list):
        return [without_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_words(item, names=key == "properties" and not names)
        for key, item in value.items()
        if names or key not in _LEFT_OUT
    }


def references(value: Any) -> set[str]:
    """What ``value`` refers to, as ``schemas/label`` and the like."""
    if isinstance(value, list):
        return set().union(*map(references, value), set())
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()), set())
    if isinstance(value.get("$ref"), str):
        found.add(value["$ref"].removeprefix("#/components/"))
    return found


def extract(whole: dict[str, Any]) -> dict[str, Any]:
    """The part of a description that ``OPERATIONS`` names, complete in itself."""
    paths = {
        path: {
            key: without_words(value)
            for key, value in whole["paths"][path].items()
            if key in methods or key == "parameters"
        }
        for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    open_references = references(paths)
    while open_references:
        reference = open_references.pop()
        kind, name = reference.split("/")
        if kind == "examples" or name in components.get(kind, {}):
            continue
        components.setdefault(kind, {})[name] = without_words(whole["components"][kind][name])
        open_references |= references(components[kind][name])
    return {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": components}


if __name__ == "__main__":
    description = extract(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    KEPT.write_text(json.dumps(description, indent=1, sort_keys=True) + "\n", encoding="utf-8")
