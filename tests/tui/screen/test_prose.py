"""Sentences on the screen break between Chinese characters, and their marks stay with them."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from cozebatch_tui.screen.widgets.prose import Prose, Sentence

pytestmark = pytest.mark.anyio


class Page(App[None]):
    def __init__(self, *sentences: Sentence) -> None:
        super().__init__()
        self._sentences = sentences

    def compose(self) -> ComposeResult:
        yield Prose(self._sentences)


def lines_of(prose: Prose) -> list[str]:
    return [prose.render_line(y).text.rstrip() for y in range(prose.size.height)]


async def test_a_chinese_sentence_fills_its_lines_and_stands_beside_its_sign() -> None:
    async with Page(Sentence("没有权限（code 4100），请检查令牌", sign="✖ ")).run_test(size=(20, 10)) as pilot:
        prose = pilot.app.query_one(Prose)
        assert lines_of(prose) == ["✖ 没有权限（code", "  4100），请检查令牌"]
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert lines_of(prose) == ["✖ 没有权限（code 4100），请检查令牌"]
        prose.say(Sentence("一"), Sentence("[red]二"))
        await pilot.pause()
        assert lines_of(prose) == ["一", "[red]二"], "text is no markup"


async def test_nothing_to_say_takes_no_line() -> None:
    async with Page().run_test(size=(20, 10)) as pilot:
        assert pilot.app.query_one(Prose).size.height == 0
