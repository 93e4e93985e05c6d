"""The pictures in the READMEs, made by one command: `python screenshots/draw.py [--check] [FOLDER]`.

The application is drawn from a scripted, seeded run, so that the same source gives the same pictures; `--check` says
whether those in the folder are current. SVG from Textual, its letter widths corrected for Chinese; PNG from resvg. The
screens as text, which a test compares cell by cell, are written with them (`cells`).
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from cozebatch.batch.preview import Preview, preview_of
from cozebatch.engine.event_bus import Subscription
from cozebatch.model import events
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Counters, Row, Stage, moved
from cozebatch.model.task import State, Task
from cozebatch.model.text import Lang, Text
from cozebatch.planning.planned import Action, Planned
from cozebatch.ports import Execution, RunRecord
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.look import themes
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.start import StartScreen
from cozebatch_tui.screen.startup import AppStart, Ask
from cozebatch_tui.screen.view_model import ViewModel

T = TypeVar("T")

WALL = 1_795_500_000.0
NOW, OVER = 455.0, 1300.0
COZE, FILM = 300.0, 60.0

_ACCOUNTS = ("早安小满", "老陈说茶", "职场阿May", "厨房里的阿东", "钱多多理财")
_TITLES = (
    "早起的人，运气都不会太差",
    "泡茶总是苦？多半是水温错了",
    "领导说“你看着办”，到底怎么办",
    "番茄炒蛋，先放番茄还是先放蛋",
    "月薪五千，怎么存下第一个一万",
    "房间乱的时候，先收拾这一个角落",
    "为什么老茶客都用盖碗",
    "开会不敢发言？记住这个三句话",
    "鸡胸肉不柴的秘密，只要一勺淀粉",
    "信用卡最低还款，到底亏在哪",
)

_SCRIPT = "老茶客都用盖碗，不是讲究，是省事。\n一片茶叶，三道水，头道只闻香。\n\n三只手指一捏，水温全在指尖上。"
_OUTPUT = """{"videoUrl": "https://lf.example.com/v/abc.mp4", "audioUrl": "https://lf.example.com/v/abc.mp3",
"title": "老茶客都用盖碗", "captions": [{"start": 0, "end": 1200, "text": "一片茶叶，三道水"}]}"""

START, END, SETUP = "start", "end", "setup"
"""Before the keys: the screen before a batch begins, the batch at its end, the set-up. Without them: in the middle."""
LIGHT = "light"
"""Before the keys: in the light theme."""

VIEWS: Sequence[tuple[str, Lang, tuple[int, int], tuple[str, ...]]] = (
    ("main-zh", "zh", (120, 40), ()),
    ("main-en", "en", (120, 40), ()),
    ("main-light-zh", "zh", (120, 40), (LIGHT,)),
    ("main-light-en", "en", (120, 40), (LIGHT,)),
    ("main-80x24-zh", "zh", (80, 24), ("e",)),
    ("main-80x24-en", "en", (80, 24), ()),
    ("main-200x60-zh", "zh", (200, 60), ()),
    ("main-200x60-en", "en", (200, 60), ()),
    ("start-zh", "zh", (120, 40), (START,)),
    ("task-zh", "zh", (120, 40), ("enter",)),
    ("timeline-zh", "zh", (120, 40), ("t",)),
    ("task-80x24-en", "en", (80, 24), ("enter", "down")),
    ("task-result-en", "en", (120, 40), ("enter", *("down",) * 21, "right", "right")),
    ("edit-zh", "zh", (120, 40), ("enter", "E", "delete", "delete", "x")),
    ("end-zh", "zh", (120, 40), (END,)),
    ("end-80x24-en", "en", (80, 24), (END,)),
    ("setup-zh", "zh", (120, 40), (SETUP, "enter")),
    ("help-en", "en", (120, 40), ("question_mark",)),
    ("palette-zh", "zh", (100, 34), ("ctrl+p",)),
)
"""Name, language, size and the keys that lead there."""


def history(now: float = NOW) -> list[events.Event]:
    """Thirty tasks, seven and a half minutes after the start: some done, some running, one failed, one held. At
    `OVER` all others are done."""
    rows = [
        Row(f"rec{n + 1:03}", n, title=_TITLES[n % len(_TITLES)], account_id=_ACCOUNTS[n % 5], record_id=f"rec{n}")
        for n in range(30)
    ]
    told: list[events.Event] = [
        events.RunStarted(wall=WALL, clock=0, run_id="demo", total=30, max_coze=16, max_synthesis=4),
        events.Loaded(wall=WALL, clock=0, rows=tuple(rows)),
    ]
    planned: list[tuple[float, str, State, dict[str, Any]]] = []
    workers = [0.0] * 4
    for n, row in enumerate(rows):
        start = 0.0 if n < 16 else COZE + 12 + 9.0 * (n - 16)
        end = start + COZE + (n * 37 % 90) - 45
        planned.append((start, row.task_id, State.SUBMITTING, {}))
        if n == 9:
            planned.append((start + 1, row.task_id, State.FAILED, {"error": _rejected()}))
            continue
        if n == 13:
            planned.append((start + 30, row.task_id, State.HELD, {"error": _unanswered(), "attempts": 1}))
            continue
        planned.append((start + 1, row.task_id, State.RUNNING, {"execute_id": f"75{n:017}", "attempts": 1}))
        planned.append((end, row.task_id, State.DOWNLOADING, {"tokens": 1400 + 37 * n, "has_output": True}))
        place = min(range(4), key=workers.__getitem__)
        begin = max(end + 6, workers[place])
        workers[place] = begin + FILM
        planned += [(end + 5, row.task_id, State.QUEUED, {}), (begin, row.task_id, State.SYNTHESIZING, {})]
        planned.append((begin + FILM, row.task_id, State.DONE, {"video_path": f"output/{row.title}.mp4"}))
    known = {row.task_id: row for row in rows}
    for clock, task_id, after, facts in sorted(planned, key=lambda step: (step[0], step[1])):
        if clock <= now:
            told.append(_move(known, task_id, after, clock, facts))
    for task_id, row in known.items():
        if row.state is State.SYNTHESIZING and row.synthesis_clock is not None:
            fraction = round((now - row.synthesis_clock) / FILM, 2)
            told.append(
                events.TaskProgress(wall=WALL + now, clock=now, task_id=task_id, stage="synthesis", fraction=fraction)
            )
    limit = events.LimitChanged(
        wall=WALL + now, clock=now, stage=Stage.COZE, limit=14, user_limit=16, reason="throttled"
    )
    return [*told, limit, _gauges(now)]


def _move(known: dict[str, Row], task_id: str, after: State, clock: float, facts: dict[str, Any]) -> events.TaskState:
    before = known[task_id]
    row = replace(moved(before, after, wall=WALL + clock, clock=clock), **facts)
    known[task_id] = row
    return events.TaskState(
        wall=WALL + clock,
        clock=clock,
        task_id=task_id,
        before=before.state,
        after=after,
        attempt=row.attempts,
        row=row,
        error=facts.get("error"),
    )


def _gauges(now: float) -> events.Gauges:
    return events.Gauges(
        wall=WALL + now,
        clock=now,
        coze_in_flight=12,
        coze_limit=14,
        coze_user_limit=16,
        synthesis_busy=4,
        synthesis_limit=4,
        requests_per_second=1.4,
        request_budget=500.0,
        owed=0,
        counters=Counters(submissions=31, polls=240),
    )


def _rejected() -> ErrorInfo:
    text = Text("文案含敏感内容（code 4105）", "The text holds sensitive content (code 4105)")
    return ErrorInfo(Category.CONTENT_REJECTED, text, code="4105", logid="20261124080001")


def _unanswered() -> ErrorInfo:
    text = Text("等待回答超时，执行可能已经开始", "No answer in time; the execution may have begun")
    return ErrorInfo(Category.UNKNOWN_SUBMIT, text)


def preview() -> Preview:
    """Thirty tasks of which an earlier run left some."""
    left: dict[int, tuple[Action, dict[str, Any]]] = {
        **dict.fromkeys(range(6), (Action.KEEP, {"state": State.DONE})),
        **{n: (Action.WATCH, {"execute_id": f"75{n:017}", "submitted_at": WALL - 90}) for n in range(6, 15)},
        **dict.fromkeys(range(15, 18), (Action.FINISH, {"has_output": True})),
        18: (Action.HOLD, {"error": _unanswered()}),
        19: (Action.WATCH, {"execute_id": "7" * 19, "submitted_at": WALL - 9 * 86400}),
    }
    planned = []
    for n in range(30):
        action, facts = left.get(n, (Action.SUBMIT, {}))
        row = Row(f"rec{n + 1:03}", n, title=_TITLES[n % len(_TITLES)], **facts)
        planned.append(Planned(Task(row.task_id, title=row.title), row, action, error=row.error))
    run = RunRecord("20261124_030000-a1b2c3", "demo", "feishu", "w", WALL)
    return preview_of(
        run,
        planned,
        (),
        now=WALL,
        continuing=True,
        partial=False,
        origin="tblVideo  状态 is 视频草稿生成",
        journal_incomplete=False,
    )


@contextmanager
def in_china() -> Iterator[None]:
    """The times of day in a picture are those of one place, where a process can choose that."""
    before = os.environ.get("TZ")
    _live_in("Asia/Shanghai")
    try:
        yield
    finally:
        _live_in(before)


def _live_in(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    if sys.platform != "win32":
        time.tzset()


async def draw(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> str:
    """One view as SVG."""
    async with view(lang, size, keys) as pilot:
        return await _settled(pilot)


async def _settled(pilot: Pilot[Any]) -> str:
    """The picture once it no longer changes: on a busy machine the last line comes later than the others."""
    before = ""
    for _ in range(50):
        await pilot.pause(0.2)
        svg = widths_corrected(pilot.app.export_screenshot(title="cozebatch-tui"))
        if svg == before:
            break
        before = svg
    return before


@asynccontextmanager
async def view(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> AsyncIterator[Pilot[Any]]:
    """The application as a view shows it."""
    with in_china():
        async with _screen_of(lang, size, keys) as pilot:
            for key in keys:
                if key == LIGHT:
                    pilot.app.theme = themes.LIGHT
                elif key not in (START, END, SETUP):
                    await pilot.press(key)
                    await pilot.pause(0.1)
            for field in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
                field.cursor_blink = False
            await _settled(pilot)
            yield pilot


def _screen_of(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> AbstractAsyncContextManager[Pilot[Any]]:
    if START in keys:
        return start_screen(lang, size)
    if SETUP in keys:
        return setup_screen(lang, size)
    return main_screen(lang, size, OVER if END in keys else NOW)


@asynccontextmanager
async def setup_screen(lang: Lang, size: tuple[int, int]) -> AsyncIterator[Pilot[Any]]:
    """The application without a configuration."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="", setup_needed=True))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot


