"""Reads captions out of decoded JSON objects that hold times and a text, whatever their keys are called.

Known are the forms of caption nodes and JianYing plug-ins, whisper, whisper.cpp, Volcengine, Aliyun, Tencent, iFlytek,
Baidu, MiniMax and FunASR. Single words are put together to lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cozebatch.synthesis.compose.caption_text import has_cjk
from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.stamps import read_stamp
from cozebatch.synthesis.compose.text_layout import width
from cozebatch.synthesis.compose.timeline import SECOND

_ENGLISH_KEYS = ("english", "en", "texten", "translation")
_TEXT_KEYS = (
    *("text", "content", "caption", "subtitle", "finalsentence", "sentence", "transcript", "onebest", "res"),
    *("punctuatedword", "word"),
)
_START_KEYS = ("start", "starttime", "begin", "begintime", "startms", "starttimems", "timebegin", "bg", "from")
_END_KEYS = ("end", "endtime", "endms", "endtimems", "timeend", "ed", "to")
_LENGTH_KEYS = ("duration", "durationms")
_RANGE_KEYS = ("offsets", "timestamp", "timestamps", "timerange", "targettimerange", "time", "timeline")
"""Keys of an object or a pair that holds both times."""
_UNITS = (SECOND, 1_000, 1)
_LARGEST = 1e15
_SECONDS = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(?:s|sec|秒)", re.ASCII | re.IGNORECASE)
_LINE_EM = 16.0
_PAUSE = 500_000
"""µs between two words that end a line."""
_SENTENCE_END = "。！？!?；;…."


@dataclass(frozen=True, slots=True)
class Timed:
    """An object with times in a unit that is not known yet."""

    start: float
    end: float
    facts: Mapping[str, Any]


def plain_key(key: Any) -> str:
    """A key without its case and joints: `beginTime`, `begin_time` and `BeginTime` are one."""
    return str(key)[:40].replace("_", "").replace("-", "").lower()


def timed_objects(items: Sequence[Any]) -> list[Timed]:
    """Those of the items that hold times and a text."""
    found = (_timed(item) for item in items if isinstance(item, Mapping))
    return [timed for timed in found if timed is not None and _text(timed.facts)]


def side_by_side(place: Mapping[Any, Any]) -> list[Timed]:
    """Texts in one list and their times in another of the same length, as JianYing plug-ins take them."""
    lists = [value for value in place.values() if isinstance(value, list) and value]
    for texts in lists:
        if not all(isinstance(text, str) for text in texts):
            continue
        for times in lists:
            if times is texts or len(times) != len(texts):
                continue
            found = [_timed(time) for time in times if isinstance(time, Mapping)]
            if len(found) == len(texts) and all(found):
                pairs = zip(found, texts, strict=True)
                return [replace(timed, facts={"text": text}) for timed, text in pairs if timed is not None]
    return []


def captions_of(objects: Sequence[Timed], media_us: int, *, words: bool) -> list[Caption]:
    """The captions, in µs: the unit of the numbers is whichever brings the last end nearest the media's length.
    `words`: the objects are single words."""
    if not objects:
        return []
    unit = _unit(max(timed.end for timed in objects), media_us)
    found = [_caption(round(timed.start * unit), round(timed.end * unit), timed.facts) for timed in objects]
    return _lines(found) if words or all("word" in timed.facts for timed in objects) else found


def _timed(item: Mapping[Any, Any]) -> Timed | None:
    facts = {plain_key(key): value for key, value in item.items()}
    for key in _RANGE_KEYS:
        facts = {**_range(facts.get(key)), **facts}
    start, end = _number(_first(facts, _START_KEYS)), _number(_first(facts, _END_KEYS))
    length = _number(_first(facts, _LENGTH_KEYS))
    if end is None and start is not None and length is not None:
        end = start + length
    return Timed(start, end, facts) if start is not None and end is not None else None


def _range(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {plain_key(key): inner for key, inner in value.items()}
    if isinstance(value, list | tuple) and value and all(isinstance(pair, list | tuple) and pair for pair in value):
        value = [value[0][0], value[-1][-1]]  # a pair for each character
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"start": value[0], "end": value[1]}
    return {}


def _text(facts: Mapping[str, Any], keys: Sequence[str] = _TEXT_KEYS) -> str:
    value = _first(facts, keys)
    if isinstance(value, list | tuple):
        return "".join(part for part in value if isinstance(part, str))
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _caption(start: int, end: int, facts: Mapping[str, Any]) -> Caption:
    words = facts.get("keywords", facts.get("keyword"))
    if isinstance(words, str):
        words = [words]
    keywords = tuple(str(word) for word in words if str(word).strip()) if isinstance(words, list | tuple) else ()
    return Caption(start, end, _text(facts), _text(facts, _ENGLISH_KEYS), keywords)


def _lines(words: Sequence[Caption]) -> list[Caption]:
    """Words put together until a sentence ends, somebody pauses, or the line is full."""
    found: list[Caption] = []
    for word in sorted(words, key=lambda word: word.start):
        last = found[-1] if found else None
        if (
            last is None
            or word.start - last.end > _PAUSE
            or last.text.rstrip()[-1:] in _SENTENCE_END
            or width(last.text + word.text) > _LINE_EM
        ):
            found.append(word)
            continue
        close = has_cjk(last.text[-1:] + word.text[:1]) or not word.text[:1].isalnum() or last.text[-1:].isspace()
        text = last.text + ("" if close else " ") + word.text
        found[-1] = replace(last, end=max(last.end, word.end), text=text)
    return found


def _unit(last_end: float, media_us: int) -> int:
    """The unit, in µs, that brings `last_end` nearest `media_us`, by ratio."""
    if last_end <= 0 or media_us <= 0:
        return SECOND
    return min(_UNITS, key=lambda unit: abs(math.log(last_end) + math.log(unit) - math.log(media_us)))


def _first(facts: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((facts[key] for key in keys if facts.get(key) is not None), None)


def _number(value: Any) -> float | None:
    """Seconds for a stamp, else the number as it is; None for what is none, is not finite, or is beyond all media."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if ":" in value or "：" in value:
            stamp = read_stamp(value)
            return None if stamp is None else stamp / SECOND
        if named := _SECONDS.fullmatch(value.strip()):
            value = named[1]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None  # nor is NaN
