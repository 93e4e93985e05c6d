"""The batch in the pictures: scripted, so that the same source gives the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from cozebatch.batch.preview import Preview, preview_of
from cozebatch.model import events
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.prices import Prices
from cozebatch.model.question import Question, QuestionField
from cozebatch.model.rows import Counters, Row, Stage, moved
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import Action, Planned
from cozebatch.ports import Execution, RunRecord
from cozebatch_tui.session.task_facts import TaskFacts

T = TypeVar("T")

WALL = 1_795_500_000.0
NOW, OVER = 455.0, 1300.0
COZE, FILM = 300.0, 60.0

ACCOUNTS = ("早安小满", "老陈说茶", "职场阿May", "厨房里的阿东", "钱多多理财")
TITLES = (
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


def history(now: float = NOW) -> list[events.Event]:
    """Thirty tasks, seven and a half minutes after the start: some done, some running, one failed, one held. At
    `OVER` all others are done."""
    rows = [
        Row(f"rec{n + 1:03}", n, title=TITLES[n % len(TITLES)], account_id=ACCOUNTS[n % 5], record_id=f"rec{n}")
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
        row = Row(f"rec{n + 1:03}", n, title=TITLES[n % len(TITLES)], **facts)
        planned.append(Planned(Task(row.task_id, title=row.title), row, action, error=row.error))
    run = RunRecord("20261124_030000-a1b2c3", "demo", "feishu", "w", WALL)
    return preview_of(
        run,
        planned,
        (),
        now=WALL,
        continuing=True,
        partial=False,
        origin=ScriptedSession.origin,
        journal_incomplete=False,
    )


def preview_with_choices() -> Preview:
    """The same with results that Coze drops soon, and rows whose parameters were paid for as others'."""
    usual = preview()
    tasks = []
    for task in usual.tasks:
        if task.action is Action.WATCH and not task.expired:
            task = replace(task, days_left=1 if task.task_id > "rec010" else 0)
        if task.action is Action.SUBMIT and task.task_id > "rec026":
            task = replace(task, reusable=True)
        tasks.append(task)
    return replace(usual, tasks=tasks)


def question() -> Question:
    """What a workflow asks in the middle of an execution."""
    fields = (
        QuestionField("风格", description="成片的画面风格", options=("写实", "卡通", "水墨")),
        QuestionField("封面图", "image", required=False, description="不填就由工作流生成"),
    )
    return Question("event", 5, "这条文案有两种讲法，用哪一种？封面要不要换？", fields)


class ScriptedSession:
    """What the pictures need of a session."""

    limits = (16, 4)
    origin = "视频任务  状态 = 视频草稿生成"
    films_folder = "output"
    prices = Prices(per_execution=1.2)

    def usual_seconds(self) -> Future[float | None]:
        return _now(COZE)

    waiting = 0

    def task_facts(self, task_id: str) -> Future[TaskFacts]:
        task = Task(task_id, "为什么老茶客都用盖碗", _SCRIPT, "d1", "v1", "老陈说茶")
        sent = {"content": _SCRIPT, "title": "为什么老茶客都用盖碗", "voiceId": "v1"}
        execution = Execution(task_id, 1, "refused", WALL + 1, logid="20261124080001", error=_rejected())
        return _now(TaskFacts(task, None, sent, _OUTPUT, [execution]))

    def takes_texts(self) -> Future[bool]:
        return _now(True)

    def poster(self, *_: object) -> None:
        return None

    def preflight(self) -> Future[Sequence[CheckItem]]:
        names = (Text("扣子令牌", "Coze token"), Text("工作流", "workflow"), Text("字体", "font"))
        return _now([CheckItem(Level.OK, name, Text.same("")) for name in names])


def _now(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future
