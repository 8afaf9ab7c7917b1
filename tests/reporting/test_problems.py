from pathlib import Path

from reconciler.model.desired import DesiredState
from reconciler.model.errors import Problem
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group, Thing
from reconciler.model.position import Position
from reconciler.model.template import TemplateRef
from reconciler.reporting.problems import clean_summary, problem_annotations, problem_lines, problems_summary

ONE = Problem(Position("a:b,c%.yaml", 3, 4), "a-rule", "50% of it,\nall: gone", "mend it")
TWO = Problem(Position("d.yaml", 1, 1), "a-rule", "gone", "mend it")


def test_lines() -> None:
    assert problem_lines([ONE]) == ["a:b,c%.yaml:3:4: [a-rule] 50% of it,\\nall: gone; mend it"]
    assert problem_lines([]) == []


def test_annotations_escape_what_the_runner_would_read() -> None:
    assert problem_annotations([ONE]) == [
        "::error file=a%3Ab%2Cc%25.yaml,line=3,col=4,title=a-rule::50%25 of it,\\nall: gone; mend it"
    ]


def test_summaries_count_in_words_that_fit() -> None:
    assert problems_summary([ONE]) == "1 problem in 1 file."
    assert problems_summary([ONE, TWO, TWO]) == "3 problems in 2 files."
    groups = tuple(
        Group(f"g{n}", TemplateRef("t", 1), "greengrass/v1", cores=(Thing(f"c{n}", "core"),)) for n in range(1200)
    )
    state = DesiredState(Path(), Fleet("f", "123456789012", "eu-central-1"), groups=groups)
    assert clean_summary(state) == "1200 groups, 1200 cores, 0 devices: no problems."
    assert (
        clean_summary(DesiredState(Path(), state.fleet, groups=groups[:1]))
        == "1 group, 1 core, 0 devices: no problems."
    )
