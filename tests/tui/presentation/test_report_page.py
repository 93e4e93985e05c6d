"""The report page: loads nothing, runs no script but its own, and is right about what it draws."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.board import Board, seeded
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Counters, Row
from cozebatch.model.statistics import compute
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.ports import RunRecord
from cozebatch_tui.presentation.report import charts, page
from cozebatch_tui.presentation.report.posters import posters
from support.browser import CHROMIUM, browser
from support.films import talking_head

RUN = RunRecord("r1", "file:/home/x/任务.csv", "file", "7400000000000000001", 1_790_000_000.0, clock=600.0, max_coze=4)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;x\x07{{x}}'


def row(number: int, **facts: Any) -> Row:
    times = {"submit_clock": 10.0 * number, "coze_end_clock": 100.0 + 10 * number, "coze_seconds": 90.0}
    films = {
        "synthesis_clock": 120.0 + 10 * number,
        "synthesis_end_clock": 150.0 + 10 * number,
        "synthesis_seconds": 30.0,
    }
    known = {
        "state": State.DONE,
        "end_clock": 151.0 + 10 * number,
        "attempts": 1,
        "synthesis_seconds": 30.0,
        **times,
        **films,
    }
    return replace(Row(f"t{number}", number, title=f"标题{number}"), **{**known, **facts})


def made(rows: list[Row], lang: Lang = "zh") -> str:
    board = seeded(Counters(), {r.task_id: r for r in rows}) if rows else Board()
    figures = compute(board, elapsed=600.0, max_coze=4, max_synthesis=2).to_json()
    return page(RUN, rows, figures, lang)


class Seen(HTMLParser):
    """Every element with its attributes, and the texts of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and (tag := self.elements[-1][0]) in self.inside and self.cdata_elem == tag:
            self.inside[tag].append(data)


def seen(text: str) -> Seen:
    parser = Seen()
    parser.feed(text)
    return parser


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hostile_row_is_text_and_the_only_script_is_the_page_s_own(lang: Lang) -> None:
    error = ErrorInfo(Category.WORKFLOW_FAILED, Text.same(HOSTILE), code=HOSTILE, hint=Text.same(HOSTILE))
    bad = row(1, title=HOSTILE, account_id=HOSTILE, state=State.FAILED, error=error, debug_url="javascript:alert(1)")
    bad = replace(bad, task_id=HOSTILE, video_path="javascript:alert(3)", draft_path='/x"onclick="y')
    found = seen(made([bad], lang))
    assert len(found.inside["script"]) == 1
    assert "alert" not in found.inside["script"][0]
    assert "img" not in [tag for tag, _ in found.elements]
    for tag, attributes in found.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes
        for name in ("href", "src"):
            assert (attributes.get(name) or "https://").startswith(("https://", "file:///")), attributes
    assert "\x1b" not in made([bad], lang)


def test_nothing_is_loaded_and_the_policy_allows_exactly_what_is_there() -> None:
    text = made([row(1), row(2)])
    found = seen(text)
    assert not [tag for tag, _ in found.elements if tag in ("link", "iframe", "img", "object", "embed", "form")]
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = [a["content"] for tag, a in found.elements if a.get("http-equiv") == "Content-Security-Policy"]
    for kind in ("script", "style"):
        (content,) = found.inside[kind]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in (policy or "")
    assert (policy or "").startswith("default-src 'none'")


def test_failures_come_first_with_their_cure_and_the_most_frequent_at_the_top() -> None:
    rare = ErrorInfo(Category.CONTENT_REJECTED, Text("文案被拒", "rejected"), code="4105", hint=Text("改文案", "edit"))
    often = ErrorInfo(Category.MEDIA, Text("素材坏了", "broken"), hint=Text("重试", "retry"))
    failed = {"state": State.FAILED, "end_clock": 200.0}
    text = made([row(1), row(2, error=rare, **failed), row(3, error=often, **failed), row(4, error=often, **failed)])
    assert text.index("2 × ") < text.index("1 × ") < text.index("时间线") < text.index('id="tasks"')
    assert "改文案" in text
    assert "任务.csv" in text
    assert "/home/x" not in text