@asynccontextmanager
async def start_screen(lang: Lang, size: tuple[int, int]) -> AsyncIterator[Pilot[Any]]:
    """The application before the scripted run."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="demo", setup_needed=True))
    with patch("shutil.disk_usage", lambda _: _Usage()):  # to the end: a card is drawn again whenever its width changes
        async with app.run_test(size=size, notifications=True) as pilot:
            app.batch.session = _Session()  # type: ignore[assignment]
            await app.push_screen(StartScreen(preview(), ()))
            await pilot.pause(0.3)
            yield pilot


@asynccontextmanager
async def main_screen(lang: Lang, size: tuple[int, int], now: float = NOW) -> AsyncIterator[Pilot[Any]]:
    """The application in the middle of the scripted run, or at its end. Nothing happens on it but what a test does."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="demo", setup_needed=True))
    async with app.run_test(size=size, notifications=True) as pilot:
        subscription = Subscription()
        app.batch.session = _Session()  # type: ignore[assignment]
        app.batch.view_model = ViewModel(subscription)
        for event in history(now):
            subscription.push(event)
        changes = app.view_model.pump()
        app.view_model.usual = COZE
        app.view_model.add_up()
        app.main = MainScreen()
        await app.push_screen(app.main)
        await pilot.pause()
        app.main.apply(changes)
        await pilot.pause()
        yield pilot


