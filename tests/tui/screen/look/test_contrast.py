"""What the screens draw can be read in each of our themes: computed from every cell (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen

from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.look.palettes import PALETTES, Depth, indexed
from cozebatch_tui.screen.look.themes import our_themes
from cozebatch_tui.screen.screens.dialogs import Confirm, Prompt
from scenes import answer_screen, main_screen, start_screen
from scripted_batch import preview_with_choices

pytestmark = pytest.mark.anyio

TEXT, MARK = 4.5, 3.0
SIZE = (160, 40)


def luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(app: CozebatchApp) -> Iterator[Segment]:
    """All that stands on the screen on top; below a dialog nothing can be used, and it is dimmed."""
    strips = app.screen._compositor.render_strips()
    boxes = [Region(0, 0, *app.size)]
    if isinstance(app.screen, ModalScreen):
        placed = app.screen._compositor.full_map
        boxes = [w.region for w in app.screen.query("*") if w in placed and w.visible and not w.children]
    for box in boxes:
        for strip in strips[max(0, box.y) : max(0, box.bottom)]:
            yield from strip.crop(max(0, box.x), max(0, box.right))


def too_faint(app: CozebatchApp) -> set[tuple[str, str, str, str]]:
    """Contrast, colour, ground and text of whatever cannot be read."""
    found = set()
    for segment in drawn(app):
        text = segment.text.strip()
        if not text:
            continue
        style = segment.style
        assert style is not None, text
        assert style.color is not None, text
        assert style.bgcolor is not None, text
        colour, ground = style.color.triplet, style.bgcolor.triplet
        assert colour is not None, text
        assert ground is not None, text
        reached = contrast(colour, ground)
        flat_edge = set(text) <= set("▔▁") and reached < 1.1  # of a button that has the colour of its edge
        if reached < (TEXT if any(sign.isalnum() for sign in text) else MARK) and not flat_edge:
            found.add((f"{reached:.2f}", colour.hex, ground.hex, text[:30]))
    return found


async def use(pilot: Pilot[Any], theme: str, depth: Depth) -> CozebatchApp:
    app = pilot.app
    assert isinstance(app, CozebatchApp)
    for ours in our_themes(depth):
        app.register_theme(ours)
    app.theme = theme
    await pilot.pause(0.05)
    return app


@pytest.mark.parametrize("depth", ["true", "256"])
@pytest.mark.parametrize("theme", PALETTES)
async def test_everything_on_every_screen_can_be_read(theme: str, depth: Depth) -> None:
    async with start_screen("zh", SIZE, preview_with_choices()) as pilot:
        app = await use(pilot, theme, depth)
        assert not too_faint(app), "start"
    for size in (SIZE, (80, 24)):
        async with answer_screen("zh", size) as pilot:
            app = await use(pilot, theme, depth)
            assert not too_faint(app), "a question"
    async with main_screen("zh", SIZE) as pilot:
        app = await use(pilot, theme, depth)
        for view, keys in (
            ("table", ()),
            ("a mark and the problems", ("down", "space", "down", "e")),
            ("the filter", ("e", "slash", "a")),
            ("the timeline", ("escape", "t")),
            ("the log", ("t", "l")),
            ("the help", ("escape", "question_mark")),
        ):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            assert not too_faint(app), view
        await pilot.press("escape")
        for severity in ("information", "warning", "error"):
            app.say(f"a reply {severity}", severity=severity)
        await pilot.pause(0.1)
        assert not too_faint(app), "replies"
        for dialog in (Confirm("付费？", "zh"), Prompt("?")):
            await app.push_screen(dialog)
            for _ in range(2):
                await pilot.pause(0.05)
                assert not too_faint(app), dialog
                await pilot.press("tab")
            await pilot.press("escape")
        for key in ("ctrl+p", "f3"):
            await pilot.press(key)
            await pilot.pause(0.05)
            assert not too_faint(app), key
            await pilot.press("escape")


async def test_what_failed_is_underlined_where_no_colour_alone_tells_it() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        for theme, underlined in (("colour-blind-dark", True), ("cozebatch-dark", False), ("colour-blind-light", True)):
            app = await use(pilot, theme, "true")
            failed = [segment for segment in drawn(app) if "failed" in segment.text]
            assert failed
            assert all(bool(segment.style and segment.style.underline) is underlined for segment in failed), theme


@pytest.mark.parametrize("theme", PALETTES)
def test_the_colours_for_256_are_entries_of_the_256(theme: str) -> None:
    entries = {indexed(number) for number in range(16, 256)}
    palette = PALETTES[theme]["256"]
    assert {getattr(palette, name) for name in palette.__slots__} <= entries
    assert palette.raised != indexed(17), "no navy header"
