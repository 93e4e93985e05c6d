"""Small fonts of emoji, of the kinds that machines have: outlines, coloured pictures, colours over empty outlines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from fontTools.ttLib.tables.sbixGlyph import Glyph
from fontTools.ttLib.tables.sbixStrike import Strike
from PIL import Image

from cozebatch.synthesis.subtitles.opentype import Face, faces

SIGNS = "😀👨👩👧👍🏽❤⏰☎🎉1\u20e3\u200d\ufe0f🇨🇳"
Kind = Literal["outlines", "pictures", "damaged pictures", "empty colours"]


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
    if kind == "pictures":
        _add_pictures(builder.font, order)
    if kind == "damaged pictures":
        for table in ("glyf", "loca"):
            del builder.font[table]
        builder.font["CBDT"] = DefaultTable("CBDT")
        builder.font["CBDT"].data = b"\0\3\0\0"
    builder.save(path)
    return faces(path)


def _add_pictures(font: Any, order: list[str]) -> None:
    """A picture of red above blue for every sign, as Apple's font holds them, and one sign for the flag of China."""
    picture = Image.new("RGBA", (160, 160), (255, 0, 0, 255))
    picture.paste((0, 0, 255, 255), (0, 80, 160, 160))
    file = io.BytesIO()
    picture.save(file, "PNG")
    strike = Strike(ppem=160, resolution=72)
    for name in order:
        strike.glyphs[name] = Glyph(glyphName=name, graphicType="png ", imageData=file.getvalue())
    font["sbix"] = newTable("sbix")
    font["sbix"].strikes = {160: strike}
    addOpenTypeFeaturesFromString(font, "feature ccmp { sub u1F1E8 u1F1F3 by u1F389; } ccmp;")


def _square(*, empty: bool) -> Any:
    pen = TTGlyphPen(None)
    if not empty:
        pen.moveTo((0, 0))
        for point in ((0, 800), (1000, 800), (1000, 0)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()
