"""One registry of actions: after a remap the footer, the help, the palette and the key itself agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale.actions import ACTIONS
from cozebatch_tui.screen.action_keys import shown_key
from cozebatch_tui.screen.action_registry import FOOTERS, SPECS, specs_of
from cozebatch_tui.screen.action_screen import palette_entries
from cozebatch_tui.screen.screens.help import HelpScreen
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.timeline import Timeline
from support.ui import Screen, application, rows

pytestmark = pytest.mark.anyio


def palette(screen: Screen) -> dict[str, str]:
    """Names and keys that the command palette offers now."""
    return {entry.name(screen.app.lang): entry.keys for entry in palette_entries(screen.app.screen)}


def footer(screen: Screen) -> str:
    return screen.text().splitlines()[-1].rstrip()


async def test_a_remapped_key_stands_in_footer_help_and_palette_and_works(tmp_path: Path, quick: RunningCoze) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"keymap": {"retry": "z", "filter": "f4"}}), encoding="utf-8")
    quick.set_faults(Fault(what="code", on="submit", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 1, "failed")
        await screen.until(lambda: "z retry" in footer(screen), "the new key")
        assert "f4 filter" in footer(screen)
        assert "r retry" not in footer(screen).replace("z retry", "")
        assert palette(screen)["retry (paid, asks first)"] == "z"
        await screen.press("question_mark")
        help_text = [" ".join(line.split()) for line in screen.text().splitlines()]
        assert any(line.startswith("z retry (asks if it costs)") for line in help_text)
        assert any(line.startswith("f4 filter") for line in help_text)
        await screen.press("escape")
        quick.set_faults()
        await screen.press("r")
        await screen.pilot.pause(0.2)
        assert screen.count(State.FAILED) == 1, "the old key does nothing any more"
        await screen.press("z", "y")
        await screen.until(lambda: screen.count(State.DONE) == 1, "retried by the new key")


async def test_a_key_taken_from_another_action_is_not_shown_for_both(tmp_path: Path, quick: RunningCoze) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"keymap": {"retry": "c"}}), encoding="utf-8")
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: "c retry" in footer(screen), "the new key")
        assert "cancel" not in footer(screen)


async def test_the_keymap_holds_on_the_task_screen_too(tmp_path: Path, quick: RunningCoze) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"keymap": {"retry": "z"}}), encoding="utf-8")
    quick.set_faults(Fault(what="code", on="submit", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 1, "failed")
        await screen.press("enter")
        await screen.until(lambda: "z retry paid" in footer(screen), "the footer")
        quick.set_faults()
        await screen.press("z", "y")
        await screen.until(lambda: screen.count(State.DONE) == 1, "retried")


async def test_help_shows_keys_as_they_are_typed(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1), size=(100, 60)) as screen:
        await screen.press("question_mark")
        assert isinstance(screen.app.screen, HelpScreen)
        text = screen.text()
        for line in (
            "/ filter",
            "? help",
            "+ = raise the Coze limit by 1",
            "[ lower the synthesis limit",
            "1-9 sort by",
        ):
            assert any(line in " ".join(row.split()) for row in text.splitlines()), line
        assert "slash" not in text
        assert "question_mark" not in text


async def test_the_palette_offers_what_applies_now(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="code", on="submit", match="标题1号", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.DONE) + screen.count(State.FAILED) == 2, "ended")
        offered = palette(screen)
        assert {"retry (paid, asks first)", "rerun (paid, asks first)", "filter", "quit"} <= set(offered)
        assert not {"cancel (asks first)", "pause or resume submitting"} & set(offered), "nothing is left to stop"
        assert "Quit" not in offered, "Textual's own command would leave without asking"
        await screen.press("down")
        assert not any(name.startswith("retry (") for name in palette(screen)), "this one is done"


async def test_a_command_of_the_palette_does_what_its_key_does(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.press("ctrl+p", *"timeline")
        await screen.pilot.pause(0.3)
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.main.task_list, Timeline), "the timeline")


async def test_while_the_filter_is_typed_the_footer_shows_no_key_that_is_text(
    tmp_path: Path, quick: RunningCoze
) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: "/ filter" in footer(screen), "the keys")
        await screen.press("slash")
        await screen.until(lambda: footer(screen).split() == ["Esc", "clear"], "only what works")
        await screen.press("escape")
        await screen.until(lambda: "/ filter" in footer(screen), "all keys again")


async def test_every_text_of_the_registry_exists_and_every_footer_names_actions_of_its_screen() -> None:
    for specs in SPECS.values():
        assert all(spec.id in ACTIONS for spec in specs)
        assert len({spec.id for spec in specs}) == len(specs)
    for scope, ids in FOOTERS.items():
        assert set(ids) <= {spec.id for spec in specs_of(scope)}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_narrow_footer_keeps_whole_entries_and_always_help_and_quit(
    tmp_path: Path, quick: RunningCoze, lang: Lang
) -> None:
    first = "/ 筛选" if lang == "zh" else "/ filter"
    for size in ((40, 10), (80, 24), (120, 40)):
        (tmp_path / str(size[0])).mkdir()
        async with application(tmp_path / str(size[0]), quick, rows(1), size=size, lang=lang) as screen:
            await screen.until(lambda: first in footer(screen), "the footer")
            line = footer(screen)
            assert line.endswith("? 帮助  q 退出" if lang == "zh" else "? help  q quit"), line


@pytest.mark.parametrize(
    ("key", "shown"),
    [("slash", "/"), ("ctrl+p", "ctrl+p"), ("space", "space"), ("enter", "enter"), ("escape", "Esc"), ("R", "R")],
)
def test_a_key_is_shown_as_it_is_typed(key: str, shown: str) -> None:
    assert shown_key(key) == shown


async def test_the_palette_names_what_a_task_screen_can_do(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await screen.press("enter")
        actions = {entry.action for entry in palette_entries(screen.app.screen)}
        assert {"rerun", "copy", "link", "adopt"} <= actions
        assert "mark" not in actions


async def test_a_footer_that_is_asked_for_twice_while_the_program_ends_breaks_nothing(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with application(tmp_path, slow, rows(1)) as screen:
        await screen.until(lambda: "q quit" in footer(screen), "the footer")
        drawn = screen.main.query_one(ActionFooter)
        with monkeypatch.context() as ending:
            ending.setattr(screen.app, "_running", False)  # as from the end of its message loop on
            await drawn.recompose()
            await drawn.recompose()
        await drawn.recompose()
        await screen.until(lambda: "q quit" in footer(screen), "the footer again")
