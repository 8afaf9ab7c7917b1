"""Takes a few of the webhook payloads that GitHub publishes as examples into ``payloads/`` beside this.

They are in the npm package ``@octokit/webhooks-examples`` (MIT), ``api.github.com/index.json``:

    npm pack @octokit/webhooks-examples@7.6.1 && tar -xzf octokit-webhooks-examples-7.6.1.tgz
    python tests/github/extract_payloads.py package/api.github.com/index.json
"""

import json
import sys
from pathlib import Path
from typing import Any

WANTED = {
    "pull_request.opened": ("pull_request", {"action": "opened"}),
    "pull_request.synchronize": ("pull_request", {"action": "synchronize"}),
    "push": ("push", {"ref": "refs/heads/master"}),
    "merge_group": ("merge_group", {"action": "checks_requested"}),
    "workflow_dispatch": ("workflow_dispatch", {"ref": "refs/heads/main"}),
}
KEPT = Path(__file__).with_name("payloads")


def payload(examples: list[dict[str, Any]], facts: dict[str, str]) -> dict[str, Any]:
    """The example with these facts that says the most."""
    fitting = [one for one in examples if all(one.get(key) == value for key, value in facts.items())]
    return max(fitting, key=lambda example: len(json.dumps(example)))


if __name__ == "__main__":
    events = {event["name"]: event["examples"] for event in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))}
    for name, (event, facts) in WANTED.items():
        text = json.dumps(payload(events[event], facts), indent=1)
        (KEPT / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
