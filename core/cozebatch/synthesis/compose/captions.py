"""Timed captions: read from what Coze gives (docs/contract.md §5), or laid over the speech when it gives none.

The reading is lenient: a list of objects, SRT or WebVTT text, or either as a JSON string. The unit of plain numbers
(s, ms or µs) is whichever brings the last end nearest the media's length.

Accuracy of the second kind, on a generated example spoken at rates that vary by ±20 % (tests/bench): sentences begin
within 0.02 s where there is a pause after each, and about 0.3 s off in 11 s of speech without any pause.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from cozebatch.synthesis.compose.text_layout import bare, caption_pieces, sentences, width
from cozebatch.synthesis.compose.timeline import SECOND, Span

_STAMP = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?")
_CUE = re.compile(r"^\s*([\d:.,]+)\s*-->\s*([\d:.,]+)[^\n]*$", re.MULTILINE)
_TAG = re.compile(r"</?(?:i|b|u|font|c|v)\b[^>]*>|\{\\[^}]*\}", re.IGNORECASE)
_CJK = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_ENGLISH_KEYS = ("english", "en", "text_en", "translation")
_TEXT_KEYS = ("text", "content", "caption", "word")
_START_KEYS = ("start", "start_time", "begin", "startTime")
_END_KEYS = ("end", "end_time", "endTime")
_UNITS = (SECOND, 1_000, 1)
_LONGEST_SCRIPT = 50_000
_LARGEST = 1e15
_TOO_FAST = 0.4
"""A sentence that gets less than this share of its due time has been drawn to the wrong pauses."""


@dataclass(frozen=True, slots=True)
class Caption:
    """`start` and `end` in µs of the media it belongs to."""

    start: int
    end: int
    text: str
    english: str = ""
    keywords: tuple[str, ...] = ()


def read(value: Any, media_us: int) -> list[Caption]:
    """Captions out of Coze's output, in order and inside the media; empty when there are none to be read."""
    value = _unwrapped(value)
    if isinstance(value, str):
        return _tidy(_from_srt(value), media_us)
    if not isinstance(value, Sequence):
        return []
    raw: list[tuple[float, float, Mapping[str, Any]]] = []
    for item in value:
        if isinstance(item, Mapping):
            start, end = _number(_first(item, _START_KEYS)), _number(_first(item, _END_KEYS))
            if start is not None and end is not None:
                raw.append((start, end, item))
    if not raw:
        return []
    unit = _unit(max(end for _, end, _ in raw), media_us)
    found = [_caption(round(start * unit), round(end * unit), item) for start, end, item in raw]
    return _tidy(found, media_us)


def _unwrapped(value: Any) -> Any:
    for _ in range(4):
        if isinstance(value, str) and value.strip()[:1] in ("[", "{", '"'):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return value
        elif isinstance(value, Mapping):
            value = next(
                (value[k] for k in ("captions", "subtitles", "utterances", "list", "data") if k in value), None
            )
        else:
            return value
    return value


def _unit(last_end: float, media_us: int) -> int:
    """The unit, in µs, that brings `last_end` nearest `media_us`, by ratio."""
    if last_end <= 0 or media_us <= 0:
        return SECOND
    return min(_UNITS, key=lambda unit: abs(math.log(last_end) + math.log(unit) - math.log(media_us)))


def _caption(start: int, end: int, item: Mapping[str, Any]) -> Caption:
    text = str(_first(item, _TEXT_KEYS) or "")
    english = str(_first(item, _ENGLISH_KEYS) or "")
    words = item.get("keywords", item.get("keyword"))
    if isinstance(words, str):
        words = [words]
    keywords = tuple(str(word) for word in words) if isinstance(words, list | tuple) else ()
    return Caption(start, end, text, english, keywords)


def _from_srt(text: str) -> list[Caption]:
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    cues = list(_CUE.finditer(text))
    found: list[Caption] = []
    for number, cue in enumerate(cues):
        until = cues[number + 1].start() if number + 1 < len(cues) else len(text)
        start, end = _stamp(cue[1]), _stamp(cue[2])
        if start is None or end is None:
            continue
        lines = [_TAG.sub("", line).strip() for line in text[cue.end() : until].split("\n")]
        if number + 1 < len(cues) and lines and lines[-1] == "":
            lines.pop()
        if number + 1 < len(cues) and lines and lines[-1].isdigit():
            lines.pop()  # the next cue's number
        lines = [line for line in lines if line]
        english = ""
        if len(lines) > 1 and _CJK.search(lines[0]) and not _CJK.search(lines[-1]):
            english = lines.pop()
        joint = "" if any(_CJK.search(line) for line in lines) else " "
        found.append(Caption(start, end, joint.join(lines), english))
    return found


def _stamp(text: str) -> int | None:
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * SECOND + int((match[4] or "0").ljust(6, "0"))


