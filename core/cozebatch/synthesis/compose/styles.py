"""Styles from `template_config`: the keys of the well-known template files, one set or several by name.

Numbers may come as text, as those files have them. A value that cannot be used is a `UsageError` naming its key;
a key that is not known here is left alone, it may belong to another tool.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.synthesis.compose.timeline import Align, TextLook

_COLOR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})(?:[0-9a-fA-F]{2})?")


@dataclass(frozen=True, slots=True)
class Style:
    """One template. A look without a font leaves it to the renderer. `highlight_title_line` highlights the middle
    line of a title none of whose words is."""

    name: str = "default"
    title: TextLook = field(default_factory=lambda: TextLook("", 15.0, y=0.66))
    title_lines: int = 3
    title_words: tuple[str, ...] = ()
    highlight_title_line: bool = True
    subtitle: TextLook = field(default_factory=lambda: TextLook("", 11.0, y=-0.55))
    subtitle_words: tuple[str, ...] = ()
    english: TextLook = field(default_factory=lambda: TextLook("", 6.5, y=-0.64))
    english_enabled: bool = True
    cover_enabled: bool = True
    cover_frames: int = 3
    cover_background: str = ""
    cover_title: TextLook = field(default_factory=lambda: TextLook("", 24.0, y=0.2))
    cover_subtitle: TextLook = field(default_factory=lambda: TextLook("", 14.0, y=-0.2))
    remove_pauses: bool = False
    longest_pause: float = 0.5
    """Seconds; a longer pause is cut down to this when pauses are removed."""


@dataclass(frozen=True, slots=True)
class Styles:
    """All templates. A task chooses by key or by a template's `name`."""

    by_key: Mapping[str, Style]
    warnings: tuple[Text, ...] = ()
    """Keys that are not known and look like one that is."""

    def choose(self, wanted: str) -> tuple[Style, Text | None]:
        """The style for a task's `template`, and a warning when there is none of that name."""
        first = next(iter(self.by_key.values()))
        default = self.by_key.get("default", first)
        wanted = wanted.strip()
        if not wanted:
            return default, None
        for key, style in self.by_key.items():
            if wanted in (key, style.name):
                return style, None
        names = [*self.by_key, *(style.name for style in self.by_key.values())]
        near = difflib.get_close_matches(wanted, names, 1)
        guess = f"，是不是 {near[0]}？" if near else ""
        ask = f", did you mean {near[0]}?" if near else ""
        return default, Text(
            f"没有模板“{wanted}”，改用“{default.name}”{guess}", f'no template "{wanted}", "{default.name}" is used{ask}'
        )


def parse(config: Mapping[str, Any]) -> Styles:
    """Styles out of `template_config`. Raises `UsageError` with every wrong value."""
    complaints: list[Text] = []
    sets = {str(k): v for k, v in config.items() if isinstance(v, Mapping)}
    # Keys beside named templates are what these have in common.
    common = {str(k).strip(): v for k, v in config.items() if not isinstance(v, Mapping)}
    found: dict[str, Style] = {}
    warnings: list[Text] = []
    merged = {key: {**common, **{str(k).strip(): v for k, v in values.items()}} for key, values in sets.items()}
    for key, values in (merged or {"default": common}).items():
        reader = _Reader(values, f"template_config.{key}" if merged else "template_config", complaints)
        found[key] = reader.style(key)
        warnings += reader.mistyped()
    if complaints:
        raise UsageError(*complaints)
    return Styles(found, tuple(dict.fromkeys(warnings)))


