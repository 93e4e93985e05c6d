"""The end of a batch: the window's title, the bell, the report, and what the strip says on a small terminal."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch_tui.screen.widgets.attention import AttentionStrip
from support.kill_screen import terminal
from support.program import Program
from support.ui import application, rows

pytestmark = pytest.mark.anyio


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.3)) as served:
        yield served


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of that kind are POSIX's")
def test_the_window_tells_of_the_end_and_gets_its_title_back(coze: RunningCoze, tmp_path: Path) -> None:
    Program(tmp_path, coze.url).configure().tasks(2)
    with terminal(tmp_path, ["--yes", "--config", "c.json", "--tasks", "tasks.json"]) as shown:
        assert shown.until(lambda: "notify;cozebatch;batch ended: 2 done" in shown.codes(), 30), shown.text()
        assert "\x1b]2;2/2 cozebatch\x1b\\" in shown.codes()
        assert "\x1b[23;2t" not in shown.codes()
        shown.press("q")
        shown.until(lambda: False, 10)
        assert shown.process.wait(5) == 0
    assert shown.codes().count("\x1b[23;2t") == 1


async def test_a_second_report_replaces_the_first_and_no_file_of_others(
    coze: RunningCoze, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    async with application(tmp_path, coze, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "end")
        run_id = screen.app.view_model.board.run_id
        (tmp_path / f"report_{run_id}.html").write_text("somebody's", encoding="utf-8")
        await screen.press("h")
        await screen.until(lambda: len(opened) == 1, "first report")
        await screen.press("h")
        await screen.until(lambda: len(opened) == 2, "second report")
    assert (tmp_path / f"report_{run_id}.html").read_text(encoding="utf-8") == "somebody's"
    written = tmp_path / f"report_{run_id}_2.html"
    assert opened == [written.as_uri()] * 2
    assert not (tmp_path / f"report_{run_id}_3.html").exists()
    assert "标题1号" in written.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_strip_says_what_failed_and_the_way_on_at_80_columns(
    coze: RunningCoze, tmp_path: Path, lang: str
) -> None:
    coze.set_faults(Fault(what="code", on="submit", match="文案2号", code=4105, message="sensitive content"))
    async with application(tmp_path, coze, rows(3), size=(80, 24), lang=lang) as screen:  # type: ignore[arg-type]
        await screen.until(lambda: screen.app.view_model.is_over, "end")
        strip = screen.main.query_one(AttentionStrip)
        await screen.until(lambda: "2" in str(strip.content) and "e" in str(strip.content), "strip")
        text = screen.text().splitlines()[-2]
    expected = ("2 个任务完成", "1 失败", "e 处理", "h 网页报告") if lang == "zh" else ("2 done", "1 failed", "e ")
    for part in expected:
        assert part in text
