"""Writes the texts of a timeline as an ASS file for libass; the only place that knows ASS's syntax.

Every line of a text is an event of its own at a place of its own, so that line spacing and backgrounds are ours.
Text from outside is escaped: codes in it are drawn, not obeyed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from cozebatch.synthesis.compose.compose import UNITS_PER_SHORT_SIDE
from cozebatch.synthesis.compose.emoji import SIGN, is_emoji
from cozebatch.synthesis.compose.text_layout import width
from cozebatch.synthesis.compose.timeline import Line, TextClip, Timeline
from cozebatch.synthesis.subtitles.fonts import Choice
from cozebatch.synthesis.subtitles.opentype import Face
from cozebatch.synthesis.subtitles.pictures import EMPTY, GRID, Layer, layers

LINE_HEIGHT = 1.22
"""Line pitch in em before JianYing's `line_spacing` is added (0.05 em a unit)."""
_PADDING = 0.3
"""Around a text that has a background, in em."""
_WORD_JOINER = "\u2060"
_BELOW = 0.12
"""How far a coloured emoji reaches below the line on which letters stand, in em."""
_LAYERS = {"caption": 1, "english": 1, "title": 2, "cover_title": 3, "cover_subtitle": 3}

Fonts = Callable[[TextClip], Choice]


def write(timeline: Timeline, font_of: Fonts) -> str:
    """The whole ASS file. Times are cut down to hundredths of a second, which at up to 100 frames a second puts
    every event exactly on its frames."""
    unit = min(timeline.width, timeline.height) / UNITS_PER_SHORT_SIDE
    styles: dict[str, str] = {}
    events: list[str] = []
    for clip in timeline.texts:
        name = styles.setdefault(_style_values(clip, font_of(clip), unit), f"S{len(styles)}")
        events += _events(clip, name, font_of(clip), timeline, unit)
    head = (
        "[Script Info]\nScriptType: v4.00+\nWrapStyle: 2\nScaledBorderAndShadow: yes\nYCbCr Matrix: TV.709\n"
        f"PlayResX: {timeline.width}\nPlayResY: {timeline.height}\n\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
        "MarginL, MarginR, MarginV, Encoding\n"
    )
    listed = "".join(f"Style: {name},{values}\n" for values, name in styles.items())
    return (
        f"{head}{listed}\n[Events]\n"
        f"Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n{''.join(events)}"
    )


def escape(text: str) -> str:
    """Escape `text` so that libass draws it: no override block, escape, line break, direction or control code."""
    safe = "".join(" " if c in "\t\n\r" else c for c in text if c in "\t\n\r" or not _is_control(c))
    safe = safe.replace("\\", "\\" + _WORD_JOINER)
    return safe.replace("{", "\\{").replace("}", "\\}")


def _is_control(char: str) -> bool:
    if is_emoji(char):
        return False  # newer ones are unassigned for an older Python
    return (
        unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") or char in "\u2028\u2029\u202a\u202b\u202d\u202e\ufeff"
    )


def stamp(time_us: int) -> str:
    hundredths = max(0, time_us) // 10_000
    hours, rest = divmod(hundredths, 360_000)
    minutes, rest = divmod(rest, 6_000)
    return f"{hours}:{minutes:02}:{rest // 100:02}.{rest % 100:02}"


def color(rgb: str, alpha: float = 1.0) -> str:
    """`#RRGGBB` and an opacity as ASS writes them."""
    digits = rgb.removeprefix("#")
    return f"&H{round((1 - alpha) * 255):02X}{digits[4:6]}{digits[2:4]}{digits[0:2]}".upper()


def _style_values(clip: TextClip, choice: Choice, unit: float) -> str:
    look = clip.look
    size = look.size * unit
    outline = 0.0 if look.outline is None else look.outline_width / 100 * 0.2 * size
    return ",".join(
        [
            family(choice.face),
            f"{size * choice.face.height:.2f}",
            color(look.color),
            color(look.color),
            color(look.outline or "#000000"),
            color("#000000", 0.6),
            "-1" if look.bold else "0",
            "0,0,0,100,100,0,0",
            "1",
            f"{outline:.2f}",
            f"{0.06 * size if look.shadow else 0.0:.2f}",
            "5,0,0,0,1",
        ]
    )


def family(face: Face) -> str:
    return re.sub(r"[,\r\n{}\\]", " ", face.family)


