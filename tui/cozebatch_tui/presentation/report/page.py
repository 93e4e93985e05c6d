"""Puts the report page together. Everything from outside is escaped, and links lead only to https and to own films."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.prices import NO_PRICES, Prices, yuan
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.ports import RunRecord
from cozebatch_tui.locale import report as texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.formatting import count, duration
from cozebatch_tui.presentation.report import charts
from cozebatch_tui.presentation.report.style import POLICY, SCRIPT, STYLE
from cozebatch_tui.presentation.summary import tried

_MOST_NAMED = 200
"""Titles that a group of failures lists."""


def page(
    run: RunRecord,
    rows: Sequence[Row],
    statistics: Mapping[str, Any],
    lang: Lang,
    posters: Mapping[str, bytes] = MappingProxyType({}),
    prices: Prices = NO_PRICES,
) -> str:
    """The whole document. `posters`: task id → a frame of its film, as JPEG."""
    started = datetime.fromtimestamp(run.started_at).strftime("%Y-%m-%d %H:%M")
    title = f"{texts.TITLE.in_(lang)} {started}"
    workflow = texts.WORKFLOW.in_(lang).format(name=run.names.workflow or run.workflow_id)
    about = " · ".join(part for part in (_source(run), workflow, run.run_id) if part)
    sections = (
        (texts.FAILURES, _failures(rows, lang)),
        (texts.FILMS, _films(rows, posters)),
        (texts.TIMELINE, _timeline(rows, run.clock, lang)),
        (None, _charts(run, rows, lang)),
        (texts.ACCOUNTS, _accounts(rows, lang)),
        (texts.TASKS, _tasks(rows, lang)),
    )
    body = "\n".join(
        (f"<h2>{_safe(name.in_(lang))}</h2>\n" if name is not None else "") + content
        for name, content in sections
        if content
    )
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{STYLE}</style></head><body>\n"
        f'<h1>{_safe(title)}</h1>\n<p class="about">{_safe(about)}</p>\n'
        f"{_tiles(rows, statistics, prices, lang)}\n{body}\n<script>{SCRIPT}</script>\n</body></html>\n"
    )


def _source(run: RunRecord) -> str:
    """The task file's name; or the table's, or its id where its name is not known."""
    kind, _, rest = run.source_key.partition(":")
    return Path(rest).name if kind == "file" else run.names.table or rest.rpartition("/")[2]


def _tiles(rows: Sequence[Row], figures: Mapping[str, Any], prices: Prices, lang: Lang) -> str:
    held, failed = figures["held"], figures["failed"]
    paid = sum(row.attempts for row in rows)
    spent = prices.spent(paid, figures["tokens"]["total"])
    tiles: list[tuple[Text, str, str]] = [
        (texts.DONE, str(figures["done"]), "good"),
        (texts.FAILED, str(failed), "bad" if failed else ""),
        (texts.HELD, str(held), "bad" if held else ""),
        (texts.LEFT, str(figures["pending"]), ""),
        (texts.SUCCESS, f"{figures['success_rate']:.1f}%" if tried(figures) else "–", ""),
        (texts.ELAPSED, duration(figures["elapsed_seconds"]), ""),
        (texts.EACH, duration(figures["average_task_seconds"]), ""),
        (texts.COZE_EACH, duration(figures["average_coze_seconds"]), ""),
        (texts.FILM_EACH, duration(figures["average_synthesis_seconds"]), ""),
        (texts.PAID, str(paid), ""),
        *([] if spent is None else [(texts.COST, yuan(spent), "")]),
        (texts.TOKENS, count(figures["tokens"]["total"]), ""),
        (texts.COZE_USE, f"{100 * figures['coze_utilization']:.0f}%", ""),
        (texts.FILM_USE, f"{100 * figures['synthesis_utilization']:.0f}%", ""),
    ]
    cells = (f'<div class="tile"><b class="{tone}">{value}</b><span>{_safe(name.in_(lang))}</span></div>'
             for name, value, tone in tiles)  # fmt: skip
    return f'<div class="tiles">{"".join(cells)}</div>'


def _failures(rows: Iterable[Row], lang: Lang) -> str:
    """Each cause with its cure, the most frequent first, and the tasks it stopped."""
    groups: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        if row.error is not None and row.state in (State.FAILED, State.HELD):
            groups[row.error.category.value, row.error.code].append(row)
    if not groups:
        return f'<p class="quiet">{_safe(texts.NONE_FAILED.in_(lang))}</p>'
    parts = []
    for stopped in sorted(groups.values(), key=lambda group: -len(group)):
        error = stopped[-1].error
        assert error is not None
        names = "".join(f"<li>{_safe(row.task_id, 60)} {_safe(row.title, 80)}</li>" for row in stopped[:_MOST_NAMED])
        if (more := len(stopped) - _MOST_NAMED) > 0:
            names += f'<li class="quiet">{_safe(texts.MORE_NAMES.in_(lang).format(count=more))}</li>'
        parts.append(
            f'<div class="group"><p><b>{len(stopped)} × {_safe(_cause(error, lang), 600)}</b></p>'
            f"<p>{_safe(texts.CURE.in_(lang))}{'：' if lang == 'zh' else ': '}{_safe(error.hint.in_(lang), 600)}</p>"
            f"<details><summary>{_safe(texts.ROWS.filled(count=len(stopped)).in_(lang))}</summary><ul>{names}</ul>"
            "</details></div>"
        )
    return "".join(parts)


def _films(rows: Iterable[Row], posters: Mapping[str, bytes]) -> str:
    """Frames of the films, each leading to its film."""
    shown = [(row, posters[row.task_id]) for row in rows if row.task_id in posters]
    tiles = (
        f'<a class="poster"{_leads_to(row.video_path)}>'
        f'<img src="data:image/jpeg;base64,{b64encode(frame).decode()}" alt="" loading="lazy">'
        f"<span>{_safe(row.title, 60) or _safe(row.task_id, 60)}</span></a>"
        for row, frame in shown
    )
    return f'<div class="posters">{"".join(tiles)}</div>' if shown else ""


def _leads_to(path: str | None) -> str:
    try:
        return f' href="{escape(Path(path).as_uri())}"' if path else ""
    except ValueError:  # no absolute path here: made on another kind of machine
        return ""


def _cause(error: ErrorInfo, lang: Lang) -> str:
    """Kind, code and message; what to do about it stands in the group's own line."""
    code = f" {error.code}" if error.code else ""
    return f"{CATEGORIES[error.category].in_(lang)}{code}{'：' if lang == 'zh' else ': '}{error.message.in_(lang)}"


