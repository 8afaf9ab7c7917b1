"""The pages that this project puts on GitHub: which they are, what they say of how to go on, and where the rest is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.github.context import Context
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import DIGEST_SHOWN, Plan
from reconciler.model.run import is_kept
from reconciler.reporting.markdown import TEXT_WIDTH, Budget, code, link
from reconciler.reporting.markdown_page import Page, past_of
from reconciler.reporting.markdown_plan import verdict_word

_COMMIT_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Proposed:
    """The pull request that accepts what is live, from ``branch``; ``number`` is None where there is none yet.

    ``open``: it is up to date. ``others``: it is not, since somebody else has committed to the branch. ``closed``:
    somebody has closed it.
    """

    state: Literal["open", "others", "closed"]
    number: int | None
    branch: str


def identity(kind: str, fleet: str) -> dict[str, str]:
    """What the page of a fleet is found again by."""
    return {"fleet": fleet, "kind": kind}


def page(
    context: Context,
    kind: str,
    fleet: str,
    *,
    budget: Budget,
    commit: str,
    next_step: str = "",
    marker: Mapping[str, Any] | None = None,
) -> Page:
    """A page of this run; ``marker`` is that of the page it takes the place of."""
    artifact = f"the artifact of {link('the run', context.run_url)}" if context.run_url else "the run's artifact"
    return Page(
        budget=budget,
        identity=identity(kind, fleet),
        facts={"run": context.run_id},
        commit=commit[:_COMMIT_SHOWN],
        run=context.run_url,
        whole=f"{artifact} has all of it",
        next_step=next_step,
        past=past_of(marker or {}),
    )


def run_of(marker: Mapping[str, Any]) -> int:
    """The workflow run that a page with that marker is of; 0 where somebody edited it, or it says of none."""
    run = marker.get("run")
    return run if isinstance(run, int) else 0


def after_plan(plan: Plan, *, merging: bool = True) -> str:
    """How to go on from a plan: by ``merging``, where it is of a pull request."""
    match verdict_word(plan):
        case "no changes":
            return "Merging this changes nothing in the account." if merging else "Nothing is to be done."
        case "refused":
            waiver = code(f"--waive NAME@{plan.digest[:DIGEST_SHOWN]}")
            return (
                "It cannot be applied like this. Change the files, or raise the limit that a finding names; what is "
                f"meant for once passes with {waiver}, where it is applied."
            )
        case _ if not merging:
            return "This is what an apply would do now, and nothing of it was done."
        case "needs approval":
            return (
                "Merging it applies nothing yet: the job waits until somebody has approved the plan in its environment."
            )
        case _:
            return (
                "**Merging applies it**, if the plan is the same then. If it does anything that is not on this page, "
                "nothing is applied before somebody has approved that."
            )


def before_approval(differences: Sequence[str]) -> str:
    """How to go on from a plan that does something that nobody has reviewed."""
    return "\n".join(
        [
            "**Nothing was applied yet**: this plan has to be approved.",
            "",
            *differences,
            "",
            "Approve the job that waits, and just this plan is applied; or reject it, and change the files.",
        ]
    )


def after_drift(proposed: Proposed | None, command: str) -> str:
    """How to go on from drift: ``proposed`` accepts it, and so does ``command``, by hand."""
    return (
        "To take it back, run the apply workflow: it brings the account to what the files say. "
        f"To keep it, {_to_keep(proposed, command)} This issue closes itself once nothing differs."
    )


def _to_keep(proposed: Proposed | None, command: str) -> str:
    by_hand = f"write it into the files: {code(command)} does."
    match proposed:
        case None:
            return by_hand
        case Proposed("open", number):
            return f"merge #{number}, which writes it into the files."
        case Proposed("closed", number):
            return (
                f"open #{number} again, which writes it into the files: somebody has closed it, and the same is not "
                "proposed twice."
            )
        case Proposed(_, number, branch):
            there = code(branch) if number is None else f"{code(branch)} (#{number})"
            return (
                f"{by_hand} Branch {there} would, too, but somebody else has committed to it: it is left as it is, and "
                "made anew when it is gone."
            )


def after_apply(command: str, *, complete: bool, errors: Sequence[str | None]) -> str:
    """How to go on from an apply; ``command`` does what is left of it, by hand; ``errors`` are those of groups."""
    if complete:
        return "Nothing is left to do."
    if errors and all(is_kept(error) for error in errors):
        return (
            "**Next**: mend the cores that failed, then merge a new value of `redeploy` for their groups, which sends "
            "it to all. Running the job again sends nothing."
        )
    return f"**Next**: mend what failed, then {_again(command)}"


def after_error(error: ReconcileError, command: str) -> str:
    """How to go on from an apply that ended with an error."""
    hint = f"; {code(error.hint, TEXT_WIDTH)}" if error.hint else ""
    return f"**The apply ended with an error**: {code(error.message, TEXT_WIDTH)}{hint}.\n\n**Next**: {_again(command)}"


def _again(command: str) -> str:
    return (
        f"run the failed job again (*Re-run failed jobs*): that is safe, what is done stays. By hand: {code(command)}."
    )
