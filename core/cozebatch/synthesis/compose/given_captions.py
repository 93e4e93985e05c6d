"""Reads the timed captions that come with Coze's output (docs/contract.md §5), leniently; nothing here raises.

Objects with times in any layer of JSON (`caption_objects`) and caption files as text (`caption_text`), either as a JSON
string, behind a Markdown fence, or with words around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.synthesis.compose.caption_objects import Timed, captions_of, plain_key, side_by_side, timed_objects
from cozebatch.synthesis.compose.caption_text import has_cjk, read_text
from cozebatch.synthesis.compose.captions import Caption

_WORDS_KEYS = frozenset({"words", "word", "wordlist", "tokens", "chars", "characters"})
"""Lists of single words: they are captions only where there is nothing longer."""
_MOST_PLACES = 20_000
_MOST_LETTERS = 4_000_000
_MOST_AT_ONCE = 2_000
_SAME_TIME = 60_000
"""µs by which two cues may differ that belong to one moment, in two languages."""
_FENCED = re.compile(r"```[\w.+-]{0,20}[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_MOST_TRIES = 20


@dataclass(slots=True)
class _Found:
    """What was found on one layer under one name: a service may give it in several parts."""

    objects: list[Timed] = field(default_factory=list)
    texts: list[Caption] = field(default_factory=list)


def read(value: Any, media_us: int) -> list[Caption]:
    """Captions out of Coze's output, in order and inside the media; empty if there are none to be read."""
    layer: list[tuple[str, Any]] = [("", value)]
    words: list[tuple[str, Any]] = []
    left = _MOST_PLACES
    while layer or words:
        if not layer:
            layer, words = words, []
        below: list[tuple[str, Any]] = []
        found: dict[str, _Found] = {}
        for name, place in layer[:left]:
            _look(name, place, found.setdefault(name, _Found()), below, words)
        left -= len(layer)
        for name, seen in found.items():
            given = captions_of(seen.objects, media_us, words=name in _WORDS_KEYS) or seen.texts
            if captions := _tidy(given, media_us):
                return captions
        layer = below if left > 0 else []
        words = words if left > 0 else []
    return []


def _look(name: str, place: Any, found: _Found, below: list[tuple[str, Any]], words: list[tuple[str, Any]]) -> None:
    """Look at one place: what it holds itself goes to `found`, what lies in it to `below` or `words`."""
    if isinstance(place, str):
        opened = _opened(place)
        if isinstance(opened, str):
            found.texts += read_text(opened)
            return
        place = opened
    if isinstance(place, Mapping):
        inner_objects = [inner for inner in place.values() if isinstance(inner, Mapping)]
        found.objects += side_by_side(place) or _timed(inner_objects or [place])
        for key, inner in place.items():
            plain = plain_key(key)
            (words if plain in _WORDS_KEYS and not isinstance(inner, str) else below).append((plain, inner))
    elif isinstance(place, Sequence):
        place = place[:_MOST_PLACES]
        items = [_opened(item) if isinstance(item, str) and item.lstrip()[:1] == "{" else item for item in place]
        found.objects += _timed(items)
        below += [(name, item) for item in items if isinstance(item, Mapping | list | tuple)]
        if items and all(isinstance(item, str) for item in items):
            found.texts += read_text("\n".join(items)[:_MOST_LETTERS])


def _timed(items: Sequence[Any]) -> list[Timed]:
    """Those of the items that are captions themselves, not the whole of others in them."""
    return timed_objects([item for item in items if isinstance(item, Mapping) and not _holds_captions(item)])


def _holds_captions(item: Mapping[Any, Any]) -> bool:
    lists = (inner for key, inner in item.items() if isinstance(inner, list) and plain_key(key) not in _WORDS_KEYS)
    return any(timed_objects(inner[:3]) for inner in lists)


def _opened(text: str) -> Any:
    """What a string holds if it is JSON, behind a fence or between words or not; else the text itself."""
    text = text[:_MOST_LETTERS].strip().lstrip("\ufeff").strip()
    if "```" in text and (fenced := max(_FENCED.findall(text), key=len, default="")):
        text = fenced.strip()
    if text[:1] in ("[", "{", '"'):
        try:
            return read_json(text)
        except ValueError:
            pass
    return _inside_words(text)


def _inside_words(text: str) -> Any:
    """A list or an object behind some words: `字幕如下：[{"start": …`; else the text itself."""
    if '"' not in text:
        return text
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"\[\s*\{|\{\s*\"", text[:10_000])][:_MOST_TRIES]
    for start in starts:
        try:
            _, end = decoder.raw_decode(text, start)
            return read_json(text[start:end])
        except (ValueError, RecursionError):
            continue
    return text


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
    if len(first.text) + len(first.english) > _MOST_AT_ONCE:
        return first  # thousands of captions of one moment are none
    end, keywords = max(first.end, second.end), first.keywords + second.keywords
    if has_cjk(second.text) and not has_cjk(first.text):
        first, second = second, first
    if has_cjk(first.text) and not has_cjk(second.text):
        english = " ".join(part for part in (first.english, second.text, second.english) if part)
        return replace(first, end=end, english=english, keywords=keywords)
    english = " ".join(part for part in (first.english, second.english) if part)
    return replace(first, end=end, text=f"{first.text} {second.text}", english=english, keywords=keywords)
