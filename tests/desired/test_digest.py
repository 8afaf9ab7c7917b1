"""The digest of what files mean."""

from pathlib import Path

from reconciler.desired.digest import desired_digest, group_digests
from reconciler.desired.load import load
from tests.fleets import FleetFiles


def files(directory: Path) -> FleetFiles:
    directory.mkdir(exist_ok=True)
    return FleetFiles(directory).template().group("berlin", labels={"ring": "canary"}).group("munich")


def test_places_and_order_mean_nothing(tmp_path: Path) -> None:
    one, other = files(tmp_path / "one").write(), files(tmp_path / "other").write()
    for path in sorted(other.directory.rglob("*.yaml")):
        path.write_text(f"# Moved down.\n\n{path.read_text()}")
        path.rename(path.with_name(f"z-{path.name}"))
    assert desired_digest(load(one.directory)) == desired_digest(load(other.directory))


def test_whatever_else_they_say_does(tmp_path: Path) -> None:
    said = [
        files(tmp_path / "a").write(),
        files(tmp_path / "b").template(timeout=9).write(),
        files(tmp_path / "c").group("munich", devices=3).write(),
        files(tmp_path / "d").group("berlin", labels={"ring": "broad"}).write(),
        files(tmp_path / "e").fleet(guards={"updated": 3}).write(),
        files(tmp_path / "f").fleet(guards={"updated": 4}).write(),
        files(tmp_path / "g").fleet(prune=True).write(),
    ]
    assert len({desired_digest(one.load()) for one in said}) == len(said)


def test_of_one_group_what_is_said_of_others_does_not_count(tmp_path: Path) -> None:
    one, other = files(tmp_path / "a").write().load(), files(tmp_path / "b").group("munich", devices=3).write().load()
    edited = files(tmp_path / "c").template(timeout=9).write().load()
    first, second, third = (group_digests(state, state.groups) for state in (one, other, edited))
    assert {name: first[name] == second[name] for name in first} == {"berlin": True, "munich": False}
    assert first["berlin"] != third["berlin"]
