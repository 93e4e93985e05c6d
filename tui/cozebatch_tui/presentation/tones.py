"""What a colour means, everywhere on the screen: the stage a task is in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cozebatch.model.task import State


class Tone(StrEnum):
    """The value is the theme variable that holds the colour."""

    DONE = "stage-done"
    FILM = "stage-film"
    COZE = "stage-coze"
    WAITING = "stage-waiting"
    FAILED = "stage-failed"
    ATTENTION = "stage-attention"


TONE_OF: Mapping[State, Tone] = {
    State.PENDING: Tone.WAITING,
    State.SUBMITTING: Tone.COZE,
    State.RUNNING: Tone.COZE,
    State.DOWNLOADING: Tone.FILM,
    State.QUEUED: Tone.FILM,
    State.SYNTHESIZING: Tone.FILM,
    State.WRITING_BACK: Tone.FILM,
    State.DONE: Tone.DONE,
    State.FAILED: Tone.FAILED,
    State.HELD: Tone.ATTENTION,
    State.CANCELLED: Tone.WAITING,
    State.SKIPPED: Tone.WAITING,
}

_URGENCY: Mapping[State, int] = {
    State.HELD: 0,
    State.FAILED: 0,
    State.WRITING_BACK: 1,
    State.SYNTHESIZING: 1,
    State.QUEUED: 1,
    State.DOWNLOADING: 1,
    State.RUNNING: 1,
    State.SUBMITTING: 1,
    State.PENDING: 2,
    State.DONE: 3,
    State.CANCELLED: 4,
    State.SKIPPED: 4,
}


def urgency(state: State) -> int:
    """The place in the table's own order: what needs a person, what moves, what waits, what is done, what is left
    out."""
    return _URGENCY[state]
