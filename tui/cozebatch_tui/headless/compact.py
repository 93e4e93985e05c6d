"""An event as one short line for a person at a terminal: time, title, what happened, where the film lies.

Ids, links and codes are in the log; with `verbose`, here too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.headless.styled import Span, Style
from cozebatch_tui.locale import headless as texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.presentation.glyphs import Glyphs
from cozebatch_tui.presentation.tones import TONE_OF, Tone

INDENT = 11
"""Where lines go on: below the title, right of time and sign."""

_LEVEL_TONES: Mapping[str, Style] = {"warning": Tone.ATTENTION, "error": Tone.FAILED}


def compact(event: events.Event, row: Row | None, lang: Lang, glyphs: Glyphs, *, verbose: bool) -> list[Span] | None:
    """The line; None for an event that needs none here. `row`: the task that it is about, if it is on the board."""
    match event:
        case events.TaskState(error=error) if error is not None and not event.after.is_end:
            if error.category is Category.THROTTLED and not verbose:
                return None  # told once, for all tasks
            what = f"{texts.AGAIN.in_(lang)}{clean(_reason(error, lang), 2000)}"
            return [*_head(event, glyphs, event.after, Tone.ATTENTION), *_name(event.row, verbose), (what, None)]
        case events.TaskState():
            return _moved(event, lang, glyphs, verbose)
        case events.Retrying() if row is not None:
            what = texts.RETRYING.in_(lang).format(delay=f"{event.delay:.0f}", message=_reason(event.error, lang))
            return [*_head(event, glyphs, row.state, Tone.ATTENTION), *_name(row, verbose), (what, Tone.ATTENTION)]
        case events.RunStarted():
            what = texts.STARTED.filled(total=event.total, coze=event.max_coze, films=event.max_synthesis).in_(lang)
            return [*_head(event, glyphs, None, "bold"), (what, "bold")]
        case events.RunFinished():
            return None  # its figures are printed below
        case events.LimitChanged() if not verbose:
            return None  # the bar has what matters of it
        case _:
            described = describe(event, lang, brief=not verbose)
            if described is None:
                return None
            level, _, text = described
            tone = _LEVEL_TONES.get(level)
            name = _name(row, verbose) if row is not None else []
            return [*_head(event, glyphs, None, tone), *name, (clean(text, 4000), tone)]


def _moved(event: events.TaskState, lang: Lang, glyphs: Glyphs, verbose: bool) -> list[Span]:
    row, tone = event.row, TONE_OF[event.after]
    line = [*_head(event, glyphs, event.after, tone), *_name(row, verbose), (STATES[event.after].in_(lang), tone)]
    more: list[str] = []
    if event.adopted:
        more.append(texts.FOLLOWED.in_(lang))
    if event.after is State.DONE:
        if row.coze_seconds or row.synthesis_seconds:
            more.append(duration(row.coze_seconds + row.synthesis_seconds))
        more += [relative(path) for path in (row.video_path, row.draft_path) if path]
    if row.note is not None and event.after.is_end:
        more.append(row.note.in_(lang))
    if event.error is not None:
        more.append(_message(event.error, lang))
        if verbose:
            more += [f"{name}={value}" for name, value in _codes(event) if value]
    if event.after in (State.FAILED, State.HELD) and (way := texts.way_on(row, lang)) is not None:
        more.append(f"[{way}]")
    if verbose and event.execute_id:
        more.append(event.execute_id)
    if verbose and row.debug_url:
        more.append(row.debug_url)
    return [*line, *((f"  {clean(text, 2000)}", None) for text in more)]


def _codes(event: events.TaskState) -> list[tuple[str, str | None]]:
    assert event.error is not None
    return [("code", event.error.code), ("logid", event.error.logid)]


def _head(event: events.Event, glyphs: Glyphs, state: State | None, style: Style) -> list[Span]:
    sign = glyphs.states[state] if state is not None else glyphs.dot
    return [(f"{datetime.fromtimestamp(event.wall):%H:%M:%S} ", Tone.WAITING), (f"{sign} ", style)]


def _name(row: Row, verbose: bool) -> list[Span]:
    """The title, or the id of a task without one."""
    title = clean(row.title, 40).strip() or clean(row.task_id, 40)
    return [(f"{title}  ", "bold"), *([(f"{clean(row.task_id, 40)}  ", Tone.WAITING)] if verbose else ())]


def _message(error: ErrorInfo, lang: Lang) -> str:
    name = CATEGORIES[error.category].in_(lang)
    return f"{name}{'：' if lang == 'zh' else ': '}{clean(error.full_message(lang), 2000)}"


def _reason(error: ErrorInfo, lang: Lang) -> str:
    """The same without what a person could do: the program does it by itself."""
    return f"{CATEGORIES[error.category].in_(lang)}{'：' if lang == 'zh' else ': '}{error.message.in_(lang)}"


def relative(path: str) -> str:
    """The path from the working directory, where it lies below it."""
    try:
        found = Path(path).relative_to(Path.cwd())
    except ValueError:
        return path
    return os.fspath(found)
