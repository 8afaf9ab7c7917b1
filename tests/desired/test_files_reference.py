"""docs/files.md says what the loader does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs/files.md").read_text(encoding="utf-8")
SOURCE = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "reconciler/desired").glob("*.py"))
OF_PLANS = (REPOSITORY / "reconciler/provisioning/requests.py").read_text(encoding="utf-8")
OF_STEPS = (REPOSITORY / "reconciler/github/committed_state.py").read_text(encoding="utf-8")
RULES = re.findall(r"^\| `([a-z0-9-]+)` \|", TEXT.partition("## Rules")[2], re.MULTILINE)
MADE_OF_PARTS = {"too-many-functions", "too-many-resources"}


def test_every_rule_of_the_reference_is_one_of_the_loaders() -> None:
    told = SOURCE + OF_PLANS + OF_STEPS
    assert [rule for rule in RULES if f'"{rule}"' not in told and rule not in MADE_OF_PARTS] == []
    assert len(RULES) == len(set(RULES))


def rules_told() -> Iterator[str]:
    """The rules that the loader's code names where it tells a problem."""
    nodes = list(ast.walk(ast.parse(SOURCE)))
    types = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
    for node in nodes:
        given: list[ast.expr] = []
        if isinstance(node, ast.Tuple) and len(node.elts) == 4 and node not in types:
            given = [node.elts[1]]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            given = node.args[1:2] if name == "add" else node.args[:1] if name == "TokenError" else []
        for expression in given:
            if (
                isinstance(expression, ast.Constant)
                and isinstance(expression.value, str)
                and expression.value.islower()
            ):
                yield expression.value


def test_every_rule_of_the_loader_is_in_the_reference() -> None:
    of_plans = re.findall(r'_problem\(\s*thing,\s*"([a-z-]+)"', OF_PLANS)
    assert len(of_plans) > 1
    told = {*rules_told(), *of_plans}
    assert len(told) > 40
    assert told - set(RULES) == set()


def test_the_examples_of_the_reference_load(fleets: Any) -> None:
    documents = re.findall(r"^```yaml\n(apiVersion.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert len(documents) == 8
    empty = dict.fromkeys(("fleet.yaml", "template.yaml", "group.yaml"), "")
    state = fleets.load({**empty, "all.yaml": "---\n".join(documents), "components/logger/logger.py": ""})
    assert [ref.name for ref in state.components] == ["com.example.Logger", "com.example.Press"]
    assert [len(group.things) for group in state.groups] == [3, 3]
