"""Files from which documents go, and to which some come: all else in them stays."""

from pathlib import Path

import pytest

from reconciler.desired.sources import Revision, Source, read_sources

MODELINE = "# yaml-language-server: $schema=../group.schema.json\n"
ONE, TWO, THREE = (f"kind: Group\nmetadata: {{name: {name}}}   # {name}\n# after {name}\n" for name in ("a", "b", "c"))


def revised(directory: Path, text: str, *gone: str, after: str = "", new: str = "") -> str | None:
    """The text of a file once the groups ``gone`` are out of it, and ``new`` stands ``after`` another one."""
    (directory / "groups.yaml").write_bytes(text.encode())
    sources = read_sources(directory)
    revision = Revision(sources)
    by_name: dict[str, Source] = {source.name: source for source in sources.documents}
    for name in gone:
        revision.remove(by_name[name])
    if after:
        revision.add_after(by_name[after], new)
    return revision.files().get("groups.yaml", text)


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        (f"{ONE}---\n{TWO}---\n{THREE}", "a", f"{TWO}---\n{THREE}"),
        (f"{ONE}---\n{TWO}---\n{THREE}", "b", f"{ONE}---\n{THREE}"),
        (f"{ONE}---\n{TWO}---\n{THREE}", "bc", ONE),
        (f"{ONE}---\n{TWO}", "ab", None),
        (f"{MODELINE}#\n# of a\n{ONE}---\n{TWO}", "a", f"{MODELINE}{TWO}"),
        (f"# of the file\n\n# of a\n{ONE}---\n{TWO}", "a", f"# of the file\n\n{TWO}"),
        (f"# of the file\n---\n{ONE}---\n{TWO}", "a", f"# of the file\n{TWO}"),
        (f"---\n{ONE}---\n{TWO}", "a", TWO),
        (f"{ONE}---\n# nothing\n---\n{TWO}", "b", f"{ONE}---\n# nothing\n"),
        (f"{ONE}...\n---\n{TWO}...\n", "b", f"{ONE}...\n"),
        (f"{ONE}---\n{TWO}".replace("\n", "\r\n"), "a", TWO.replace("\n", "\r\n")),
    ],
)
def test_documents_go(text: str, gone: str, left: str | None, tmp_path: Path) -> None:
    assert revised(tmp_path, text, *gone) == left


def test_documents_come_after_others(tmp_path: Path) -> None:
    text = f"{ONE}---\n{TWO}".rstrip("\n")
    assert revised(tmp_path, text, after="b", new=f"---\n{THREE}") == f"{text}\n---\n{THREE}"
    assert revised(tmp_path, text, after="a", new=f"---\n{THREE}") == f"{ONE}---\n{THREE}---\n{text[len(ONE) + 4 :]}"
    assert revised(tmp_path, text, "a", after="a", new=f"---\n{THREE}") == f"{THREE}---\n{text[len(ONE) + 4 :]}"


def test_what_is_new_goes_into_a_file_of_its_own_or_to_the_end_of_one(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(TWO, encoding="utf-8")
    revision = Revision(read_sources(tmp_path))
    revision.create("groups/a.yaml", ONE)
    revision.create("b.yaml", THREE)
    assert revision.files() == {"groups/a.yaml": ONE, "b.yaml": f"{TWO}---\n{THREE}"}
