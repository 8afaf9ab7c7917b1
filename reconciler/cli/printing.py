"""Prints a plan in the format that was asked for."""

from reconciler.cli.output import print_document, print_lines
from reconciler.model.plan import Plan
from reconciler.planning.plan_document import plan_document
from reconciler.reporting.html_page import plan_html
from reconciler.reporting.json_text import json_text
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.markdown_plan import plan_markdown
from reconciler.reporting.plan_text import plan_lines, summary_line
from reconciler.reporting.style import Style


def print_plan(plan: Plan, output_format: str, style: Style, *, verbose: bool) -> None:
    """Print ``plan`` on stdout; with a format other than text that is the document alone, and stderr has the summary.

    ``style`` and ``verbose`` are for text; the other formats show what they have room for.
    """
    match output_format:
        case "json":
            print_document(json_text(plan_document(plan)))
        case "markdown":
            print_document(plan_markdown(plan, Page()))
        case "html":
            print_document(plan_html(plan))
        case _:
            print_lines(plan_lines(plan, style=style, verbose=verbose))
            return
    print_lines([summary_line(plan)], to_stderr=True)