def _tidy(captions: Sequence[Caption], media_us: int) -> list[Caption]:
    """The captions sorted, cut to the media, without overlaps and empty ones."""
    found: list[Caption] = []
    for caption in sorted(captions, key=lambda c: (c.start, c.end)):
        text = " ".join(caption.text.split())
        start, end = max(0, caption.start), min(media_us, caption.end)
        if not text or end <= start:
            continue
        if found and found[-1].end > start:
            found[-1] = replace(found[-1], end=start)
            if found[-1].end <= found[-1].start:
                found.pop()
        found.append(replace(caption, start=start, end=end, text=text))
    return found


def _first(item: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        stamp = _stamp(value) if ":" in value else None
        if stamp is not None:
            return stamp / SECOND
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < _LARGEST else None  # nor is NaN


def from_script(script: str, speech: Sequence[Span], max_em: float) -> list[Caption]:
    """The script's sentences laid over the speech, in pieces that fit on a line.

    Speaking time is shared out by width (a Chinese character takes about as long as any other), and ends of
    sentences are drawn to the pauses nearest to where they would fall, keeping order.
    """
    parts = sentences(script[:_LONGEST_SCRIPT])
    total = sum(_weight(sentence) for sentence in parts)
    spoken = sum(span.duration for span in speech)
    if not parts or not total or not spoken:
        return []
    us_per_em = spoken / total
    pauses = [(a.end, b.start) for a, b in pairwise(speech)]
    bounds = _sentence_bounds(parts, speech, us_per_em, pauses)
    if any(
        sum(span.duration for span in _within(speech, *bound)) < _TOO_FAST * _weight(sentence) * us_per_em
        for sentence, bound in zip(parts, bounds, strict=True)
    ):
        # The pauses do not fit the script: a sentence would have to be spoken too fast.
        bounds = _sentence_bounds(parts, speech, us_per_em, [])
    found: list[Caption] = []
    for sentence, (start, end) in zip(parts, bounds, strict=True):
        pieces = caption_pieces(sentence, max_em)
        weights = [_weight(piece) for piece in pieces]
        inside = _within(speech, start, end)
        length = sum(span.duration for span in inside)
        done = 0.0
        for piece, weight in zip(pieces, weights, strict=True):
            a, b = _at(inside, length * done / sum(weights)), _at(inside, length * (done + weight) / sum(weights), True)
            done += weight
            if b > a:
                found.append(Caption(a, b, piece))
    return found


def _sentence_bounds(
    parts: Sequence[str], speech: Sequence[Span], us_per_em: float, pauses: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(start, end) of each sentence. A break falls into a pause when one lies near enough, else where it is due."""
    breaks: list[tuple[int, int]] = []
    used = -1
    done = 0.0
    for sentence in parts[:-1]:
        done += _weight(sentence)
        due = _at(speech, done * us_per_em)
        reach = max(0.45 * _weight(sentence) * us_per_em, 300_000)
        near = [
            (abs((left + right) // 2 - due), number)
            for number, (left, right) in enumerate(pauses)
            if number > used and abs((left + right) // 2 - due) <= reach
        ]
        if near:
            used = min(near)[1]
            breaks.append(pauses[used])
        else:
            breaks.append((due, due))
    starts = [speech[0].start, *(right for _, right in breaks)]
    ends = [*(left for left, _ in breaks), speech[-1].end]
    for i in range(1, len(starts)):  # the nearest pause may lie before the previous break: keep the order
        starts[i] = max(starts[i], starts[i - 1])
        ends[i] = max(ends[i], starts[i])
        ends[i - 1] = min(ends[i - 1], starts[i])
    return list(zip(starts, ends, strict=True))


def _within(speech: Sequence[Span], start: int, end: int) -> list[Span]:
    clipped = [(max(span.start, start), min(span.end, end)) for span in speech]
    return [Span(a, b - a) for a, b in clipped if b > a]


def _at(speech: Sequence[Span], spoken: float, ending: bool = False) -> int:
    """The moment by which `spoken` µs of speech have passed. At the edge of a pause: after it, or, for something
    that ends there, before it."""
    left = round(spoken)
    for span in speech:
        if left < span.duration or (ending and left == span.duration):
            return span.start + left
        left -= span.duration
    return speech[-1].end if speech else 0


def _weight(text: str) -> float:
    return max(0.5, width(bare(text)))


def fitted(captions: Sequence[Caption], max_em: float) -> list[Caption]:
    """Captions given by Coze, those too long for a line shared out over its time."""
    found: list[Caption] = []
    for caption in captions:
        pieces = caption_pieces(caption.text, max_em) if width(bare(caption.text)) > max_em else [caption.text]
        weights = [_weight(piece) for piece in pieces]
        done = 0.0
        for number, piece in enumerate(pieces):
            length = caption.end - caption.start
            a = caption.start + round(length * done / sum(weights))
            done += weights[number]
            b = caption.start + round(length * done / sum(weights))
            shown = bare(piece)
            if shown and b > a:
                # The translation stays whole: it belongs to the whole sentence.
                found.append(replace(caption, start=a, end=b, text=shown))
    return found
