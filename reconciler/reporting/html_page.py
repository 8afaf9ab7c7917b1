"""A plan as one HTML page that needs nothing else: no script, no font, no style sheet from anywhere.

It shows all of a plan. Whatever comes from outside is escaped, and the page's own policy forbids scripts besides.
"""

import html
from collections.abc import Iterator, Sequence

from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.words import counted
from reconciler.reporting.alike import alike_groups
from reconciler.reporting.danger import by_danger, why, word_of
from reconciler.reporting.group_text import BlockOptions, block
from reconciler.reporting.group_text_v1 import deployed_together
from reconciler.reporting.markdown_plan import verdict_word
from reconciler.reporting.plan_text import (
    findings,
    guard_line,
    has_something_to_say,
    remarks,
    summary_line,
    touched,
)
from reconciler.reporting.style import Style, clean

_STYLE = Style(colour=False)
_SIGN_CLASSES = {"+": "add", "-": "remove", "!": "remove", "~": "change", ">": "deploy", "?": "change"}
_HEADINGS = ("what", "group", "target", "changes", "things", "because")
_CSS = """
:root { color-scheme: light dark; --line: #8884 }
:root { --add: #1a7f37; --remove: #cf222e; --change: #9a6700; --deploy: #0969da }
@media (prefers-color-scheme: dark) {
  :root { --add: #3fb950; --remove: #f85149; --change: #d29922; --deploy: #58a6ff }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } code, pre { font: 13px/1.5 ui-monospace, monospace }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
.scroll { overflow-x: auto } td code { white-space: nowrap } .guards pre { white-space: pre-wrap }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); border-radius: 6px }
.box { border-left: 4px solid var(--remove); padding: .1rem 1rem }
.add { color: var(--add) } .remove { color: var(--remove) }
.change { color: var(--change) } .deploy { color: var(--deploy) }
details { margin: .4rem 0 } summary { cursor: pointer } footer { margin-top: 2rem; opacity: .8 }
"""


def plan_html(plan: Plan) -> str:
    """``plan`` as an HTML document."""
    title = f"Plan of fleet {_text(plan.fleet)}"
    said = "".join(f"{_text(remark)}<br>" for remark in remarks(plan))
    where = f"Account <code>{_text(plan.account)}</code>, region <code>{_text(plan.region)}</code>; {touched(plan)}."
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>\n<style>{_CSS}</style>\n</head>\n<body>",
            f"<h1>{title}: {verdict_word(plan)}</h1>",
            f"<p><strong>{_text(summary_line(plan))}</strong><br>{where}</p>",
            *_findings(plan),
            *_groups(plan),
            f"<footer>{said}Plan <code>{plan.digest}</code>, made {_text(plan.created_at)}</footer>",
            "</body>\n</html>\n",
        ]
    )


def _text(value: str) -> str:
    return html.escape(clean(value))


def _findings(plan: Plan) -> Iterator[str]:
    if found := findings(plan):
        yield f'<div class="guards{" box" if plan.errors else ""}"><h2>Guards</h2>\n<pre>'
        yield from (_line(guard_line(finding, _STYLE).removeprefix("  ")) for finding in found)
        yield "</pre></div>"


def _groups(plan: Plan) -> Iterator[str]:
    shown = [group for group in plan.groups if has_something_to_say(group)]
    if not shown:
        return
    options = BlockOptions(_STYLE, width=None, limit=None, deployments=deployed_together(plan))
    classes = sorted(alike_groups(shown, options), key=lambda alike: by_danger(alike[0]))
    yield '<h2>Groups</h2>\n<div class="scroll"><table>'
    yield _row("th", _HEADINGS)
    for number, alike in enumerate(classes):
        yield _row("td", _cells(number, alike))
    yield "</table></div>\n<h2>Details</h2>"
    for number, alike in enumerate(classes):
        others = [member.name for member in alike[1:]]
        more = f" and {counted(len(others), 'group')} alike" if others else ""
        yield f'<details id="g{number}" open><summary><code>{_text(alike[0].name)}</code>{more}</summary>\n<pre>'
        yield from (_line(line) for line in block(alike[0], options))
        yield "</pre>"
        if others:
            yield f"<p>Alike: {', '.join(f'<code>{_text(name)}</code>' for name in others)}</p>"
        yield "</details>"


def _cells(number: int, alike: Sequence[GroupPlan]) -> tuple[str, ...]:
    group = alike[0]
    sign = "remove" if group.blocked or group.operation == "delete" else ""
    others = f" and {len(alike) - 1:,} alike" if len(alike) > 1 else ""
    return (
        f'<span class="{sign}">{word_of(group)}{", drift" if group.drift else ""}</span>',
        f'<a href="#g{number}"><code>{_text(group.name)}</code></a>{others}',
        f"<code>{_text(group.target.name if not group.target.version else str(group.target))}</code>",
        f"{len(group.changes):,}",
        f"{sum(len(member.things) for member in alike):,}",
        _text(why(group)),
    )


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _line(line: str) -> str:
    """A line of a block of text, in the colour of its sign."""
    text = line.lstrip(" ")
    sign = _SIGN_CLASSES.get(text[:1], "") if text[1:2] == " " else ""
    escaped = html.escape(line)
    return f'<span class="{sign}">{escaped}</span>' if sign else escaped
