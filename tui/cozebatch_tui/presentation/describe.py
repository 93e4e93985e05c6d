"""Describes an event in words: level, task id and one line, the same in the log file, on the console and on the screen
(docs/contract.md §6).
"""

from __future__ import annotations

from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale.names import ENDS, LIMIT_REASONS, PAUSES, STAGES, STATES, STEPS
from cozebatch_tui.presentation.allowed import allowed

HOLDS_UP = frozenset({Category.AUTH, Category.QUOTA, Category.DISK_FULL})
"""What goes on only after a person has done something, although the task itself waits."""

AGAIN = Text("自动重试", "tried again by itself")


def describe(event: events.Event, lang: Lang, *, brief: bool = False) -> tuple[str, str, str] | None:
    """Level, task id and text of an event's line; None for an event without one. `brief` leaves out debug links,
    which are in the log."""
    match event:
        case events.RunStarted():
            text = Text(
                "批次 {run_id} 开始：{total} 个任务，扣子并发 {coze}，合成并发 {films}",
                "batch {run_id} started: {total} task(s), at once {coze} execution(s) and {films} film(s)",
            ).filled(run_id=event.run_id, total=event.total, coze=event.max_coze, films=event.max_synthesis)
            return "info", "-", text.in_(lang)
        case events.TaskState():
            return _move(event, lang, brief)
        case events.Retrying():
            text = Text(
                f"{event.delay:.1f} 秒后自动重试{STEPS.get(event.step, Text.same(event.step)).zh}：",
                f"{STEPS.get(event.step, Text.same(event.step)).en} is retried in {event.delay:.1f} s: ",
            )
            return "warning", event.task_id, text.in_(lang) + error_line(event.error, lang, hint=False)
        case events.LimitChanged():
            stage, why = STAGES[event.stage], LIMIT_REASONS.get(event.reason, Text.same(event.reason))
            text = Text(
                f"{stage.zh}并发上限现为 {event.limit}（设定 {event.user_limit}，{why.zh}）",
                f"{stage.en} limit is now {event.limit} (set to {event.user_limit}, {why.en})",
            )
            return "info", "-", text.in_(lang)
        case events.Allowed():
            most = allowed(event.allowance)
            return None if most is None else ("info", "-", most.in_(lang))
        case events.Throttled():
            text = Text(
                f"扣子限流，{event.retry_in:g} 秒后继续提交",
                f"rate-limited by Coze, submitting again in {event.retry_in:g} s",
            )
            return "info", "-", text.in_(lang)
        case events.Paused():
            reason = PAUSES.get(event.reason, Text.same(event.reason)).in_(lang)
            colon = "：" if lang == "zh" else ": "
            return "warning", "-", reason + (f"{colon}{error_line(event.error, lang)}" if event.error else "")
        case events.Resumed():
            return "info", "-", Text("继续提交", "submitting again").in_(lang)
        case events.Noted():
            return event.level, event.task_id or "-", event.text.in_(lang)
        case events.RunFinished():
            figures = event.statistics
            text = Text(
                f"批次结束（{ENDS[event.status].zh}）：完成 {figures['done']}，失败 {figures['failed']}，"
                f"待确认 {figures['held']}，"
                f"未完成 {figures['pending']}；结果 {event.results_path or '-'}",
                f"batch {event.status}: {figures['done']} done, {figures['failed']} failed, {figures['held']} held, "
                f"{figures['pending']} pending; results {event.results_path or '-'}",
            )
            return "info", "-", text.in_(lang)
        case events.Loaded() | events.TaskProgress() | events.Gauges():
            return None


def _move(event: events.TaskState, lang: Lang, brief: bool) -> tuple[str, str, str]:
    row = event.row
    parts = [f"{STATES[event.before].in_(lang)} -> {STATES[event.after].in_(lang)}"]
    if event.adopted:
        parts.append(Text("认领已有执行", "adopted").in_(lang))
    if event.after is State.RUNNING and event.execute_id:
        parts.append(f"execute_id={event.execute_id}")
    if row.debug_url and not brief and event.after in (State.RUNNING, State.FAILED):
        parts.append(row.debug_url)
    if event.after is State.DONE:
        parts.extend(path for path in (row.video_path, row.draft_path) if path)
    if row.note is not None and event.after.is_end:
        parts.append(row.note.in_(lang))
    if event.error is not None:
        parts.append(error_line(event.error, lang, hint=event.after.is_end or event.error.category in HOLDS_UP))
        if not event.after.is_end and event.error.category not in HOLDS_UP:
            parts.append(AGAIN.in_(lang))
    level = "info"
    if event.after in (State.FAILED, State.HELD):
        level = "error"
    elif event.error is not None:
        level = "warning"
    return level, event.task_id, "  ".join(parts)


def error_line(error: ErrorInfo, lang: Lang, *, hint: bool = True) -> str:
    """Category, message, code, logid and what to do, in one line. Without `hint` nothing is to be done."""
    code = f" code={error.code}" if error.code else ""
    logid = f" logid={error.logid}" if error.logid else ""
    said = error.full_message(lang) if hint else error.message.in_(lang)
    return f"[{error.category}{code}{logid}] {said}"
