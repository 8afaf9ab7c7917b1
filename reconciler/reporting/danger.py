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
    word = "**blocked**" if group.blocked else "**delete**" if group.operation == "delete" else group.operation
    return f"{word}, drift" if group.drift else word
