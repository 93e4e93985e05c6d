"""Small fonts of emoji, of the kinds that machines have: outlines, bitmaps, colours over empty outlines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables.DefaultTable import DefaultTable

from cozebatch.synthesis.subtitles.opentype import Face, faces

SIGNS = "😀👨👩👧👍🏽❤⏰☎🎉1\u20e3\u200d\ufe0f🇨🇳"
Kind = Literal["outlines", "bitmaps", "empty colours"]


def emoji_font(path: Path, kind: Kind, family: str = "Test Emoji") -> tuple[Face, ...]:
    """Write a font whose every sign is a full square (or nothing), and read it as the program does."""
    names = {ord(sign): f"u{ord(sign):X}" for sign in SIGNS}
    order = [".notdef", *names.values()]
    builder: Any = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: _square(empty=kind == "empty colours" or name in ("u200D", "uFE0F")) for name in order})
    builder.setupHorizontalMetrics(dict.fromkeys(order, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    if kind == "empty colours":
        builder.setupCOLR({"u1F600": [("u1F600", 0)]})
        builder.setupCPAL([[(1.0, 1.0, 0.0, 1.0)]])
    if kind == "bitmaps":
        for table in ("glyf", "loca"):
            del builder.font[table]
        builder.font["CBDT"] = DefaultTable("CBDT")
        builder.font["CBDT"].data = b"\0\3\0\0"
    builder.save(path)
    return faces(path)


def _square(*, empty: bool) -> Any:
    pen = TTGlyphPen(None)
    if not empty:
        pen.moveTo((0, 0))
        for point in ((0, 800), (1000, 800), (1000, 0)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()