class _Read(dict[str, Any]):
    """Values, and the keys that were asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


class _Reader:
    """Reads one template's keys and collects what is wrong with them."""

    def __init__(self, values: Mapping[str, Any], where: str, complaints: list[Text]) -> None:
        self._values = _Read(values)
        self._where = where
        self._complaints = complaints

    def mistyped(self) -> list[Text]:
        """After `style`: keys that nothing asked for and that look like one that is asked for."""
        found = []
        for key in self._values.keys() - self._values.asked:
            near = difflib.get_close_matches(key, sorted(self._values.asked), n=1, cutoff=0.85)
            if near:
                found.append(
                    Text(
                        f"{self._where}.{key}：没有这个样式，是不是 {near[0]}？",
                        f"{self._where}.{key}: there is no such style; did you mean {near[0]}?",
                    )
                )
        return sorted(found, key=lambda text: text.en)

    def style(self, key: str) -> Style:
        base = Style()
        return Style(
            name=str(self._values.get("name") or key),
            title=self.look("title", base.title, "font_size"),
            title_lines=int(self.number("title_line_count", base.title_lines, 1, 3)),
            title_words=self.words("title_highlight_words"),
            highlight_title_line=self.flag("title_highlight_middle_line", base.highlight_title_line),
            subtitle=self.look("subtitle", base.subtitle, "font_size"),
            subtitle_words=self.words("subtitle_highlight_words"),
            english=self.look("subtitle_english", base.english, "font_size"),
            english_enabled=self.flag("subtitle_english_enabled", base.english_enabled),
            cover_enabled=self.flag("cover_enabled", base.cover_enabled),
            cover_frames=int(self.number("cover_frames", base.cover_frames, 1, 60)),
            cover_background=str(self._values.get("cover_background") or "").strip(),
            cover_title=self.look("cover_title", base.cover_title, "size"),
            cover_subtitle=self.look("cover_subtitle", base.cover_subtitle, "size"),
            remove_pauses=self.flag("pause_removal_enabled", base.remove_pauses),
            longest_pause=self.number("pause_longest_seconds", base.longest_pause, 0.1, 10),
        )

    def look(self, prefix: str, base: TextLook, size_key: str) -> TextLook:
        scale = self.number(f"{prefix}_scale", 1.0, 0.1, 10)
        highlight = self.number(f"{prefix}_highlight_font_size", 0, 0, 200) or self.number(
            f"{prefix}_highlight_size", 0, 0, 200
        )
        other_key = "size" if size_key == "font_size" else "font_size"
        size = self.number(f"{prefix}_{size_key}", self.number(f"{prefix}_{other_key}", base.size, 1, 200), 1, 200)
        return TextLook(
            font=str(self._values.get(f"{prefix}_font") or base.font).strip(),
            size=size * scale,
            color=self.color(f"{prefix}_color", base.color),
            highlight_color=self.color(f"{prefix}_highlight_color", base.highlight_color),
            highlight_size=highlight * scale if highlight else None,
            bold=self.flag(f"{prefix}_bold", base.bold),
            align=self.align(f"{prefix}_align", base.align),
            x=self.number(f"{prefix}_position_x", base.x, -1, 1),
            y=self.number(f"{prefix}_position_y", base.y, -1, 1),
            max_width=self.number(f"{prefix}_max_line_width", base.max_width, 0.1, 1),
            line_spacing=self.number(f"{prefix}_line_spacing", base.line_spacing, -20, 100),
            background=self.color(f"{prefix}_bg_color", "#000000")
            if self.flag(f"{prefix}_bg_enabled", False)
            else None,
            background_alpha=self.number(f"{prefix}_bg_alpha", base.background_alpha, 0, 1),
            outline=self.switched(f"{prefix}_border", default=True),
            outline_width=self.number(f"{prefix}_border_width", base.outline_width, 0, 100),
            shadow=self.flag(f"{prefix}_shadow_enabled", base.shadow),
        )

    def switched(self, prefix: str, *, default: bool) -> str | None:
        color = self.color(f"{prefix}_color", "#000000")
        return color if self.flag(f"{prefix}_enabled", default) else None

    def number(self, key: str, default: float, least: float, most: float) -> float:
        value = self._values.get(key)
        if value is None or value == "":
            return default
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not least <= number <= most:
            self._complain(key, value, f"{least:g}–{most:g} 的数字", f"a number from {least:g} to {most:g}")
            return default
        return number

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in ("1", "true", "yes", "on", "是"):
            return True
        if text in ("0", "false", "no", "off", "否"):
            return False
        self._complain(key, value, "true 或 false", "true or false")
        return default

    def color(self, key: str, default: str) -> str:
        value = self._values.get(key)
        if value is None or value == "":
            return default
        match = _COLOR.fullmatch(str(value).strip())
        if match is None:
            self._complain(key, value, "#RRGGBB 形式的颜色", "a colour as #RRGGBB")
            return default
        digits = match[1] if len(match[1]) == 6 else "".join(c * 2 for c in match[1])
        return f"#{digits.upper()}"

    def align(self, key: str, default: Align) -> Align:
        value = str(self._values.get(key) or default).strip().lower()
        for name, digit in (("left", "0"), ("center", "1"), ("right", "2")):
            if value in (name, digit):
                return name  # type: ignore[return-value]
        self._complain(key, value, "left、center 或 right", "left, center or right")
        return default

    def words(self, key: str) -> tuple[str, ...]:
        value = self._values.get(key)
        if isinstance(value, str):
            value = re.split(r"[,，、;；|\s]+", value)
        if not isinstance(value, list | tuple):
            return ()
        return tuple(str(word).strip() for word in value if str(word).strip())

    def _complain(self, key: str, value: Any, zh: str, en: str) -> None:
        shown, gap = str(value)[:40], " " if zh[:1].isascii() else ""
        self._complaints.append(
            Text(
                f"{self._where}.{key}：“{shown}”不可用，应为{gap}{zh}",
                f"{self._where}.{key}: {shown!r} is wrong, it must be {en}",
            )
        )