def _timeline(rows: Sequence[Row], span: float, lang: Lang) -> str:
    begun = sum(row.submit_clock is not None for row in rows)
    if not begun:
        return ""
    legend = "".join(f'<i class="{name}"></i>{_safe(text.in_(lang))}' for name, text in texts.LEGEND.items())
    more = ""
    if begun > charts.MOST_ROWS:
        more = f'<p class="quiet">{_safe(texts.MORE_ROWS.filled(most=charts.MOST_ROWS).in_(lang))}</p>'
    return f'<p class="legend quiet">{legend}</p><div class="wide">{charts.timeline(rows, span)}</div>{more}'


def _charts(run: RunRecord, rows: Sequence[Row], lang: Lang) -> str:
    ends = [row.end_clock for row in rows if row.state is State.DONE and row.end_clock is not None]
    pace, step = charts.pace(ends, max(run.clock, 1.0))
    begun = any(row.submit_clock is not None for row in rows)
    found = (
        (texts.COZE_TIMES.in_(lang), charts.histogram(_seconds(rows, "coze_seconds"), "coze")),
        (texts.FILM_TIMES.in_(lang), charts.histogram(_seconds(rows, "synthesis_seconds"), "film")),
        (
            texts.SLOTS.in_(lang).format(limit=run.max_coze),
            charts.slots(rows, run.clock, run.max_coze) if begun else "",
        ),
        (texts.PACE.in_(lang).format(span=duration(step)), pace if ends else ""),
    )
    drawn = (f'<div class="chart"><h3>{_safe(name)}</h3>{chart}</div>' for name, chart in found if chart)
    return f'<div class="charts">{"".join(drawn)}</div>'


