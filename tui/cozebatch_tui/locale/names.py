"""The names of states, error categories and reasons for a pause."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.errors import Category
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text

STATES: Mapping[State, Text] = {
    State.PENDING: Text("等待提交", "pending"),
    State.SUBMITTING: Text("提交中", "submitting"),
    State.RUNNING: Text("执行中", "running"),
    State.DOWNLOADING: Text("下载中", "downloading"),
    State.QUEUED: Text("等待合成", "queued"),
    State.SYNTHESIZING: Text("合成中", "synthesizing"),
    State.WRITING_BACK: Text("写回中", "writing back"),
    State.DONE: Text("完成", "done"),
    State.FAILED: Text("失败", "failed"),
    State.HELD: Text("待确认", "held"),
    State.CANCELLED: Text("已取消", "cancelled"),
    State.SKIPPED: Text("已跳过", "skipped"),
}

EARLIER_STATES: Mapping[str, State] = {
    "等待": State.PENDING,
    "Coze 运行": State.RUNNING,
    "排队合成": State.QUEUED,
    "待处理": State.HELD,
}
"""Names in the logs of earlier versions: they must stay readable, and the filter knows them."""

CATEGORIES: Mapping[Category, Text] = {
    Category.THROTTLED: Text("限流", "rate limit"),
    Category.NETWORK: Text("网络", "network"),
    Category.SERVER: Text("扣子服务出错", "Coze fault"),
    Category.AUTH: Text("凭证被拒", "credentials"),
    Category.QUOTA: Text("额度不足", "quota"),
    Category.INVALID_REQUEST: Text("请求有误", "wrong request"),
    Category.CONTENT_REJECTED: Text("文案不合规", "content rejected"),
    Category.WORKFLOW_FAILED: Text("工作流失败", "workflow failed"),
    Category.WORKFLOW_INTERRUPTED: Text("工作流在等你", "workflow waits"),
    Category.EXECUTION_LOST: Text("执行丢失", "execution lost"),
    Category.UNKNOWN_SUBMIT: Text("提交结果不明", "unclear submission"),
    Category.BAD_OUTPUT: Text("输出不对", "bad output"),
    Category.DOWNLOAD: Text("下载失败", "download"),
    Category.MEDIA: Text("素材不可用", "media"),
    Category.DISK_FULL: Text("磁盘已满", "disk full"),
    Category.DRAFT_FOLDER: Text("草稿文件夹", "draft folder"),
    Category.SYNTHESIS: Text("合成失败", "synthesis"),
    Category.SYNTHESIS_TIMEOUT: Text("合成超时", "synthesis timeout"),
    Category.WORKER_CRASHED: Text("合成进程崩溃", "worker crashed"),
    Category.WRITE_BACK: Text("写回失败", "write-back"),
    Category.SOURCE: Text("任务来源", "source"),
    Category.INTERNAL: Text("内部错误", "internal"),
}

PAUSES: Mapping[str, Text] = {
    "operator": Text("已手动暂停提交", "submitting paused by you"),
    "auth": Text("凭证被拒，已停止提交", "credentials refused, submitting stopped"),
    "quota": Text("额度不足，已停止提交", "quota used up, submitting stopped"),
    "invalid_request": Text("请求都被拒，已停止提交", "every request refused, submitting stopped"),
    "disk_full": Text("磁盘已满，已停止", "disk full, stopped"),
    "until": Text("到点停止，已停止提交", "time to stop, nothing more is submitted"),
    "max_executions": Text("执行次数已用完，已停止提交", "executions used up, nothing more is submitted"),
    "journal": Text("状态文件无法写入，已停止提交", "state file cannot be written, submitting stopped"),
}

ENDS: Mapping[str, Text] = {
    "finished": Text("完成", "finished"),
    "interrupted": Text("中断", "interrupted"),
    "stopped": Text("停止", "stopped"),
}
"""How a batch ends."""

STAGES: Mapping[Stage, Text] = {
    Stage.COZE: Text("扣子", "Coze"),
    Stage.SYNTHESIS: Text("合成", "synthesis"),
}

LIMIT_REASONS: Mapping[str, Text] = {
    "operator": Text("手动", "by you"),
    "throttled": Text("限流", "rate-limited"),
    "accepted": Text("又被接受", "accepted again"),
    "probe": Text("试着恢复", "trying more"),
    "learned": Text("上次学到的上限", "learned last time"),
    "cluster": Text("合成机器有变", "machines came or went"),
}
"""Why a limit has changed."""

STEPS: Mapping[str, Text] = {
    "claim": Text("占用记录", "claiming the record"),
    "download": Text("下载", "the download"),
    "synthesis": Text("合成", "the synthesis"),
}
"""What is tried again by itself."""
