"""Timed captions, and how a script is laid over the speech where Coze gives no captions (`given_captions` reads those).

Accuracy of the laying, on a generated example spoken at rates that vary by ±20 % (tests/bench): sentences begin
within 0.02 s where there is a pause after each, and about 0.3 s off in 11 s of speech without any pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cozebatch.synthesis.compose.text_layout import bare, caption_pieces, sentences, width
from cozebatch.synthesis.compose.timeline import Span

_LONGEST_SCRIPT = 50_000
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