def _events(clip: TextClip, style: str, choice: Choice, timeline: Timeline, unit: float) -> list[str]:
    look = clip.look
    size = look.size * unit
    pitch = size * (LINE_HEIGHT + 0.05 * look.line_spacing) if len(clip.lines) > 1 else 0.0
    middle = (1 - look.y) / 2 * timeline.height
    half = look.max_width / 2 * timeline.width
    x = (1 + look.x) / 2 * timeline.width + {"left": -half, "center": 0.0, "right": half}[look.align]
    anchor = {"left": 4, "center": 5, "right": 6}[look.align]
    times = f"{stamp(clip.target.start)},{stamp(clip.target.end)}"
    found: list[str] = []
    if look.background is not None:
        box = _box(clip, size, pitch)
        paint = f"\\1c{_bare(look.background)}\\1a&H{round((1 - look.background_alpha) * 255):02X}&\\bord0\\shad0\\p1"
        place = f"\\an{anchor}\\pos({x + {4: -1, 5: 0, 6: 1}[anchor] * _PADDING * size:.1f},{middle:.1f})"
        found.append(f"Dialogue: 0,{times},{style},,0,0,0,,{{{place}{paint}}}{box}\n")
    for number, line in enumerate(clip.lines):
        y = middle + (number - (len(clip.lines) - 1) / 2) * pitch
        place = f"{{\\an{anchor}\\pos({x:.1f},{y:.1f})}}"
        event = f"Dialogue: {_LAYERS[clip.role]},{times},{style},,0,0,0,,{place}"
        body = _body(line, clip, choice, unit)
        if body:
            found.append(f"{event}{body}\n")
        # Coloured emoji: a copy of the line for each layer, in which nothing but that layer is seen.
        found += [f"{event}{_body(line, clip, choice, unit, number)}\n" for number in range(_layers_of(line, choice))]
    return found


def _box(clip: TextClip, size: float, pitch: float) -> str:
    """The background as a drawing: one rectangle around all lines."""
    larger = max(1.0, (clip.look.highlight_size or 0.0) / clip.look.size)
    widest = max(sum(width(run.text) * (larger if run.highlighted else 1.0) for run in line) for line in clip.lines)
    w = round(size * (widest + 2 * _PADDING))
    h = round(size * (1.0 + 1.4 * _PADDING) + pitch * (len(clip.lines) - 1))
    return f"m 0 0 l {w} 0 {w} {h} 0 {h}"


def _bare(rgb: str) -> str:
    """A colour as an override tag takes it, without transparency."""
    return f"&H{color(rgb)[4:]}&"


def _layers_of(line: Line, choice: Choice) -> int:
    """How many layers the emoji of a line have that are drawn as pictures."""
    pieces = (piece for run in line for piece in choice.pieces(run.text))
    return max(
        (len(_picture(face, sign)) for face, text in pieces if face.pictures for sign in SIGN.findall(text)), default=0
    )


def _picture(face: Face, sign: str) -> tuple[Layer, ...]:
    return layers(face.path, face.index, sign)


def _body(line: Line, clip: TextClip, choice: Choice, unit: float, layer: int | None = None) -> str:
    """The line as ASS. With a `layer`, only this layer of its coloured emoji is seen, else all but them; everything is
    there, so that all stands at its place."""
    hidden = "\\alpha&HFF&" if layer is not None else ""
    body = ""
    for run in line:
        for face, chars in choice.pieces(run.text):
            codes = hidden
            size = clip.look.size * unit
            if run.highlighted:
                codes += f"\\1c{_bare(clip.look.highlight_color)}"
                if clip.look.highlight_size:
                    size = clip.look.highlight_size * unit
            if face.pictures:
                body += "".join(_drawn_picture(_picture(face, sign), size, layer) for sign in SIGN.findall(chars))
                continue
            if face is not choice.face:
                codes += f"\\fn{family(face)}"
            if face is not choice.face or size != clip.look.size * unit:
                codes += f"\\fs{size * face.height:.2f}"
            text = escape(chars)
            body += f"{{{codes}}}{text}{{\\r}}" if codes else text
    return body


def _drawn_picture(found: tuple[Layer, ...], size: float, layer: int | None) -> str:
    """A layer of a picture, or only its place, one em high and a little below the line of the letters."""
    scale = 100 * size / GRID
    box = f"\\bord0\\shad0\\fscx{scale:.2f}\\fscy{scale:.2f}\\pbo{round(_BELOW * GRID)}"
    if layer is None or layer >= len(found):
        return f"{{{box}\\alpha&HFF&\\p1}}{EMPTY}{{\\p0\\r}}"
    return f"{{{box}\\1c{_bare(found[layer].color)}\\p1}}{found[layer].shape}{{\\p0\\r}}"