class _Usage:
    free = 212_000_000_000


class _Session:
    """What the pictures need of a session."""

    limits = (16, 4)
    films_folder = "output"

    def usual_seconds(self) -> Future[float | None]:
        return _now(COZE)

    def task(self, _: str, task_id: str) -> Future[Task]:
        return _now(Task(task_id, "为什么老茶客都用盖碗", _SCRIPT, "d1", "v1", "老陈说茶"))

    def edit_of(self, _: Task) -> Future[None]:
        return _now(None)

    def takes_texts(self) -> Future[bool]:
        return _now(True)

    def parameters(self, _: str, __: str) -> Future[dict[str, str]]:
        return _now({"content": _SCRIPT, "title": "为什么老茶客都用盖碗", "voiceId": "v1"})

    def output(self, _: str) -> Future[str]:
        return _now(_OUTPUT)

    def executions(self, _: str, task_id: str) -> Future[list[Execution]]:
        return _now([Execution(task_id, 1, "refused", WALL + 1, logid="20261124080001", error=_rejected())])

    def poster(self, *_: object) -> None:
        return None

    def preflight(self) -> Future[list[CheckItem]]:
        names = (Text("Coze 令牌", "Coze token"), Text("工作流", "workflow"), Text("字体", "font"))
        return _now([CheckItem(Level.OK, name, Text.same("")) for name in names])


def _now(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future


def _no_session(_: Ask) -> Any:
    raise RuntimeError("pictures need no session")


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


def main(arguments: Sequence[str]) -> int:
    os.environ["COZEBATCH_SETTINGS"] = os.devnull  # nobody's own theme and language
    check = "--check" in arguments
    folder = Path(next((a for a in arguments if not a.startswith("-")), "screenshots"))
    stale = []
    for name, lang, size, keys in VIEWS:
        svg = asyncio.run(draw(lang, size, keys))
        path = folder / f"{name}.svg"
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            (folder / f"{name}.png").write_bytes(png(svg))
        elif not path.exists() or words_of(path.read_text(encoding="utf-8")) != words_of(svg):
            stale.append(path.name)
    stale += _cells(folder / "cells", check=check)
    for name in stale:
        sys.stderr.write(f"{name} is not current: python screenshots/draw.py\n")
    return 1 if stale else 0


def _cells(folder: Path, *, check: bool) -> list[str]:
    """Write the screens as text; with `check`, the names of those that are not current instead."""
    from cells import LANGS, SCREENS, SIZES, cells, name_of

    stale = []
    for (screen, keys), size, lang in product(SCREENS, SIZES, LANGS):
        drawn, path = asyncio.run(cells(keys, size, lang)), folder / name_of(screen, size, lang)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(drawn, encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != drawn:
            stale.append(path.name)
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
