"""Breaking text into lines and captions as a Chinese reader expects it; pure, by width in em.

A line never begins with closing punctuation nor ends with an opening one, Latin words and numbers stay whole where
they fit, and lines of a title come out about equally long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from cozebatch.synthesis.compose.emoji import EMOJI, SIGN
from cozebatch.synthesis.compose.timeline import Line, Run

NO_START = frozenset("，。！？、；：）】》」』”’…—·％%,.!?;:)]}~～")
NO_END = frozenset("（【《「『“‘([{#￥$")
_SENTENCE_END = "。！？!?；;…\n"
_CLOSERS = "”’」』）)\"'"
_PAUSE = "，、：,:—"
_TOKEN = re.compile(
    EMOJI.pattern
    + r"|[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff\u0590-\u06ff]+(?:[.'’,:%@/_+-][A-Za-z0-9\u00c0-\u024f]+)*%?|\s+|.",
    re.DOTALL,
)
_ELLIPSIS = "…"
_MOST_OF_AN_EM = 16
"""Characters on one em: an emoji may have that many, and a text built to slow us down has more without any width."""
_SEQUENCE = re.compile(rf"(?=.[\ufe0f\u20e3\u200d\U0001f1e6-\U0001f3ff\U000e0020-\U000e007f])(?:{EMOJI.pattern})")
"""An emoji of several characters."""


@lru_cache(maxsize=8192)
def _em(char: str) -> float:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(char) in "WFA":
        return 1.0
    return 0.33 if char in " .,:;!'|iIl" else 0.6


def width(text: str) -> float:
    """About how wide `text` is, in em: a Chinese character or an emoji is 1, most Latin letters 0.6."""
    if not text.isascii():
        text = _SEQUENCE.sub("字", text)
    return sum(_em(char) for char in text)


def atoms(text: str) -> list[str]:
    """The pieces between which a line may break: a character or a word, with the punctuation that clings to it."""
    found: list[str] = []
    opening = ""
    for token in _TOKEN.findall(text):
        if (token in NO_START or token.isspace() or not width(token)) and found and not opening:
            found[-1] += token
        elif token in NO_END or (opening and token.isspace()):
            opening += token
        else:
            found.append(opening + token)
            opening = ""
    if opening:
        found.append(opening)
    return found


def balanced(text: str, max_lines: int, max_em: float) -> list[str]:
    """`text` in as few lines of at most `max_em` as possible, up to `max_lines`, as equally wide as possible.

    Line breaks in the text are kept where their number allows. A piece wider than a line is cut; what does not fit
    into `max_lines` lines stays in them, wider than `max_em` (the caller makes the type smaller).
    """
    given = [line.strip() for line in text.split("\n") if line.strip()]
    if 1 < len(given) <= max_lines and all(width(line) <= max_em for line in given):
        return given
    pieces = [part for atom in atoms(" ".join(given)) for part in _cut(atom, max_em)]
    if not pieces:
        return []
    for count in range(1, max_lines + 1):
        lines = _split_evenly(pieces, count)
        if count == max_lines or max(width(line) for line in lines) <= max_em:
            return lines
    return []


def _split_evenly(pieces: Sequence[str], count: int) -> list[str]:
    """The division into `count` lines whose widths differ least (sum of squares), preferring breaks at
    punctuation; dynamic programming over the places to break."""
    n = len(pieces)
    count = min(count, n)
    if count > 4:
        return _split_in_order(pieces, count)
    before = [0.0]
    for piece in pieces:
        before.append(before[-1] + width(piece))
    infinite = float("inf")
    best = [[infinite] * (n + 1) for _ in range(count + 1)]
    back = [[0] * (n + 1) for _ in range(count + 1)]
    best[0][0] = 0.0
    target = before[-1] / count
    for lines in range(1, count + 1):
        for end in range(lines, n + 1):
            for start in range(lines - 1, end):
                if best[lines - 1][start] == infinite:
                    continue
                off = before[end] - before[start] - target
                cost = best[lines - 1][start] + off * off
                if end < n and not _may_rest_after(pieces[end - 1]):
                    cost += 0.07 * target * target
                if cost < best[lines][end]:
                    best[lines][end], back[lines][end] = cost, start
    cuts = [n]
    for lines in range(count, 0, -1):
        cuts.append(back[lines][cuts[-1]])
    cuts.reverse()
    found = ("".join(pieces[a:b]).strip() for a, b in pairwise(cuts))
    return [line for line in found if line]


def _split_in_order(pieces: Sequence[str], count: int) -> list[str]:
    """The same for many lines, in one pass: each as wide as its share of what is left."""
    found: list[str] = []
    left = sum(width(piece) for piece in pieces)
    line = ""
    for piece in pieces:
        share = left / max(1, count - len(found))
        if line and len(found) < count - 1 and width(line) + width(piece) / 2 > share:
            found.append(line)
            left -= width(line)
            line = ""
        line += piece
    return [line for line in (part.strip() for part in [*found, line]) if line]


def _may_rest_after(piece: str) -> bool:
    return piece[-1:].isspace() or piece[-1:] in NO_START


def _cut(atom: str, max_em: float) -> list[str]:
    if width(atom) <= max_em:
        return [atom]
    parts = [""]
    for char in SIGN.findall(atom):
        if parts[-1] and width(parts[-1] + char) > max_em:
            parts.append("")
        parts[-1] += char
    return parts


def shortened(text: str, max_em: float) -> str:
    """`text`, or as much of its beginning as fits with an ellipsis."""
    text = text[: int(_MOST_OF_AN_EM * (max_em + 4))]
    if width(text) <= max_em:
        return text
    kept = ""
    for char in SIGN.findall(text):
        if width(kept + char + _ELLIPSIS) > max_em:
            break
        kept += char
    return kept.rstrip() + _ELLIPSIS


def sentences(script: str) -> list[str]:
    """A script's sentences, with their closing punctuation; a decimal point ends none."""
    found: list[str] = []
    at = 0
    while at < len(script):
        end = at
        while end < len(script) and not _ends_sentence(script, end):
            end += 1
        while end < len(script) and (_ends_sentence(script, end) or script[end] in _CLOSERS):
            end += 1
        sentence = script[at:end].strip()
        if any(char.isalnum() for char in sentence):
            found.append(sentence)
        at = end
    return found


