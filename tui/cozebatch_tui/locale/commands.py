"""Texts of `init`, `runs` and `report`."""

from __future__ import annotations

from cozebatch.model.text import Text

INIT_INTRO = Text(
    "回答几个问题，生成配置。直接回车用方括号里的默认值；密钥建议留给环境变量。",
    "A few questions, then a configuration. Enter alone takes the default in brackets; secrets are best left to the "
    "environment.",
)
EXISTS = Text("{path} 已存在。要覆盖请加 --yes。", "{path} exists already. Replace it with --yes.")
ENDED = Text("回答中断，什么都没有写。", "The answers ended; nothing was written.")
NEEDED = Text("这一项必须填写。", "This one is needed.")
ASK_TOKEN = Text("扣子（Coze）个人访问令牌", "Coze access token")
ASK_WORKFLOW = Text("工作流 ID（或它的链接）", "Coze workflow id (or its address)")
ASK_MODE = Text(
    "做什么：1 剪映草稿  2 MP4 成片  3 都要  4 不合成", "Make: 1 JianYing drafts  2 MP4 films  3 both  4 nothing"
)
ASK_DRAFTS = Text("剪映草稿文件夹", "JianYing's draft folder")
ASK_SOURCE = Text("任务来自：1 飞书多维表格  2 本地文件", "Tasks come from: 1 a Feishu Base  2 a local file")
ASK_APP_ID = Text("飞书应用 app_id", "Feishu app_id")
ASK_APP_SECRET = Text("飞书应用 app_secret", "Feishu app_secret")
ASK_BASE = Text("多维表格的链接或 app_token", "Address or app_token of the Bitable")
ASK_TABLE = Text("数据表的 table_id", "table_id of the task table")
OPENS_NO_TABLE = Text(
    "这个链接打开的是{what}，不是数据表。请打开任务所在的数据表，再复制链接。",
    "This address opens {what}, not a table. Open the table of the tasks and copy its address.",
)
WRITTEN = Text(
    "已写入 {path}。接下来：cozebatch-tui check",
    "Written to {path}. Next: cozebatch-tui check",
)
NO_RUNS = Text("还没有批次。", "No batches yet.")
UNKNOWN_RUN = Text("找不到批次 {run}。现有：{known}", "There is no batch {run}. There are: {known}")
RUN_LINE = Text(
    "{run_id}  {started}  {status}  完成 {done}  失败 {failed}  待确认 {held}  共 {total}",
    "{run_id}  {started}  {status}  {done} done  {failed} failed  {held} held  of {total}",
)
DEMO = Text("  演示", "  demo")
RUN_PRUNED_LINE = Text(
    "{run_id}  {started}  {status}  任务明细已过期清理", "{run_id}  {started}  {status}  its tasks were pruned"
)
STATUS = {
    "open": Text("未正常结束", "broken off"),
    "finished": Text("已结束", "finished"),
    "interrupted": Text("被中断", "interrupted"),
    "stopped": Text("已停止", "stopped"),
    "abandoned": Text("已放弃", "abandoned"),
}
FILE_WRITTEN = Text("已写入 {path}", "Written to {path}")
