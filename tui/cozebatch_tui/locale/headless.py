"""Texts of a run without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.id_list import typed_id
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.planning.leftovers import Left
from cozebatch.planning.planned import Action
from cozebatch.planning.price import price
from cozebatch_tui.locale.names import STATES

if TYPE_CHECKING:
    from cozebatch.batch.preview import PlannedTask
    from cozebatch.model.rows import Row

NO_CONFIGURATION = Text(
    f"没有找到配置文件 {CONFIG_FILE}。用 cozebatch-tui init 生成一份，或用 cozebatch-tui --demo 先看演示。",
    f"There is no configuration at {CONFIG_FILE}. Write one with `cozebatch-tui init`; see the demo with "
    "`cozebatch-tui --demo`.",
)
NEEDS_YES = Text(
    "{what}\n没有终端可以询问，请加 --yes 确认。什么都没有提交。",
    "{what}\nThere is no terminal to ask on: confirm with --yes. Nothing was submitted.",
)
CONFIRM_FRESH = Text(
    "--fresh 不认以前付过费的执行和结果，选中的任务都要重新付费。",
    "--fresh ignores executions and results that were already paid for: every selected task is paid for again.",
)
CONFIRM_RERUN = Text("--rerun 会付费重做 {count} 个任务。", "--rerun starts {count} new, paid execution(s).")
WAY_ON_HELD = Text(
    "--adopt {task_id}=EXECUTE_ID（免费）或 --rerun {task_id}（付费）",
    "--adopt {task_id}=EXECUTE_ID (free) or --rerun {task_id} (paid)",
)
REUSE_THEM = Text("    加 --reuse 用那次的结果（免费）", "    --reuse uses those results (free)")
WAY_ON_ASKED = Text("--answer {task_id}=答复（免费，答复后接着做）", "--answer {task_id}=TEXT (free, it goes on then)")
WAY_ON_FREE = Text("下次启动就接着做（免费）", "the next start goes on from here (free)")
WAY_ON_PAID = Text("--rerun {task_id} 付费重做", "--rerun {task_id} runs it again (paid)")
QUESTION = Text("继续吗？[y/N] ", "Go on? [y/N] ")
NOT_CONFIRMED = Text("没有确认，什么都没有提交。", "Not confirmed; nothing was submitted.")
INTERRUPTED_EARLY = Text("已中断，什么都没有提交。", "Interrupted; nothing was submitted.")
DRAINING = Text(
    "正在收尾：不再提交，等已发出的请求有返回并存盘（最多 5 秒）。再按一次立即退出。",
    "Draining: nothing more is submitted; responses still to come are awaited and saved (5 s at most). Once more "
    "ends at once.",
)
CONTINUING = Text("接着做批次 {run_id}。", "Going on with batch {run_id}.")
LOG_AT = Text("日志：{path}", "Log: {path}")
RESULTS_AT = Text("结果：{path}", "Results: {path}")
NOTHING_TO_DO = Text("没有要做的任务。", "There is nothing to do.")

ACTIONS: dict[Action, Text] = {
    Action.SUBMIT: Text("新执行（付费）", "new execution (paid)"),
    Action.WATCH: Text("等上次的执行（免费）", "watch the execution in flight (free)"),
    Action.FINISH: Text("复用上次的结果（免费）", "reuse the result on disk (free)"),
    Action.DELIVER: Text("只补写表格（免费）", "write back only (free)"),
    Action.HOLD: Text("待确认：认领（免费）或付费重做", "held: adopt (free) or rerun (paid)"),
    Action.SKIP: Text("跳过", "skip"),
    Action.KEEP: Text("这一批里已结束", "ended in this batch already"),
}
WAITS = Text("等你答复（免费）", "waits for your answer (free)")
ADOPT_EXPIRED = Text("再查一次（已过 7 天，免费）", "check once more (past 7 days, free)")
LEFT = Text(
    "以前没做完的（会自动处理）：{kind} {count} 个", "Left by earlier batches, handled automatically: {count} {kind}"
)
LEFT_KINDS: dict[Left, Text] = {
    Left.ADOPT: Text("执行中", "in flight"),
    Left.GO_ON: Text("已有结果未合成", "with a result, without a film"),
    Left.OWED: Text("待写回", "waiting to be written back"),
    Left.ASKED: Text("等你答复", "waiting for your answer"),
    Left.HELD: Text("待确认", "held"),
    Left.EXPIRED: Text("超过 7 天的执行", "older than 7 days"),
}
LEFT_IN_LOG = Text(
    "以前没做完的：{kind}，执行 ID {execute_id}，提交于 {since}；{default}",
    "left by an earlier batch: {kind}, execution {execute_id}, submitted {since}; {default}",
)
PLAN = Text("{total} 个任务：{parts}", "{total} task(s): {parts}")
PLANNED: dict[Action, Text] = {
    Action.SUBMIT: Text("付费执行 {count}", "{count} new paid execution(s)"),
    Action.WATCH: Text("等上次的执行 {count}", "{count} to watch"),
    Action.FINISH: Text("复用 {count}", "{count} reused"),
    Action.DELIVER: Text("补写 {count}", "{count} to write back"),
    Action.HOLD: Text("待确认 {count}", "{count} held"),
    Action.SKIP: Text("跳过 {count}", "{count} skipped"),
    Action.KEEP: Text("已结束 {count}", "{count} ended"),
}
COSTS = Text("（约 {cost}）", " (about {cost})")
OWED = Text("待写回 {count}", "{count} write-back(s) waiting")
DRY_RUN = Text("只看不跑：什么都没有提交，也没有写回。", "Dry run: nothing was submitted, nothing written back.")

SUMMARY_TITLE = {
    "running": Text("批次进行中", "Batch running"),
    "finished": Text("批量处理结束", "Batch finished"),
    "interrupted": Text("批量处理被中断", "Batch interrupted"),
    "stopped": Text("批量处理已停止，还有任务没做", "Batch stopped with work left"),
}
TOTAL = Text("总任务数", "Total tasks")
COUNTS: dict[str, Text] = {
    "done": Text("完成 {count}", "{count} done"),
    "failed": Text("失败 {count}", "{count} failed"),
    "held": Text("待确认 {count}", "{count} held"),
    "cancelled": Text("取消 {count}", "{count} cancelled"),
    "skipped": Text("跳过 {count}", "{count} skipped"),
    "pending": Text("未完成 {count}", "{count} pending"),
}
SUCCESS_RATE = Text("成功率", "Success rate")
AVERAGE = Text("平均耗时", "Average time")
AVERAGE_DETAIL = Text("{task} 秒（扣子 {coze}，合成 {synthesis}）", "{task} s (Coze {coze}, synthesis {synthesis})")
UTILISATION = Text("并发利用率", "Utilisation")
UTILISATION_DETAIL = Text("扣子 {coze}%，合成 {synthesis}%", "Coze {coze}%, synthesis {synthesis}%")
ELAPSED = Text("总耗时", "Elapsed")
ELAPSED_DETAIL = Text("{seconds} 秒", "{seconds} s")
EXECUTIONS = Text("提交与重试", "Submissions")
EXECUTIONS_DETAIL = Text(
    "提交 {submissions} 次，查询 {polls} 次，重试 {retries} 次，限流 {throttled} 次，tokens {tokens}",
    "submitted {submissions}, checked {polls}, retried {retries}, rate-limited {throttled}, tokens {tokens}",
)
COST = Text("费用约", "Cost, about")
ERRORS = Text("错误分布", "Errors")
NO_ERRORS = Text("无", "none")
STARTED = Text(
    "开始：{total} 个任务，执行并发 {coze}，合成并发 {films}",
    "started: {total} task(s), at once {coze} execution(s) and {films} film(s)",
)
RETRYING = Text("{delay} 秒后自动重试：{message}", "retried by itself in {delay} s: {message}")
AGAIN = Text("自动重试：", "retried by itself: ")
FOLLOWED = Text("认领已有的执行（免费）", "adopted an execution (free)")


def way_on(row: Row, lang: Lang) -> str | None:
    """The options that lead on from a failed or held task, and what they cost; None where nothing is to be done."""
    if row.waits:
        return WAY_ON_ASKED.in_(lang).format(task_id=typed_id(row.task_id))
    if row.state is State.HELD:
        return WAY_ON_HELD.in_(lang).format(task_id=typed_id(row.task_id))
    found = price([row])
    if found.free:
        return WAY_ON_FREE.in_(lang)
    return WAY_ON_PAID.in_(lang).format(task_id=typed_id(row.task_id)) if found.paid else None


def what(task: PlannedTask) -> Text:
    """The planned action as a short text."""
    if task.action is Action.WATCH and task.expired:
        return ADOPT_EXPIRED
    if task.waits:
        return WAITS
    if task.action is Action.KEEP:
        kept, state = ACTIONS[Action.KEEP], STATES[task.state]
        return Text(f"{kept.zh}：{state.zh}", f"{kept.en}: {state.en}")
    return ACTIONS[task.action]
