"""Textual's SVG with its letter widths corrected for Chinese, its words, and a PNG of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rich.cells import cell_len

_TEXT = re.compile(r'(<text [^>]*?)textLength="([\d.]+)"([^>]*>)(.*?)</text>', re.DOTALL)
_UNIQUE = re.compile(r"terminal-\d+")


def widths_corrected(svg: str) -> str:
    """Textual gives each run of text its length by counting characters; Chinese ones are two cells wide."""
    import html

    def correct(match: re.Match[str]) -> str:
        before, length, after, content = match.groups()
        text = html.unescape(content)
        width = float(length) * cell_len(text) / len(text) if text else float(length)
        return f'{before}textLength="{width:.1f}"{after}{content}</text>'

    return _UNIQUE.sub("terminal", _TEXT.sub(correct, svg))


def words_of(svg: str) -> list[str]:
    """What stands in a picture, without how it is painted: that may change with every release of Textual."""
    return [match.group(4) for match in _TEXT.finditer(svg)]


def png(svg: str) -> bytes:
    """The picture as PNG, with the Chinese font that comes with the project where the system has none."""
    import resvg_py

    options: dict[str, Any] = {}
    try:
        import noto_cjk_sans_otc  # the package is there on Linux only

        folder = Path(noto_cjk_sans_otc.__file__).parent
        options["font_files"] = [str(path) for path in sorted(folder.rglob("*.otc")) + sorted(folder.rglob("*.ttc"))]
    except ImportError:
        pass
    drawn = re.sub(r"font-family: [^;]*;", 'font-family: "Noto Sans Mono CJK SC", monospace;', svg)
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, **options))