def _ends_sentence(text: str, at: int) -> bool:
    if text[at] in _SENTENCE_END:
        return True
    return text[at] == "." and not text[at + 1 : at + 2].isalnum()


def caption_pieces(text: str, max_em: float) -> list[str]:
    """`text` in pieces that fit on one line each: split at pauses first, then evenly."""
    pieces: list[str] = []
    for sentence in sentences(text) or [text.strip()]:
        if width(bare(sentence)) <= max_em:
            pieces.append(sentence)
            continue
        group = ""
        for part in re.findall(rf"[^{_PAUSE}]+[{_PAUSE}]*|[{_PAUSE}]+", sentence):
            # A comma inside a number is no pause.
            if group and width(bare(group + part)) > max_em and not (group[-1:] == "," and part[:1].isdigit()):
                pieces.append(group)
                group = part
            else:
                group += part
        pieces.append(group)
    fitting: list[str] = []
    for piece in pieces:
        lines = -(-width(bare(piece)) // max_em)
        while lines > 1:
            split = _split_evenly([p for a in atoms(piece) for p in _cut(a, max_em)], int(lines))
            if max(width(bare(s)) for s in split) <= max_em:
                break
            lines += 1
        fitting += split if lines > 1 else [piece]
    return [piece for piece in (p.strip() for p in fitting) if bare(piece)]


def bare(caption: str) -> str:
    """A caption as it is shown: without the punctuation at its end and beginning that Chinese captions leave out."""
    return caption.strip().strip("，。、；：,;:").strip()


def highlight(text: str, words: Sequence[str]) -> Line:
    """`text` as runs, every occurrence of one of `words` highlighted; longer words win."""
    wanted = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    if not wanted:
        return (Run(text),) if text else ()
    pattern = re.compile("|".join(re.escape(word) for word in wanted))
    runs: list[Run] = []
    at = 0
    for match in pattern.finditer(text):
        if match.start() > at:
            runs.append(Run(text[at : match.start()]))
        runs.append(Run(match[0], highlighted=True))
        at = match.end()
    if at < len(text):
        runs.append(Run(text[at:]))
    return tuple(runs)
