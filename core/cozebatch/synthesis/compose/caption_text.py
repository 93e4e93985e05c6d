"""Reads captions out of text: SRT, WebVTT, ASS, LRC, and the lines `[0:0.1,0:2.0] text` of Tencent's speech service.

Written for files as people and services make them: cue ids of any kind, NOTE and STYLE blocks, inline times and tags,
entities, blank lines inside a cue, two languages in one cue. Nothing here raises.
"""

from __future__ import annotations

import html
import re

from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.timeline import SECOND

_STAMP = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,6}))?", re.ASCII)
_CUE = re.compile(r"^[ \t]*([\d:.,]{1,24})[ \t]*-->[ \t]*([\d:.,]{1,24})[^\n]*$", re.MULTILINE | re.ASCII)
_BLOCK_WORDS = ("NOTE", "STYLE", "REGION")
_INLINE = re.compile(
    r"<(?:\d[\d:.]{0,20}|/?(?:i|b|u|s|font|c|v|lang|ruby|rt)(?:[.\s][^<>]{0,200})?)>|\{\\[^{}]{0,500}\}", re.I
)
_CJK = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_LRC = re.compile(r"\[(\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)\]", re.ASCII)
_RANGE = re.compile(r"\[(\d{1,3}:\d{1,2}\.\d{1,3}),(\d{1,3}:\d{1,2}\.\d{1,3})[^\]\n]{0,20}\][ \t]*([^\n]*)", re.ASCII)
_LAST_LINE = 5 * SECOND
"""How long the last line of an LRC file stands: it names beginnings only."""


def read_text(text: str) -> list[Caption]:
    """The captions in order of the file, times in µs; empty if the text is no such file."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if cues := list(_CUE.finditer(text)):
        return _from_cues(text, cues)
    if "Dialogue:" in text:
        return _from_ass(text)
    if ranges := _RANGE.findall(text):
        return [
            c for start, end, words in ranges if (c := _line(read_stamp(start), read_stamp(end), [words])) is not None
        ]
    return _from_lrc(text)


def read_stamp(text: str) -> int | None:
    """`h:mm:ss.mmm`, `mm:ss,mmm` and the like in µs; None for anything else."""
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * SECOND + int((match[4] or "0").ljust(6, "0"))


def has_cjk(text: str) -> bool:
    """Whether a text has Chinese, Japanese or Korean letters."""
    return _CJK.search(text) is not None


def _from_cues(text: str, cues: list[re.Match[str]]) -> list[Caption]:
    found = []
    for number, cue in enumerate(cues):
        is_last = number + 1 == len(cues)
        body = text[cue.end() : len(text) if is_last else cues[number + 1].start()]
        caption = _line(read_stamp(cue[1]), read_stamp(cue[2]), _cue_lines(body, is_last))
        if caption is not None:
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
    kept = [block for block in blocks if not block.lstrip().startswith(_BLOCK_WORDS)]
    return [line for block in kept for line in block.split("\n")]


def _line(start: int | None, end: int | None, lines: list[str]) -> Caption | None:
    """One caption; a last line without Chinese below Chinese ones is their translation."""
    if start is None or end is None:
        return None
    shown = [html.unescape(_INLINE.sub("", line)).replace("\xa0", " ").strip() for line in lines]
    shown = [line for line in shown if line]
    english = shown.pop() if len(shown) > 1 and has_cjk(shown[0]) and not has_cjk(shown[-1]) else ""
    joint = "" if any(has_cjk(line) for line in shown) else " "
    return Caption(start, end, joint.join(shown), english)


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
        words = facts.get("text", "").replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
        caption = _line(read_stamp(facts.get("start", "")), read_stamp(facts.get("end", "")), words.split("\n"))
        if caption is not None:
            found.append(caption)
    return found


def _from_lrc(text: str) -> list[Caption]:
    """Lines that begin with one or more `[mm:ss.xx]`; each stands until the next begins."""
    begins: list[tuple[int, str]] = []
    for line in text.split("\n"):
        at, stamps = 0, []
        while (match := _LRC.match(line, at)) is not None:
            stamps.append(read_stamp(match[1]))
            at = match.end()
        begins += [(stamp, line[at:]) for stamp in stamps if stamp is not None]
    begins.sort(key=lambda begin: begin[0])
    ends = [start for start, _ in begins[1:]] + [start + _LAST_LINE for start, _ in begins[-1:]]
    lines = [_line(start, end, [words]) for (start, words), end in zip(begins, ends, strict=True)]
    return [line for line in lines if line is not None]
