"""One label of a few on a pull request."""

from collections.abc import Mapping
from urllib.parse import quote

from reconciler.github.client import GitHub, GitHubError

LONGEST = 50  # characters of a label's name, says GitHub


def put_label(api: GitHub, number: int, name: str, colours: Mapping[str, str]) -> None:
    """Give issue or pull request ``number`` the label ``name``, and take the others of ``colours`` off.

    ``colours`` has each label's colour (six hex digits), for one that has to be made. Raises GitHubError.
    """
    there = {label["name"] for label in api.pages(f"/issues/{number}/labels")}
    for other in sorted(there & colours.keys() - {name}):
        api.delete(f"/issues/{number}/labels/{quote(other, safe='')}")
    if name not in there:
        make_label(api, name, colours[name])
        api.post(f"/issues/{number}/labels", {"labels": [name]})


def make_label(api: GitHub, name: str, colour: str) -> None:
    """Make a label, unless it is there. Raises GitHubError."""
    try:
        api.post("/labels", {"name": name, "color": colour})
    except GitHubError as error:
        if error.status != 422:
            raise
