"""How a page says to go on from an apply."""

from reconciler.github.pages import after_apply
from reconciler.model.run import NOT_SENT_AGAIN

KEPT = f"1 of 2 cores failed ({NOT_SENT_AGAIN}): core-1: disk full"


def next_step(*errors: str | None) -> str:
    return after_apply("reconcile apply fleets/demo", complete=not errors, errors=errors)


def test_the_failed_job_is_run_again_where_that_helps() -> None:
    assert next_step() == "Nothing is left to do."
    assert "*Re-run failed jobs*" in next_step("2 of 2 cores failed", None)
    assert "*Re-run failed jobs*" in next_step(KEPT, None)
    assert "Re-run" not in next_step(KEPT)
    assert "merge a new value of `redeploy`" in next_step(KEPT)