def _seconds(rows: Iterable[Row], name: str) -> list[float]:
    return [seconds for row in rows if (seconds := getattr(row, name)) > 0]


def _accounts(rows: Iterable[Row], lang: Lang) -> str:
    by_account: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_account[row.account_id].append(row)
    if set(by_account) <= {""}:
        return ""
    lines = []
    for account, of_it in sorted(by_account.items(), key=lambda item: -len(item[1])):
        seconds = _seconds(of_it, "coze_seconds")
        cells = (
            str(len(of_it)),
            str(sum(row.state is State.DONE for row in of_it)),
            str(sum(row.state is State.FAILED for row in of_it)),
            str(sum(row.attempts for row in of_it)),
            duration(fmean(seconds)) if seconds else "",
        )
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        lines.append(f"<tr><td>{_safe(account) or _safe(texts.NO_ACCOUNT.in_(lang))}</td>{numbers}</tr>")
    heads = texts.ACCOUNT_COLUMNS.in_(lang).split("|")
    head = f"<th>{_safe(heads[0])}</th>" + "".join(f'<th class="number">{_safe(name)}</th>' for name in heads[1:])
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _tasks(rows: Iterable[Row], lang: Lang) -> str:
    names = texts.COLUMNS.in_(lang).split("|")
    numbers = range(4, 7)
    head = "".join(
        f"<th{' class=number' if place in numbers else ''}><button type=button>{_safe(name)}</button></th>"
        for place, name in enumerate(names)
    )
    lines = "".join(_line(row, lang) for row in rows)
    filter_ = _safe(texts.FILTER.in_(lang))
    return (
        f'<input id="filter" type="search" placeholder="{filter_}" aria-label="{filter_}"><div class="wide">'
        f'<table id="tasks"><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _line(row: Row, lang: Lang) -> str:
    remark = _cause(row.error, lang) if row.error is not None else row.note.in_(lang) if row.note else ""
    bad = row.state in (State.FAILED, State.HELD)
    tone = "bad" if bad else "good" if row.state is State.DONE else ""
    links = [_film(path, name, lang) for path, name in ((row.video_path, texts.FILM), (row.draft_path, texts.DRAFT))]
    if row.debug_url and row.debug_url.startswith("https://"):
        links.append(f'<a href="{escape(row.debug_url)}" rel="noreferrer">{_safe(texts.DEBUG.in_(lang))}</a>')
    return (
        f"<tr><td>{_safe(row.task_id, 60)}</td><td>{_safe(row.title)}</td><td>{_safe(row.account_id, 60)}</td>"
        f'<td class="{tone}">{_safe(STATES[row.state].in_(lang))}</td><td class="number">{row.attempts or ""}</td>'
        f'<td class="number">{_whole(row.coze_seconds)}</td><td class="number">{_whole(row.synthesis_seconds)}</td>'
        f"<td>{' '.join(link for link in links if link)}</td><td>{_safe(remark, 1000)}</td></tr>"
    )


def _film(path: str | None, name: Text, lang: Lang) -> str:
    """A link to what this program made, for the machine it lies on."""
    if not path:
        return ""
    leads = _leads_to(path)
    return f'<a{leads} title="{_safe(path)}">{_safe(name.in_(lang))}</a>' if leads else _safe(name.in_(lang))


def _whole(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds > 0 else ""


def _safe(text: str, most: int = 300) -> str:
    return escape(clean(text, most))
