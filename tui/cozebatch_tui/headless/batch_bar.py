"""The last line of a run on a terminal: the batch as one bar in the colours of the stages, how many tasks are where,
when it will end and what holds it up. As much as fits in the width, the bar and the progress always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cozebatch.model.board import Board
from cozebatch.model.statistics import Remaining
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.headless.styled import Span, cells
from cozebatch_tui.headless.terminal import Terminal
from cozebatch_tui.locale import header as texts
from cozebatch_tui.locale.names import PAUSES
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.presentation.tones import TONE_OF, Tone

_SEGMENTS: Sequence[tuple[Tone, State]] = (
    (Tone.DONE, State.DONE),
    (Tone.FILM, State.SYNTHESIZING),
    (Tone.COZE, State.RUNNING),
    (Tone.ATTENTION, State.HELD),
    (Tone.FAILED, State.FAILED),
)
"""From the left; each with the state that lends its sign."""
_WAITING = (Tone.WAITING, State.PENDING)
_COUNTED = (*_SEGMENTS[:3], _WAITING, *_SEGMENTS[:2:-1])
_LEAST, _MOST = 8, 40
"""Cells of the bar."""


def batch_bar(
    board: Board, left: Remaining | None, lang: Lang, terminal: Terminal, width: int, *, draining: bool
) -> list[Span]:
    """The line, at most `width` cells wide."""
    by_tone = _by_tone(board)
    total = sum(by_tone.values())
    done = by_tone[Tone.DONE]
    share: list[Span] = [(f" {100 * done // total if total else 0}%", "bold"), (f" {done}/{total}", None)]
    extras = [_counts(by_tone, terminal), *_end(board, left, lang, terminal, draining)]
    chosen: list[list[Span]] = []
    room = width - _LEAST - cells(share)
    for extra in _by_weight(extras):
        if extra and cells(extra) + 2 <= room:
            room -= cells(extra) + 2
            chosen.append(extra)
    bar = _bar(by_tone, total, min(_MOST, _LEAST + max(0, room)), terminal)
    line = [*bar, *share]
    for extra in extras:
        if extra in chosen:
            line += [("  ", None), *extra]
    return line if cells(line) <= width else share[1:] if cells(share[1:]) <= width else []


def _by_weight(extras: Sequence[list[Span]]) -> Sequence[list[Span]]:
    """The counts give way to the time of the end, the bottleneck to both."""
    counts, end, *rest = extras
    return [end, counts, *rest]


def _by_tone(board: Board) -> dict[Tone, int]:
    """How many of the tasks that this batch is to do are in each stage."""
    found = dict.fromkeys(Tone, 0)
    for state, number in board.counts.items():
        if state not in (State.SKIPPED, State.CANCELLED):
            found[TONE_OF[state]] += number
    return found


def _bar(by_tone: Mapping[Tone, int], total: int, room: int, terminal: Terminal) -> list[Span]:
    """A segment for each stage; without colours, in the stage's sign."""
    glyphs = terminal.glyphs
    spans: list[Span] = []
    reached = taken = 0
    for tone, state in _SEGMENTS:
        reached += by_tone[tone]
        size = round(room * reached / total) - taken if total else 0
        taken += size
        spans.append(((glyphs.eighths[-1] if terminal.colour else glyphs.states[state]) * size, tone))
    spans.append((glyphs.line * (room - taken), Tone.WAITING))
    return spans


def _counts(by_tone: Mapping[Tone, int], terminal: Terminal) -> list[Span]:
    parts: list[Span] = []
    for tone, state in _COUNTED:
        if by_tone[tone]:
            parts.append((f"{' ' if parts else ''}{terminal.glyphs.states[state]}{by_tone[tone]}", tone))
    return parts


def _end(board: Board, left: Remaining | None, lang: Lang, terminal: Terminal, draining: bool) -> list[list[Span]]:
    """When it ends and why not sooner; or why it stands still."""
    if draining:
        return [[(texts.DRAINING.in_(lang), Tone.ATTENTION)]]
    paused: list[Span] = [(PAUSES[reason].in_(lang), Tone.ATTENTION) for reason in board.paused if reason in PAUSES]
    if paused:
        return [paused[:1]]
    elapsed = f"{texts.ELAPSED.in_(lang)} {duration(board.clock)}"
    if left is None:
        return [[(elapsed, None)]]
    end = f"{datetime.fromtimestamp(board.wall + left.seconds):%H:%M}"
    time_left = f"{texts.LEFT.in_(lang)} {duration(left.seconds)} {terminal.glyphs.arrow} {end}"
    return [[(time_left, "bold")], [(texts.BOTTLENECK[left.bottleneck].in_(lang), Tone.ATTENTION)], [(elapsed, None)]]