def test_a_small_page_stays_small_and_a_large_one_bounded() -> None:
    assert len(made([row(n) for n in range(20)]).encode()) < 60_000
    text = made([row(n % 50) for n in range(2000)])
    assert text.count('class="name"') == 50 or text.count('class="name"') <= charts.MOST_ROWS


def test_a_large_group_of_failures_says_how_many_it_leaves_out() -> None:
    failed = {"state": State.FAILED, "error": ErrorInfo(Category.MEDIA, Text.same("broken"))}
    text = made([row(n, **failed) for n in range(230)])
    assert text.partition("</details>")[0].count("<li>") == 200
    assert "还有 30 个" in text
    assert "还有" not in made([row(n, **failed) for n in range(200)])


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_on_paper_no_column_is_cut_off(tmp_path: Path) -> None:
    broken = ErrorInfo(Category.MEDIA, Text.same("素材下载失败，" * 40))
    rows = [row(1), row(2, title="长" * 300, account_id="账号" * 25, state=State.FAILED, error=broken)]
    (tmp_path / "page.html").write_text(made(rows), encoding="utf-8")
    with browser(tmp_path / "profile") as shown:
        shown.command("Emulation.setDeviceMetricsOverride", width=700, height=900, deviceScaleFactor=1, mobile=False)
        shown.command("Emulation.setEmulatedMedia", media="print")
        shown.open((tmp_path / "page.html").as_uri())
        shown.until(lambda: shown.evaluate("document.readyState") == "complete", "the page")
        found = "Array.from(document.querySelectorAll('#tasks *, svg'), found => found.getBoundingClientRect().right)"
        assert 600 < shown.evaluate(f"Math.max(...{found})") <= 700


def test_a_run_without_anything_is_a_page_too() -> None:
    assert "没有失败的任务" in made([])
    text = made([replace(Row("t", 0), state=State.PENDING)])
    assert "<svg" not in text


@pytest.mark.parametrize(("span", "last"), [(0.5, 0), (59.0, 50), (600.0, 600), (7200.0, 7200), (400 * 86_400.0, 0)])
def test_the_axis_has_round_times_and_few_of_them(span: float, last: float) -> None:
    found = charts.ticks(span)
    assert 1 <= len(found) <= 9
    assert found[0] == 0
    assert found[-1] <= span
    if last:
        assert found[-1] == last


def test_bars_count_every_task_and_slots_show_the_highest_use() -> None:
    drawn = charts.histogram([5.0, 6.0, 95.0], "coze")
    assert sum(int(n) for n in re.findall(r": (\d+)</title>", drawn)) == 3
    paced, step = charts.pace([5.0, 599.0, 601.0], 600.0)
    assert sum(int(n) for n in re.findall(r": (\d+)</title>", paced)) == 3
    assert step == 30
    used = charts.slots([row(n) for n in range(6)], 600.0, 4)
    assert ">4</text>" in used


def test_films_are_shown_by_a_frame_that_leads_to_them(tmp_path: Path) -> None:
    film = talking_head(tmp_path / "片 '1'.mp4")
    (tmp_path / "link.mp4").symlink_to(film)
    (tmp_path / "text.mp4").write_text("no film")
    rows = [
        row(1, video_path=str(film), title=HOSTILE),
        row(2, video_path=str(tmp_path / "gone.mp4")),
        row(3, video_path=str(tmp_path / "link.mp4")),
        row(4, video_path=str(tmp_path / "text.mp4")),
        row(5, video_path=str(film), state=State.FAILED),
    ]
    frames = posters(rows)
    assert list(frames) == ["t1"]
    assert len(frames["t1"]) < 30_000
    board = seeded(Counters(), {r.task_id: r for r in rows})
    figures = compute(board, elapsed=600.0, max_coze=4, max_synthesis=2).to_json()
    text = page(RUN, rows, figures, "zh", frames)
    found = seen(text)
    (picture,) = [attributes for tag, attributes in found.elements if tag == "img"]
    assert (picture["src"] or "").startswith("data:image/jpeg;base64,/9j/")
    assert "img-src data:;" in text
    assert [a["href"] for tag, a in found.elements if tag == "a" and a.get("class") == "poster"] == [film.as_uri()]
    assert "<script>alert(1)" not in text
