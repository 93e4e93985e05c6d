"""What stays on the terminal when the screen is gone: what was done, where it lies, what was paid, how to go on."""

from __future__ import annotations

import sys
from pathlib import Path

from cozebatch.model.default_paths import SETUP_FILE, STATE_DIR
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import farewell as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.formatting import count
from cozebatch_tui.presentation.invocation import after_the_demo, command
from cozebatch_tui.screen.shown_batch import ShownBatch

_COUNTED = (State.DONE, State.FAILED, State.HELD, State.CANCELLED, State.SKIPPED)


def unfinished_setup(lang: Lang) -> list[str]:
    """How a set-up that was left is gone on with; nothing if no answer was kept."""
    kept = (Path(STATE_DIR) / SETUP_FILE).exists()
    return [texts.SET_UP_LATER.in_(lang).format(command=command(sys.argv[1:]))] if kept else []


def set_up(start: str, lang: Lang) -> list[str]:
    """How the program is started with the configuration that was just written."""
    return [texts.SET_UP.in_(lang).format(command=start)]


def farewell(batch: ShownBatch, lang: Lang) -> list[str]:
    """At most six lines; none for a batch that has not begun."""
    view_model, session = batch.view_model, batch.session
    if view_model is None or session is None or batch.run_record is None:
        return []
    view_model.pump()
    view_model.add_up()
    board = view_model.board
    parts = [f"{STATES[state].in_(lang)} {board.counts[state]}" for state in _COUNTED if board.counts[state]]
    if board.unfinished:
        parts.append(texts.UNFINISHED.in_(lang).format(count=board.unfinished))
    lines = [texts.COUNTS.filled(total=len(board.rows), parts=("，" if lang == "zh" else ", ").join(parts)).in_(lang)]
    if session.films_folder is not None and board.counts[State.DONE]:
        lines.append(texts.FILMS.in_(lang).format(path=Path(session.films_folder).absolute()))
    if batch.results_path is not None:
        lines.append(texts.RESULTS.in_(lang).format(path=batch.results_path))
    if session.log_path is not None:
        lines.append(texts.LOG.in_(lang).format(path=session.log_path))
    if batch.is_demo:
        return [clean(line, 2000) for line in [*lines, *after_the_demo(lang)]]
    lines.append(texts.PAID.filled(paid=view_model.paid, tokens=count(view_model.tokens)).in_(lang))
    if board.unfinished or board.counts[State.FAILED] or board.counts[State.HELD]:
        lines.append(texts.GO_ON.in_(lang).format(command=batch.command))
    return [clean(line, 2000) for line in lines]
