"""Reads the timed captions that come with Coze's output (docs/contract.md §5), leniently; nothing here raises.

Objects with times in any layer of JSON, as caption nodes, whisper and the speech services of Volcengine, Aliyun and
Tencent give them; SRT, WebVTT, ASS and LRC text; either as a JSON string or behind a Markdown fence. The unit of plain
numbers (s, ms or µs) is whichever brings the last end nearest the media's length.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.synthesis.compose.caption_text import has_cjk, read_stamp, read_text
from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.timeline import SECOND

_ENGLISH_KEYS = ("english", "en", "texten", "translation")
_TEXT_KEYS = ("text", "content", "caption", "finalsentence", "sentence", "transcript", "word")
_START_KEYS = ("start", "starttime", "begin", "begintime", "startms")
_END_KEYS = ("end", "endtime", "endms")
_LENGTH_KEYS = ("duration", "durationms")
_WORDS_KEYS = frozenset({"words", "wordlist", "tokens"})
"""Lists of single words: they are captions only where there is nothing longer."""
_UNITS = (SECOND, 1_000, 1)
_LARGEST = 1e15
_MOST_PLACES = 20_000
_MOST_LETTERS = 4_000_000
_SAME_TIME = 60_000
"""µs by which two cues may differ that belong to one moment, in two languages."""


def read(value: Any, media_us: int) -> list[Caption]:
    """Captions out of Coze's output, in order and inside the media; empty if there are none to be read."""
    waiting: deque[Any] = deque([value])
    words: deque[Any] = deque()
    for _ in range(_MOST_PLACES):
        if not waiting:
            waiting, words = words, deque()
            if not waiting:
                break
        place = waiting.popleft()
        if isinstance(place, str):
            place = _opened(place)
            if isinstance(place, str):
                if found := _tidy(read_text(place), media_us):
                    return found
                continue
        if isinstance(place, Mapping):
            for key, inner in place.items():
                (words if _plain(key) in _WORDS_KEYS else waiting).append(inner)
        elif isinstance(place, Sequence):
            if found := _tidy(_from_objects(place, media_us), media_us):
                return found
            waiting.extend(item for item in place if isinstance(item, Mapping | list | tuple))
    return []


def _opened(text: str) -> Any:
    """What a string holds if it is JSON, behind a fence or not; else the text itself."""
    text = text[:_MOST_LETTERS].strip().lstrip("\ufeff").strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].removesuffix("```").strip()
    if text[:1] in ("[", "{", '"'):
        try:
            return read_json(text)
        except ValueError:
            return text
    return text


def _from_objects(items: Sequence[Any], media_us: int) -> list[Caption]:
    raw: list[tuple[float, float, Mapping[str, Any]]] = []
    for item in items:
        if not isinstance(item, Mapping):
            continue
        facts = {_plain(key): value for key, value in item.items()}
        start, end = _number(_first(facts, _START_KEYS)), _number(_first(facts, _END_KEYS))
        length = _number(_first(facts, _LENGTH_KEYS))
        if end is None and start is not None and length is not None:
            end = start + length
        if start is not None and end is not None and _first(facts, _TEXT_KEYS) is not None:
            raw.append((start, end, facts))
    if not raw:
        return []
    unit = _unit(max(end for _, end, _ in raw), media_us)
    return [_caption(round(start * unit), round(end * unit), facts) for start, end, facts in raw]


def _plain(key: Any) -> str:
    return str(key).lower().replace("_", "")


def _unit(last_end: float, media_us: int) -> int:
    """The unit, in µs, that brings `last_end` nearest `media_us`, by ratio."""
    if last_end <= 0 or media_us <= 0:
        return SECOND
    return min(_UNITS, key=lambda unit: abs(math.log(last_end) + math.log(unit) - math.log(media_us)))


def _caption(start: int, end: int, facts: Mapping[str, Any]) -> Caption:
    words = facts.get("keywords", facts.get("keyword"))
    if isinstance(words, str):
        words = [words]
    keywords = tuple(str(word) for word in words) if isinstance(words, list | tuple) else ()
    text, english = str(_first(facts, _TEXT_KEYS) or ""), str(_first(facts, _ENGLISH_KEYS) or "")
    return Caption(start, end, text, english, keywords)


def _tidy(captions: Sequence[Caption], media_us: int) -> list[Caption]:
    """The captions sorted, cut to the media, without overlaps and empty ones. Those of one moment become one: the
    translation stands below its sentence, nothing is lost."""
    found: list[Caption] = []
    for caption in sorted(captions, key=lambda c: (c.start, c.end)):
        text = " ".join(caption.text.split())
        start, end = max(0, caption.start), min(media_us, caption.end)
        if not text or end <= start:
            continue
        now = replace(caption, start=start, end=end, text=text)
        if found and abs(found[-1].start - start) <= _SAME_TIME:
            found[-1] = _together(found[-1], now)
            continue
        if found and found[-1].end > start:
            found[-1] = replace(found[-1], end=start)
        found.append(now)
    return found


def _together(first: Caption, second: Caption) -> Caption:
    end, keywords = max(first.end, second.end), first.keywords + second.keywords
    if has_cjk(second.text) and not has_cjk(first.text):
        first, second = second, first
    if has_cjk(first.text) and not has_cjk(second.text):
        english = " ".join(part for part in (first.english, second.text, second.english) if part)
        return replace(first, end=end, english=english, keywords=keywords)
    english = " ".join(part for part in (first.english, second.english) if part)
    return replace(first, end=end, text=f"{first.text} {second.text}", english=english, keywords=keywords)


def _first(facts: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((facts[key] for key in keys if facts.get(key) is not None), None)


def _number(value: Any) -> float | None:
    """Seconds for a stamp, else the number as it is; None for what is none, is not finite, or is beyond all media."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and ":" in value:
        stamp = read_stamp(value)
        return None if stamp is None else stamp / SECOND
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None  # nor is NaN
