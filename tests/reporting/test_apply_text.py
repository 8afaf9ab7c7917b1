from reconciler.model.run import NOT_SENT_AGAIN, Task
from reconciler.reporting.apply_text import SEND_TO_ALL, apply_summary_line, open_group_lines
from reconciler.reporting.style import Style

COMMAND = "reconcile apply fleets/demo"


def test_complete() -> None:
    assert apply_summary_line(created=2, updated=1, provisioned=5, deployments=3, unchanged=4) == (
        "Apply complete: 2 groups created, 1 updated, 5 things provisioned, 3 deployments succeeded; 4 unchanged."
    )


def test_complete_with_one_of_each() -> None:
    assert apply_summary_line(created=1, updated=0, provisioned=1, deployments=1, unchanged=0) == (
        "Apply complete: 1 group created, 0 updated, 1 thing provisioned, 1 deployment succeeded; 0 unchanged."
    )


def test_complete_says_what_else_there_is() -> None:
    line = apply_summary_line(
        created=0, updated=0, deleted=2, provisioned=0, deployments=0, still_open=3, unchanged=4, blocked=1
    )
    assert line == (
        "Apply complete: 0 groups created, 0 updated, 2 deleted, 0 things provisioned, 0 deployments succeeded, "
        "3 still open; 4 unchanged, 1 blocked."
    )


def test_incomplete_counts_groups() -> None:
    line = apply_summary_line(
        created=2, updated=1, provisioned=5, deployments=2, done=2, failed=1, unfinished=1, unchanged=4
    )
    assert line == "Apply incomplete: 2 groups done, 1 failed, 1 unfinished; 4 unchanged."


def test_one_unfinished_group_is_enough_to_be_incomplete() -> None:
    line = apply_summary_line(created=0, updated=1, provisioned=0, deployments=0, done=1, unfinished=1, unchanged=0)
    assert line == "Apply incomplete: 1 group done, 0 failed, 1 unfinished; 0 unchanged."


def task(group: str, state: str, error: str | None = None, deployment: str | None = None) -> Task:
    return Task("r-1", group, state, "2026-11-22T09:00:00Z", error, deployment_id=deployment)  # type: ignore[arg-type]  # parametrised


def test_groups_that_are_not_done_are_named_with_what_to_do() -> None:
    tasks = [
        task("rome", "unfinished", deployment="d-1"),
        task("oslo", "failed", "AWS IoT refused\nthe policy"),
        task("bern", "failed"),
        task("ulm", "succeeded"),
        task("linz", "deploying", deployment="d-2"),
    ]
    assert open_group_lines(tasks, style=Style(), command=COMMAND) == [
        "! bern failed: no error was reported",
        "! oslo failed: AWS IoT refused\\nthe policy",
        "? rome unfinished: its deployment had not ended by the deadline (deployment d-1)",
        "> linz deploying: with Greengrass, its deployment has not ended yet (deployment d-2)",
        "Mend what failed, then run `reconcile apply fleets/demo` again: what is done stays, the rest is tried again.",
        "Cores may still report what is with Greengrass: `reconcile status` shows it.",
    ]


def test_an_apply_that_would_send_nothing_is_not_advised() -> None:
    kept = task("rome", "failed", f"1 of 2 cores failed ({NOT_SENT_AGAIN}): core-1: disk full")
    lines = open_group_lines([kept], style=Style(), command=COMMAND)
    assert lines[1:] == [SEND_TO_ALL]
    lines = open_group_lines([kept, task("oslo", "failed")], style=Style(), command=COMMAND)
    assert [line.partition(" ")[0] for line in lines[2:]] == ["Where", "Mend"]
    lines = open_group_lines([kept], style=Style(), command="reconcile deploy rome", sends_anew=True)
    assert [line.partition(" ")[0] for line in lines[1:]] == ["Mend"]


def test_only_the_advice_that_helps_is_given() -> None:
    lines = open_group_lines([task("rome", "unfinished", "offline")], style=Style(), command=COMMAND)
    assert lines[0] == "? rome unfinished: offline"
    assert not any("Mend" in line for line in lines)


def test_nothing_is_said_where_all_is_done() -> None:
    assert open_group_lines([task("ulm", "succeeded")], style=Style(), command=COMMAND) == []


def test_of_very_many_groups_the_first_are_named() -> None:
    tasks = [task(f"g{number:04}", "failed", "throttled") for number in range(1000)]
    lines = open_group_lines(tasks, style=Style(), command=COMMAND)
    assert lines[49:51] == ["! g0049 failed: throttled", "… and 950 more failed"]
    assert len(lines) == 52


def test_the_advice_names_the_commands_that_work_here() -> None:
    lines = open_group_lines(
        [task("a", "failed"), task("b", "deploying")],
        style=Style(),
        command="reconcile apply plan.json --dir d",
        status_command="reconcile status d",
    )
    assert "`reconcile apply plan.json --dir d`" in lines[-2]
    assert "`reconcile status d`" in lines[-1]
