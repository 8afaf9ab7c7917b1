"""A pull request that writes what is live into the files: one for a fleet, kept up to date while they differ.

Its branch holds one commit of ours, on top of the commit that was looked at. Where somebody else has committed to it,
or has closed the pull request, that is left as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from reconciler.github.branches import Tip, delete_branch, make_commit, put_branch, tip_of
from reconciler.github.client import GitHub, GitHubError
from reconciler.github.comments import Render, fitting
from reconciler.github.git import GitError, blobs_of, commit_of, prefix_of
from reconciler.github.job import Job
from reconciler.github.pages import Proposed, identity, page, run_of
from reconciler.github.pulls import Pull, close_pull, edit_pull, find_pulls, open_pull
from reconciler.model.accepted import Accepted
from reconciler.model.canonical import digest
from reconciler.model.drift import Drift
from reconciler.model.errors import ReconcileError
from reconciler.reporting.markdown import Budget
from reconciler.reporting.markdown_accepted import accepted_markdown

KIND = "accept"

_HINT = "the token has to be allowed to write contents and pull requests, and Actions to open pull requests"
_ATTEMPTS = 3  # at a branch that others make, move or delete meanwhile


@dataclass(frozen=True, slots=True)
class _Change:
    """What is proposed: ``files`` as they are to be on top of ``commit``, from ``branch`` into ``base``.

    ``digest`` is over what the files are and were: another text on the base is another change. ``told`` is one of what
    its page says besides, and ``run`` the workflow run that proposes it.
    """

    fleet: str
    files: Mapping[str, str | None]
    digest: str
    commit: str
    branch: str
    base: str
    told: str
    run: int

    @property
    def title(self) -> str:
        return f"Accept what is live in fleet {self.fleet}"

    @property
    def facts(self) -> dict[str, str]:
        """What the marker of its page says."""
        return {"digest": self.digest, "told": self.told}


def propose(job: Job, drift: Drift, accepted: Accepted, directory: str, issue: int | None) -> Proposed | None:
    """Open, edit or close the pull request; None where there is none, or GitHub does not let us (a warning).

    ``directory`` is the fleet's, in a checkout; ``issue`` is the number of the one about ``drift``. Raises
    ReconcileError for a file that is not the fleet's.
    """
    try:
        prefix, commit = prefix_of(Path(directory)), commit_of(Path(directory), "HEAD")
        blobs = blobs_of(Path(directory), commit)
    except GitError as error:
        job.warn(f"what is live cannot be accepted into the files: {error.message}")
        return None
    if not job.context.branch:
        job.warn("what is live cannot be accepted into the files: this run is for no branch")
        return None
    change = _Change(
        fleet=drift.fleet,
        files={in_repository(prefix, path): text for path, text in accepted.files.items()},
        digest=digest({path: [blobs.get(path), text] for path, text in accepted.files.items()}),
        commit=commit,
        branch=branch_of(drift.fleet),
        base=job.context.branch,
        told=digest([accepted.groups, accepted.left, _kinds(drift), issue]),
        run=job.context.run_id,
    )

    def render(marker: Mapping[str, Any], budget: Budget) -> str:
        made = page(job.context, KIND, drift.fleet, budget=budget, commit=commit, marker=marker)
        # It is edited at once where the issue is made after it: that is no history.
        past = [entry for entry in made.past if entry.run != made.run]
        return accepted_markdown(drift, accepted, replace(made, facts={**made.facts, **change.facts}, past=past), issue)

    proposed = job.gently("writing the pull request", lambda api: _put(api, change, render))
    if proposed is not None and proposed.state == "others":
        job.warn(f"branch {change.branch} holds somebody else's commits: it is left as it is")
    return proposed


def branch_of(fleet: str) -> str:
    """The branch that proposes for ``fleet``."""
    return f"reconcile/accept-{re.sub('[^A-Za-z0-9_-]', '-', fleet)}"


def in_repository(prefix: str, path: str) -> str:
    """``path`` in a fleet directory, from the top of its repository. Raises ReconcileError for one that leaves it."""
    parts = PurePosixPath(path).parts
    is_plain = path.isprintable() and "\\" not in path and "/".join(parts) == path
    if not parts or not is_plain or any(part.startswith(".") for part in parts):
        raise ReconcileError(f"{path!r} is no path of a file that a fleet has")
    return prefix + path


def _kinds(drift: Drift) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(group.name, group.kind, group.reasons) for group in drift.groups]


def _put(api: GitHub, change: _Change, render: Render) -> Proposed | None:
    """Bring branch and pull request to where they should be."""
    pulls = find_pulls(api, change.branch, change.base, identity(KIND, change.fleet))
    shown = next((pull for pull in pulls if pull.is_open), None)
    number = shown.number if shown is not None else None
    tip = tip_of(api, change.branch)
    if tip is not None and not _is_ours(tip, change):
        return Proposed("others", number, change.branch) if shown is not None or change.files else None
    if shown is not None and run_of(shown.marker or {}) > change.run:
        return Proposed("open", number, change.branch)
    if not change.files:
        _withdraw(api, change, shown, tip)
        return None
    if shown is None and (rejected := _rejected(pulls, change)) is not None:
        return Proposed("closed", rejected.number, change.branch)
    try:
        if not (_is_at(tip, change) or _write(api, change)):
            return Proposed("others", number, change.branch)
        return Proposed("open", _put_pull(api, change, shown, render), change.branch)
    except GitHubError as error:
        if error.status not in {403, 404}:
            raise
        raise GitHubError(error.message, error.status, hint=_HINT) from error


def _is_ours(tip: Tip, change: _Change) -> bool:
    """Whether a commit proposes something for this fleet and base, and is as we have made it."""
    facts = tip.facts or {}
    return facts.get("fleet") == change.fleet and facts.get("base") == change.base


def _is_at(tip: Tip | None, change: _Change) -> bool:
    """Whether the branch has just these files."""
    return tip is not None and tip.facts is not None and tip.facts.get("digest") == change.digest


def _write(api: GitHub, change: _Change) -> bool:
    """Let the branch be one commit with the files; False, and it is left, where somebody else has committed to it."""
    facts = {"base": change.base, "digest": change.digest, "fleet": change.fleet}
    commit = make_commit(api, change.commit, change.files, change.title, facts)
    for attempt in range(1, _ATTEMPTS + 1):
        # Looked at again just before: GitHub moves a branch by force whatever it is at by then.
        tip = tip_of(api, change.branch)
        if tip is not None and not _is_ours(tip, change):
            return False
        try:
            put_branch(api, change.branch, commit, there=tip is not None)
        except GitHubError as error:
            if error.status != 422 or attempt == _ATTEMPTS:
                raise
        else:
            break
    return True


def _put_pull(api: GitHub, change: _Change, shown: Pull | None, render: Render) -> int:
    """Open the pull request, or edit the one that is ``shown``; its number."""
    if shown is None:
        made: list[int] = []
        try:
            fitting(
                lambda body: made.append(open_pull(api, change.branch, change.base, change.title, body)), render, {}
            )
        except GitHubError as error:
            if error.status != 422:
                raise
            pulls = find_pulls(api, change.branch, change.base, identity(KIND, change.fleet))
            shown = next((pull for pull in pulls if pull.is_open), None)
            if shown is None:
                raise
        else:
            return made[0]
    # One that somebody opened from the branch by hand keeps its own words.
    if shown.marker is not None and not change.facts.items() <= shown.marker.items():
        fitting(lambda body: edit_pull(api, shown.number, change.title, body), render, shown.marker)
    return shown.number


def _withdraw(api: GitHub, change: _Change, shown: Pull | None, tip: Tip | None) -> None:
    """Close the pull request, and delete the branch, since nothing is left to accept."""
    if shown is not None and shown.marker is not None:
        # Without its digest: who closes a pull request does not want it, and this one may be wanted again.
        marker = {key: value for key, value in shown.marker.items() if key != "digest"}
        close_pull(
            api, shown, "There is nothing left to accept: the files say what is live, as far as they can.", marker
        )
    if tip is not None:
        delete_branch(api, change.branch)


def _rejected(pulls: list[Pull], change: _Change) -> Pull | None:
    """The pull request that proposed the same, and that somebody has closed."""
    for pull in pulls:
        if not pull.is_open and not pull.is_merged and (pull.marker or {}).get("digest") == change.digest:
            return pull
    return None
