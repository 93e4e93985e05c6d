"""A run as one self-contained HTML page: no script, no requests. Escapes everything from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.ports import RunRecord
from cozebatch_tui.locale import commands as texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.describe import error_line
from cozebatch_tui.presentation.summary import summary

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --wait: #9aa0a6; --coze: #4285f4; --queue: #f4b400; --film: #34a853; }
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 1100px; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { font: inherit; white-space: pre-wrap; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top;
         overflow-wrap: anywhere; }
.failed, .held { color: #d93025; } .done { color: #188038; }
svg text { font: 11px system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; fill: currentColor; }
"""
_NAME, _WIDTH, _ROW = 220, 1060, 18
_MOST_BARS = 400


def page(run: RunRecord, rows: Sequence[Row], statistics: Mapping[str, Any], lang: Lang) -> str:
    """The whole document."""
    status = run.status if run.status in ("finished", "stopped") else "interrupted"
    figures = "\n".join(summary(status, statistics, lang))
    title = texts.PAGE_TITLE.in_(lang)
    parts = [
        "<!doctype html>",
        f'<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_safe(title)} {_safe(run.run_id)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_safe(title)} {_safe(run.run_id)}</h1><pre>{escape(figures)}</pre>",
        f"<h2>{_safe(texts.PAGE_TIMELINE.in_(lang))}</h2>{_timeline(rows, run.clock)}",
        f"<h2>{_safe(texts.PAGE_ERRORS.in_(lang))}</h2>{_errors(statistics['errors'], lang)}",
        f"<h2>{_safe(texts.PAGE_TASKS.in_(lang))}</h2>{_tasks(rows, lang)}",
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _timeline(rows: Sequence[Row], span: float) -> str:
    shown = [row for row in rows if row.submit_clock is not None][:_MOST_BARS]
    height = _ROW * len(shown) + 20
    scale = (_WIDTH - _NAME) / max(span, 1.0)
    bars = [f'<svg viewBox="0 0 {_WIDTH} {height}" width="100%" role="img">']
    for number, row in enumerate(shown):
        y = number * _ROW
        bars.append(f'<text x="0" y="{y + 12}">{_safe(row.title or row.task_id, 28)}</text>')
        for colour, start, end in _spans(row, span):
            width = max(1.0, (end - start) * scale)
            bars.append(
                f'<rect x="{_NAME + start * scale:.1f}" y="{y + 3}" width="{width:.1f}" height="11" '
                f'fill="var(--{colour})"><title>{end - start:.0f} s</title></rect>'
            )
    bars.append(f'<text x="{_NAME}" y="{height - 4}">0 s</text>')
    bars.append(f'<text x="{_WIDTH}" y="{height - 4}" text-anchor="end">{span:.0f} s</text></svg>')
    return "".join(bars)


def _spans(row: Row, span: float) -> list[tuple[str, float, float]]:
    assert row.submit_clock is not None
    found = [("wait", 0.0, row.submit_clock)]
    coze_end = row.coze_end_clock
    if coze_end is None and row.state.in_flight:
        coze_end = span
    if coze_end is not None:
        found.append(("coze", row.submit_clock, coze_end))
        if row.synthesis_clock is not None:
            found.append(("queue", coze_end, row.synthesis_clock))
            film_end = row.synthesis_end_clock if row.synthesis_end_clock is not None else span
            found.append(("film", row.synthesis_clock, film_end))
    return [(colour, start, end) for colour, start, end in found if end > start]


def _errors(errors: Mapping[str, int], lang: Lang) -> str:
    if not errors:
        return "<p>-</p>"
    names = {category.value: text.in_(lang) for category, text in CATEGORIES.items()}
    most = max(errors.values())
    lines = (
        f"<tr><td>{_safe(names.get(name, name))}</td><td>{count}</td>"
        f'<td><div style="background:#d93025;height:.7rem;width:{100 * count / most:.0f}%"></div></td></tr>'
        for name, count in sorted(errors.items(), key=lambda item: -item[1])
    )
    return f"<table>{''.join(lines)}</table>"


def _tasks(rows: Sequence[Row], lang: Lang) -> str:
    head = "".join(f"<th>{_safe(name)}</th>" for name in texts.PAGE_COLUMNS.in_(lang).split("|"))
    lines = []
    for row in rows:
        result = row.video_path or row.draft_path or ""
        if row.error is not None:
            result = error_line(row.error, lang)
        elif row.note is not None and row.state is State.SKIPPED:
            result = row.note.in_(lang)
        title = _safe(row.title)
        if row.debug_url and row.debug_url.startswith("https://"):
            title = f'<a href="{escape(row.debug_url)}" rel="noreferrer">{title}</a>'
        cells = (
            _safe(row.task_id),
            title,
            f'<span class="{row.state.value}">{_safe(STATES[row.state].in_(lang))}</span>',
            str(row.attempts),
            f"{row.coze_seconds:.0f}",
            f"{row.synthesis_seconds:.0f}",
            _safe(result, 1000),
        )
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _safe(text: str, most: int = 300) -> str:
    return escape(clean(text, most))
