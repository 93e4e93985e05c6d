"""Texts of `init`, `runs` and `report`."""

from __future__ import annotations

from cozebatch.model.text import Text

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
    "running": Text("进行中", "running"),
    "open": Text("未正常结束", "broken off"),
    "finished": Text("已结束", "finished"),
    "interrupted": Text("被中断", "interrupted"),
    "stopped": Text("已停止", "stopped"),
    "abandoned": Text("不再复用", "set aside"),
}
FILE_WRITTEN = Text("已写入 {path}", "Written to {path}")
NOT_WRITTEN = Text(
    "{path} 无法写入：{reason}。请换一个名称。", "{path} cannot be written: {reason}. Choose another name."
)
IN_USE = Text(
    "{path} 无法写入：没有权限，或正被其他程序（如 Excel）打开。关掉它再试，或换一个名称。",
    "{path} cannot be written. No permission, or another program (such as Excel) has it open: close it and try again, "
    "or choose another name.",
)
