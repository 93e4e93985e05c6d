"""Texts of the report page."""

from __future__ import annotations

from cozebatch.model.text import Text

TITLE = Text("批量处理报告", "Batch report")
WORKFLOW = Text("工作流 {name}", "workflow {name}")

DONE = Text("完成", "done")
FAILED = Text("失败", "failed")
HELD = Text("待确认", "held")
LEFT = Text("没做完", "not finished")
SUCCESS = Text("成功率", "success rate")
ELAPSED = Text("用时", "elapsed")
EACH = Text("平均每条", "average task")
COZE_EACH = Text("平均扣子", "average Coze")
FILM_EACH = Text("平均合成", "average synthesis")
PAID = Text("付费执行", "paid executions")
COST = Text("费用约", "cost, about")
TOKENS = Text("tokens", "tokens")
COZE_USE = Text("扣子利用率", "Coze slots used")
FILM_USE = Text("合成利用率", "synthesis used")

FAILURES = Text("失败和待确认", "What failed or is held")
CURE = Text("怎么办", "What to do")
FILMS = Text("成片", "Films")
ROWS = Text("{count} 个任务", "{count} task(s)")
MORE_NAMES = Text("还有 {count} 个，见下面的任务表", "{count} more, in the table of tasks below")
NONE_FAILED = Text("没有失败的任务。", "No task failed.")
TIMELINE = Text("时间线", "Timeline")
LEGEND = {
    "wait": Text("等待提交", "waiting"),
    "coze": Text("扣子执行", "at Coze"),
    "queue": Text("等待合成", "waits for synthesis"),
    "film": Text("合成", "synthesis"),
}
MORE_ROWS = Text("只画前 {most} 个任务。", "The first {most} tasks are drawn.")
COZE_TIMES = Text("扣子用时分布", "Coze durations")
FILM_TIMES = Text("合成用时分布", "Synthesis durations")
SLOTS = Text("同时在扣子的执行（上限 {limit}）", "Executions at Coze at once (limit {limit})")
PACE = Text("完成的速度（每 {span}）", "Films finished (per {span})")
ACCOUNTS = Text("按账号", "By account")
NO_ACCOUNT = Text("（没填）", "(none)")
ACCOUNT_COLUMNS = Text(
    "账号|任务|完成|失败|付费执行|平均扣子", "Account|Tasks|Done|Failed|Paid executions|Average Coze"
)
TASKS = Text("任务", "Tasks")
COLUMNS = Text(
    "编号|标题|账号|状态|付费|扣子秒|合成秒|成品|说明", "Id|Title|Account|State|Paid|Coze s|Synthesis s|Film|Remark"
)
FILTER = Text("筛选任务", "Filter tasks")
FILM = Text("成片", "film")
DRAFT = Text("草稿", "draft")
DEBUG = Text("调试页", "debug page")
