"""Measures how loud a soundtrack is, and finds where somebody speaks.

One pass of ffmpeg's `ebur128` (EBU R 128 loudness) and `silencedetect`. Accuracy of the speech found is that of a
level gate: a pause shorter than `SHORTEST_PAUSE` or filled with noise above the gate counts as speech.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cozebatch.bounds.numbers import number
from cozebatch.model.errors import Category
from cozebatch.synthesis.compose.timeline import SECOND, Source, Span
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.process.ffmpeg import SAFE_INPUT, Ffmpeg

TARGET_LUFS = -16.0
"""What short-video platforms play at about; every film's voice is brought here."""
SHORTEST_PAUSE = 0.18
SILENT_LUFS = -60.0
_ONE_BLOCK = 500_000
"""µs: loudness is measured in blocks of 400 ms; a shorter sound has none and is left as it is."""
_GATE_DB = -38.0
_GATE_BELOW_SPEECH = 20.0
_SHORTEST_SPEECH = 60_000
_MOST_GAIN, _MOST_CUT = 20.0, -20.0
_SILENCE = re.compile(r"silence_(start|end): (-?[\d.]+(?:e[+-]?\d+)?)")
_LOUDNESS = re.compile(r"(?<!\w)I:\s+(-?[\d.]+|nan|-inf) LUFS")


@dataclass(frozen=True, slots=True)
class Loudness:
    """`speech` in order, in µs; `gain_db` is what brings it to `TARGET_LUFS`, within ±20 dB."""

    lufs: float
    speech: tuple[Span, ...]

    @property
    def gain_db(self) -> float:
        return max(_MOST_CUT, min(_MOST_GAIN, TARGET_LUFS - self.lufs))


async def measure_loudness(ffmpeg: Ffmpeg, sound: Source, *, timeout: float) -> Loudness:
    """Measure loudness and speech of the soundtrack that is heard of `sound`.

    Raises `StepError` (`media`) when it is silent or undecodable.
    """
    loudness = await _once(ffmpeg, sound, _GATE_DB, timeout)
    expected = loudness.lufs - _GATE_BELOW_SPEECH
    if loudness.lufs < TARGET_LUFS - 12 and expected < _GATE_DB:
        # The recording is quiet: much of the speech lay below the gate.
        return await _once(ffmpeg, sound, expected, timeout)
    return loudness


async def _once(ffmpeg: Ffmpeg, sound: Source, gate: float, timeout: float) -> Loudness:
    path, duration_us = Path(sound.path), sound.duration_us
    silences: list[tuple[str, float]] = []
    lufs: float | None = None

    def read_line(line: str) -> None:
        nonlocal lufs
        for kind, seconds in _SILENCE.findall(line):
            silences.append((kind, number(seconds) or 0.0))
        if match := _LOUDNESS.search(line):
            lufs = float("-inf") if match[1] == "-inf" else number(match[1])

    detect = f"silencedetect=n={gate:.1f}dB:d={SHORTEST_PAUSE},ebur128=framelog=quiet"
    arguments = [*SAFE_INPUT, "-i", path.name, "-map", f"0:a:{sound.sound_track}", "-af", detect, "-f", "null", "-"]
    done = await ffmpeg.ask(arguments, cwd=path.parent, timeout=timeout, on_log=read_line)
    if done.returncode != 0 or lufs is None:
        raise failure(Category.MEDIA, f"{path.name} 的声音无法解码", f"the sound of {path.name} cannot be decoded")
    if duration_us < _ONE_BLOCK and not lufs > SILENT_LUFS:
        lufs = TARGET_LUFS
    if not lufs > SILENT_LUFS:
        raise failure(Category.MEDIA, f"{path.name} 没有声音（静音）", f"{path.name} is silent")
    return Loudness(lufs, tuple(_speech(silences, duration_us)))


def _speech(silences: Sequence[tuple[str, float]], duration_us: int) -> list[Span]:
    """The spans between the silences."""
    found: list[Span] = []
    start = 0
    for kind, seconds in silences:
        at = min(duration_us, max(0, round(seconds * SECOND)))
        if kind == "start" and at - start >= _SHORTEST_SPEECH:
            found.append(Span(start, at - start))
        start = at if kind == "end" else duration_us
    if duration_us - start >= _SHORTEST_SPEECH:
        found.append(Span(start, duration_us - start))
    return found
