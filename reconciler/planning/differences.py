"""Field-level differences between two documents, in paths that a reader can follow."""

from collections.abc import Mapping
from typing import Any

from reconciler.model.canonical import canonical_json, plain
from reconciler.model.plan import Change


def differences(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What changes from ``before`` to ``after``, as sorted changes whose paths begin with ``prefix``.

    Members of the outermost mapping are entities, in brackets: ``functions[press].FunctionConfiguration.Timeout``. An
    entity or field that comes or goes is one change with its whole value. Equal documents cost one comparison.
    """
    if canonical_json(before) == canonical_json(after):
        return ()
    found = []
    for name in sorted(before.keys() | after.keys()):
        path = f"{prefix}[{name}]"
        if name not in before:
            found.append(Change(path, "add", None, plain(after[name])))
        elif name not in after:
            found.append(Change(path, "remove", plain(before[name]), None))
        elif before[name] != after[name]:
            found.extend(_inside(path, before[name], after[name]))
    return tuple(sorted(found))


def _inside(path: str, before: Any, after: Any) -> list[Change]:
    from deepdiff import DeepDiff  # noqa: PLC0415 # takes as long to import as boto3, and most often nothing differs

    changes = []
    tree = DeepDiff(plain(before), plain(after), view="tree", verbose_level=2, threshold_to_diff_deeper=0)
    for kind, items in tree.items():
        for item in items:
            place = path + "".join(_step(step) for step in item.path(output_format="list"))
            if kind.endswith("_added"):
                changes.append(Change(place, "add", None, item.t2))
            elif kind.endswith("_removed"):
                changes.append(Change(place, "remove", item.t1, None))
            else:
                changes.append(Change(place, "change", item.t1, item.t2))
    return changes


def _step(step: Any) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"
