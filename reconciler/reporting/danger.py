"""How dangerous what happens to a group is: what comes first on a page, and in which words."""

from reconciler.model.plan import GroupPlan


def by_danger(group: GroupPlan) -> tuple[int, str]:
    """A key to sort groups by: what is more dangerous comes first."""
    order = (
        group.blocked,
        group.operation == "delete",
        bool(group.deletions),
        group.drift,
        group.operation == "update",
        group.operation == "deploy",
        True,
    )
    return order.index(True), group.name


def what_happens(group: GroupPlan) -> str:
    """What happens to ``group`` in a word of Markdown, and whether it drifted."""
    strong = "**" if group.blocked or group.operation == "delete" else ""
    return f"{strong}{word_of(group)}{strong}{', drift' if group.drift else ''}"


def word_of(group: GroupPlan) -> str:
    """What happens to ``group`` in a word."""
    if group.blocked:
        return "blocked"
    return "unchanged" if group.operation == "none" else group.operation


def why(group: GroupPlan) -> str:
    """Why it does; of a group to which nothing happens, what there is to say of it."""
    return "; ".join(group.reasons or group.notes)
