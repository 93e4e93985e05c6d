"""Reads captions out of text: SRT, SBV, WebVTT, ASS, LRC, whisper's lines and tables, and the lines
`[0:0.1,0:2.0] text` of Tencent's speech service.

Written for files as people, models and services make them: cue ids of any kind, NOTE and STYLE blocks, inline times
and tags, entities, blank lines inside a cue, two languages in one cue, full-width punctuation in times. Nothing here
raises.
docs/decisions/13 says why no library does this.
"""

from __future__ import annotations

import html
import re

from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.lyrics import read_lyrics
from cozebatch.synthesis.compose.stamps import STAMP, read_stamp
from cozebatch.synthesis.compose.timeline import SECOND

_CUE = re.compile(
    rf"^[ \t]*(?P<start>{STAMP})[ \t]*(?:[-—–]{{1,3}}[>》]|→|⟶)[ \t]*(?P<end>{STAMP})(?P<rest>[^\n]*)$"
    r"|^[ \t]*(?P<sbv_start>\d{1,2}:\d\d:\d\d\.\d{3}),(?P<sbv_end>\d{1,2}:\d\d:\d\d\.\d{3})[ \t]*$",
    re.MULTILINE | re.ASCII,
)
_RANGE = re.compile(
    rf"^[^\n\[(（【]{{0,20}}[\[(（【][ \t]*({STAMP})[ \t]*(?:,|[-—–]{{1,3}}>?|→|~|至|到)[ \t]*({STAMP})"
    r"[^\])）】\n]{0,20}[\])）】][ \t]*([^\n]*)",
    re.MULTILINE | re.ASCII,
)
_BLOCK = re.compile(r"\s*(?:NOTE|STYLE|REGION)(?=\s|$)")
_SETTINGS = re.compile(r"(?:[ \t]*[\w-]{1,20}:[^\s:]{1,40})*[ \t]*", re.ASCII)
"""What stands behind a cue's times: settings of WebVTT, coordinates of SRT."""
_READINGS = re.compile(r"<rt\b[^<>]{0,200}>[^<>]{0,200}(?:</rt>|(?=</ruby>))", re.IGNORECASE)
_INLINE_TIME = re.compile(r"<\d[\d:.]{3,20}>", re.ASCII)
_INLINE = re.compile(
    r"<(?:\d[\d:.]{0,20}|/?(?:i|b|u|s|font|c|v|lang|ruby|rt|rp)(?:[.\s][^<>]{0,200})?)>|\{\\[^{}]{0,500}\}", re.I
)
_CJK = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_TABLE = re.compile(r"^\"?start\"?([\t,;])\"?end\"?\1\"?text\"?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_BRACES = re.compile(r"(\{[^{}]{0,2000}\})")
_DRAWS = re.compile(r"\\p(\d)", re.ASCII)


def read_text(text: str) -> list[Caption]:
    """The captions in order of the file, times in µs; empty if the text is no such file."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    if cues := list(_CUE.finditer(text)):
        return _from_cues(text, cues)
    if "Dialogue:" in text:
        return _from_ass(text)
    if ranges := _RANGE.findall(text):
        return [c for start, end, words in ranges if (c := _caption(start, end, [words])) is not None]
    if table := _TABLE.search(text):
        return _from_table(text[table.end() :], table[1])
    return [c for start, end, words in read_lyrics(text) if (c := _line(start, end, [words])) is not None]


def has_cjk(text: str) -> bool:
    """Whether a text has Chinese, Japanese or Korean letters."""
    return _CJK.search(text) is not None


def _from_cues(text: str, cues: list[re.Match[str]]) -> list[Caption]:
    found = []
    rolling = _INLINE_TIME.search(text) is not None
    before = ""
    for number, cue in enumerate(cues):
        is_last = number + 1 == len(cues)
        body = text[cue.end() : len(text) if is_last else cues[number + 1].start()]
        rest = cue["rest"] or ""
        lines = _shown(_cue_lines(body, is_last))
        if not lines and not _SETTINGS.fullmatch(rest):
            lines = _shown([rest])
        if rolling:
            # Captions that roll up show the line before once more above the new one.
            last = lines[-1] if lines else before
            lines = lines[1:] if lines[:1] == [before] else lines
            before = last
        start, end = read_stamp(cue["start"] or cue["sbv_start"]), read_stamp(cue["end"] or cue["sbv_end"])
        caption = _of_shown(start, end, lines)
        if caption is not None and caption.text:
            found.append(caption)
    return found


def _cue_lines(body: str, is_last: bool) -> list[str]:
    """The lines of a cue out of all that stands before the next one's times."""
    blocks = body.removeprefix("\n").split("\n\n")
    if not is_last:
        lines = blocks[-1].rstrip(" \t").removesuffix("\n").split("\n")
        if len(blocks) > 1 or lines[-1].strip().isdigit():
            lines.pop()  # the next cue's id
        blocks[-1] = "\n".join(lines)
    kept = [block for at, block in enumerate(blocks) if not _BLOCK.match(block) or (at == 0 and block[:1] != "\n")]
    return [line for block in kept for line in block.split("\n")]


def _caption(start: str, end: str, lines: list[str]) -> Caption | None:
    return _line(read_stamp(start), read_stamp(end), lines)


def _line(start: int | None, end: int | None, lines: list[str]) -> Caption | None:
    return _of_shown(start, end, _shown(lines))


def _of_shown(start: int | None, end: int | None, shown: list[str]) -> Caption | None:
    """One caption; lines without Chinese below or above Chinese ones are their translation."""
    if start is None or end is None:
        return None
    english = ""
    if len(shown) > 1 and has_cjk(shown[0]) and not has_cjk(shown[-1]):
        english = shown.pop()
    elif len(shown) > 1 and has_cjk(shown[-1]) and not any(map(has_cjk, shown[:-1])):
        english, shown = " ".join(shown[:-1]), shown[-1:]
    joint = "" if any(has_cjk(line) for line in shown) else " "
    return Caption(start, end, joint.join(shown), english)


def _shown(lines: list[str]) -> list[str]:
    """The lines as a player shows them, without empty ones."""
    plain = (html.unescape(_INLINE.sub("", _READINGS.sub("", line))) for line in lines)
    return [line for line in (line.replace("\xa0", " ").strip() for line in plain) if line]


def _from_ass(text: str) -> list[Caption]:
    """The events of an ASS or SSA file; `Format:` says which field is which."""
    fields = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    found = []
    for line in text.split("\n"):
        kind, _, rest = line.partition(":")
        if kind.strip() == "Format" and "Text" in rest and "Start" in rest:
            fields = [name.strip().lower() for name in rest.split(",")]
        if kind.strip() != "Dialogue":
            continue
        facts = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
        words = _without_drawings(facts.get("text", ""))
        words = words.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
        caption = _caption(facts.get("start", ""), facts.get("end", ""), words.split("\n"))
        if caption is not None and caption.text:
            found.append(caption)
    return found


def _without_drawings(text: str) -> str:
    """A line of ASS without its overrides and comments, and without the shapes that are drawn after `\\p1`."""
    kept = ""
    drawing = False
    for number, part in enumerate(_BRACES.split(text)):
        if number % 2 == 0:
            kept += "" if drawing else part
        elif modes := _DRAWS.findall(part):
            drawing = modes[-1] != "0"
    return kept


def _from_table(text: str, mark: str) -> list[Caption]:
    """Whisper's table: whole numbers are ms, others seconds."""
    found = []
    for line in text.split("\n"):
        start, end, words = ([part.strip().strip('"') for part in line.split(mark, 2)] + ["", "", ""])[:3]
        times = [float(time) * (SECOND if "." in time else 1000) for time in (start, end) if _NUMBER.fullmatch(time)]
        if len(times) == 2 and (caption := _line(round(times[0]), round(times[1]), [words])) is not None:
            found.append(caption)
    return found


_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
