"""Which signs and colours a terminal gets, and what is written to it in the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from cozebatch_tui.presentation.glyphs import ASCII, UNICODE, wide_on_windows
from cozebatch_tui.screen.look.filters import AsciiSigns, Indexed
from cozebatch_tui.screen.look.questions import Answers
from cozebatch_tui.screen.look.terminal import Look, look_of
from cozebatch_tui.screen.startup import AppStart
from cozebatch_tui.screen.themed_app import ThemedApp
from scenes import main_screen

BLACK = Color.parse("#000000")


@pytest.mark.parametrize(
    ("environment", "encoding", "colours", "more", "look"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", "truecolor", {}, Look(UNICODE)),
        ({"TERM": "screen-256color"}, "UTF-8", "256", {}, Look(UNICODE, depth="256")),
        ({"TERM": "xterm-16color"}, "utf-8", "standard", {}, Look(UNICODE, plain=True, depth="16")),
        ({"TERM": "linux"}, "utf-8", "standard", {}, Look(ASCII, plain=True, depth="16")),
        ({"TERM": "xterm"}, "utf-8", None, {}, Look(UNICODE, plain=True)),
        ({"TERM": "xterm"}, "gbk", "truecolor", {}, Look(ASCII)),
        ({"TERM": "xterm"}, "utf-8", "truecolor", {"ascii_only": True}, Look(ASCII)),
        ({"TERM": "xterm"}, "utf-8", "truecolor", {"wide_signs": True}, Look(ASCII)),
    ],
)
def test_a_look_suits_the_terminal(
    environment: dict[str, str], encoding: str, colours: str | None, more: dict[str, bool], look: Look
) -> None:
    assert look_of(environment, encoding, colours=colours, **{"ascii_only": False, **more}) == look


def test_only_the_old_console_of_an_asian_windows_has_wide_signs() -> None:
    assert wide_on_windows({}, 936)
    assert not wide_on_windows({"WT_SESSION": "1"}, 936)
    assert not wide_on_windows({"TERM_PROGRAM": "vscode"}, 936)
    assert not wide_on_windows({}, 437)


def test_a_colour_of_the_256_stays_itself_and_another_becomes_the_nearest() -> None:
    grey = Segment("x", Style(color="#a8a8a8", bgcolor="#123458"))
    made = Indexed().apply([grey], BLACK)[0].style
    assert made is not None
    assert made.color is not None
    assert made.color.number == 248, "Rich's own way makes it 247"
    assert made.bgcolor is not None
    assert made.bgcolor.number == 23


def test_signs_become_ascii_and_letters_stay() -> None:
    text = "╭─ 任务 “早” ─╮ │█▌ é"
    assert AsciiSigns().apply([Segment(text)], BLACK)[0].text == '+- 任务 "早" -+ |#| é'


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["正在连接…", "      |"], ["正在连接...", "    |"]),
        (["Loading…   "], ["Loading... "]),
        (["C:\\Users\\…\\Data     "], ["C:\\Users\\...\\Data   "]),
        (["a long ti…"], ["a long ..."]),
        (["a long ti…  b"], ["a long ...  b"]),
        (["很长的标题…"], ["很长的标..."]),
        (["长a…", " |"], [" ...", " |"]),
        (["too many…", "…   "], ["too many.", "... "]),
        (["…"], ["."]),
        (["a …"], ["..."]),
        (["one… two…"], ["o... t..."]),
        (["so…far"], ["so.far"]),
    ],
)
def test_an_ellipsis_becomes_three_full_stops_in_the_same_room(texts: list[str], shown: list[str]) -> None:
    made = [segment.text for segment in AsciiSigns().apply([Segment(text) for text in texts], BLACK)]
    assert made == shown
    assert cell_len("".join(made)) == cell_len("".join(texts))


@given(st.text(st.sampled_from("… a早"), max_size=12), st.integers(0, 12))
def test_a_line_with_ellipses_keeps_its_width(text: str, cut: int) -> None:
    segments = [Segment(text[:cut]), Segment(text[cut:])]
    assert cell_len("".join(s.text for s in AsciiSigns().apply(segments, BLACK))) == cell_len(text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("light", "theme"), [(None, "cozebatch-dark"), (False, "cozebatch-dark"), (True, "cozebatch-light")]
)
async def test_the_first_theme_suits_the_background_and_is_not_saved(
    light: bool | None, theme: str, tmp_path: Path
) -> None:
    from cozebatch_tui.screen.app import CozebatchApp

    app = CozebatchApp(AppStart(make_session=lambda _: None, lang="en", title="", setup_needed=True), Answers(light))  # type: ignore[arg-type,return-value]
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == theme
        await pilot.press("f2")
    saved = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert "theme" not in saved


@pytest.mark.anyio
async def test_an_ascii_look_draws_nothing_but_letters_beyond_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThemedApp, "_look", Look(ASCII, plain=True, depth="16"))
    for keys in ((), ("t",), ("l",), ("question_mark",), ("e",)):
        async with main_screen("zh", (120, 40)) as pilot:
            await pilot.press(*keys)
            await pilot.pause(0.2)
            strips = pilot.app.screen._compositor.render_strips()
            odd = {sign for strip in strips for sign in strip.text if not sign.isascii() and not sign.isalnum()}
            assert odd <= set("，。：；？！（）、《》"), (keys, odd)


@pytest.mark.anyio
async def test_in_16_colours_no_text_stands_on_the_terminal_s_own_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """That may be white, and our light text is for the theme's ground."""
    monkeypatch.setattr(ThemedApp, "_look", Look(UNICODE, plain=True, depth="16"))
    for keys in ((), ("t",), ("l",), ("down",), ("slash", "x", "y")):
        async with main_screen("zh", (120, 40)) as pilot:
            await pilot.press(*keys)
            await pilot.pause(0.2)
            drawn = [segment for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
            bare = [s.text for s in drawn if s.text.strip() and (s.style is None or s.style.bgcolor is None)]
            assert bare == [], keys
