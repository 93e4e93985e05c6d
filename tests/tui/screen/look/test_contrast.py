"""What the screens draw can be read in each of our themes: computed from every cell (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rich.color import Color, ColorSystem
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
from support.ui import shown, until

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


LOOKS: tuple[tuple[str, Depth], ...] = tuple((theme, depth) for depth in ("true", "256") for theme in PALETTES)


async def use(pilot: Pilot[Any], theme: str, depth: Depth) -> CozebatchApp:
    app = pilot.app
    assert isinstance(app, CozebatchApp)
    for ours in our_themes(depth):
        app.register_theme(ours)
    if app.theme == theme:
        app.theme = "textual-dark"  # only a change is drawn, and the depth may be another one
    app.theme = theme
    await pilot.pause(0.05)
    assert app.current_theme in our_themes(depth)
    return app


async def faint_in_any_look(pilot: Pilot[Any]) -> list[tuple[str, Depth, set[tuple[str, str, str, str]]]]:
    """What cannot be read of all that stands there now, for each look in which there is something."""
    found = [(theme, depth, too_faint(await use(pilot, theme, depth))) for theme, depth in LOOKS]
    return [faint for faint in found if faint[2]]


async def test_everything_before_a_batch_can_be_read() -> None:
    async with start_screen("zh", SIZE, preview_with_choices()) as pilot:
        assert not await faint_in_any_look(pilot)


@pytest.mark.parametrize("size", [SIZE, (80, 24)])
async def test_everything_of_a_question_can_be_read(size: tuple[int, int]) -> None:
    async with answer_screen("zh", size) as pilot:
        assert not await faint_in_any_look(pilot)


MARKED = ("down", "space", "down")


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param((), id="table"),
        pytest.param((*MARKED, "e"), id="a mark and the problems"),
        pytest.param((*MARKED, "slash", "a"), id="the filter"),
        pytest.param((*MARKED, "t"), id="the timeline"),
        pytest.param((*MARKED, "l"), id="the log"),
        pytest.param(("question_mark",), id="the help"),
        pytest.param(("ctrl+p",), id="the palette"),
        pytest.param(("f3",), id="the themes"),
    ],
)
async def test_everything_in_a_batch_can_be_read(keys: tuple[str, ...]) -> None:
    async with main_screen("zh", SIZE) as pilot:
        before = shown(pilot.app)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        assert bool(keys) == (shown(pilot.app) != before)
        assert not await faint_in_any_look(pilot)


async def test_every_reply_can_be_read() -> None:
    async with main_screen("zh", SIZE) as pilot:
        for theme, depth in LOOKS:
            app = await use(pilot, theme, depth)
            app.clear_notifications()
            await until(pilot, lambda: "a reply" not in shown(pilot.app), "the end of the replies")
            for severity in ("information", "warning", "error"):
                app.say(f"a reply {severity}", severity=severity)
            await until(pilot, lambda: shown(pilot.app).count("a reply") == 3, "the replies")
            assert not too_faint(app), (theme, depth)


@pytest.mark.parametrize("tabs", [0, 1])
@pytest.mark.parametrize("dialog", [Confirm, Prompt])
async def test_every_dialog_can_be_read(dialog: type[Confirm | Prompt], tabs: int) -> None:
    async with main_screen("zh", SIZE) as pilot:
        await pilot.app.push_screen(Confirm("付费？", "zh") if dialog is Confirm else Prompt("?"))
        await pilot.pause(0.05)
        await pilot.press(*["tab"] * tabs)
        assert not await faint_in_any_look(pilot)


async def test_what_failed_is_underlined_where_no_colour_alone_tells_it() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        for theme, underlined in (("colour-blind-dark", True), ("cozebatch-dark", False), ("colour-blind-light", True)):
            app = await use(pilot, theme, "true")
            failed = [segment for segment in drawn(app) if "failed" in segment.text]
            assert failed
            assert all(bool(segment.style and segment.style.underline) is underlined for segment in failed), theme


@pytest.mark.parametrize("theme", ["cozebatch-light", "colour-blind-light"])
def test_of_16_colours_none_that_is_yellow_or_green_somewhere_stands_on_white(theme: str) -> None:
    """xterm's yellow is no brown: entries 2 and 3, and all bright ones, are hard to read there."""
    palette = PALETTES[theme]["16"]
    for name in ("text", "muted", "line", "coze", "film", "done", "waiting", "failed", "attention"):
        number = Color.parse(getattr(palette, name)).downgrade(ColorSystem.STANDARD).number
        assert number in (0, 1, 4, 5, 8), name


@pytest.mark.parametrize("theme", PALETTES)
def test_the_colours_for_256_are_entries_of_the_256(theme: str) -> None:
    entries = {indexed(number) for number in range(16, 256)}
    palette = PALETTES[theme]["256"]
    assert {getattr(palette, name) for name in palette.__slots__} <= entries
    assert palette.raised != indexed(17), "no navy header"
