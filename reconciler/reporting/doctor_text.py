"""What the doctor found, as text and as a document."""

from collections.abc import Sequence
from typing import Any

from reconciler.model.finding import Finding
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style

SIGNS = {"good": "=", "wrong": "!", "unknown": "?"}


def doctor_lines(findings: Sequence[Finding], style: Style) -> list[str]:
    """A line a finding, with what to do below; then how many are wrong."""
    lines = []
    for finding in findings:
        subject = style.bold(style.text(finding.subject))
        lines.append(f"{style.sign(SIGNS[finding.state])} {subject}: {style.text(finding.message)}")
        if finding.hint and finding.state != "good":
            lines.append(f"    {style.text(finding.hint)}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    unknown = sum(finding.state == "unknown" for finding in findings)
    return [*lines, f"{count(len(findings), 'check')}: {wrong} wrong, {unknown} to be looked at."]


def doctor_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings for machines."""
    return {
        "formatVersion": 1,
        "findings": [
            {
                "subject": finding.subject,
                "state": finding.state,
                "message": finding.message,
                "hint": finding.hint or None,
            }
            for finding in findings
        ],
    }
