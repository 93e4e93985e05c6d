"""The configuration as typed, frozen values: exactly the keys, defaults and units of docs/contract.md §2.

Every description is Chinese first, then English; the JSON schema and the complaints are made from these models.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cozebatch.coze.defaults import DEFAULT_PARAMETERS
from cozebatch.feishu.links import BaseLink, parse_base
from cozebatch.settings.values import (
    BareSecret,
    FilledText,
    Identifier,
    LinkOrToken,
    MaybeFolder,
    MaybeIdentifier,
    MaybeText,
    Number,
    Program,
    ServiceUrl,
    WholeNumber,
    WorkflowId,
)

DEFAULT_FEISHU_DOMAIN = "https://open.feishu.cn"
NO_SECRET = SecretStr("")


class _Model(BaseModel):
    # Unknown keys are taken out, with a warning, before a model sees them.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ApiConfig(_Model):
    """飞书应用，只在任务来自飞书时需要 / The Feishu application, only needed for tasks from Feishu."""

    app_id: Identifier = Field(default="", description="应用 ID（cli_…） / application id (cli_…)")
    app_secret: BareSecret = Field(
        default=NO_SECRET,
        description="应用密钥；可写 ${FEISHU_APP_SECRET} 或留空由该环境变量提供 / application secret; "
        "${FEISHU_APP_SECRET}, or left out and taken from that variable",
    )
    app_token: LinkOrToken = Field(
        default="", description="多维表格的 app_token 或完整链接 / the base's app_token, or its whole address"
    )
    domain: ServiceUrl = Field(
        default=DEFAULT_FEISHU_DOMAIN,
        description="开放平台地址，国际版为 https://open.larksuite.com / open platform address",
    )

    @property
    def base(self) -> BaseLink:
        """What `app_token` tells of the base."""
        return parse_base(self.app_token)


class FieldMapping(_Model):
    """我们的字段 → 表里的列名 / Our field → the table's column name."""

    title: MaybeText = Field(default="仿写标题", description="标题列 / title")
    content: FilledText = Field(default="仿写文案", description="文案列 / script")
    digital_no: MaybeText = Field(default="数字人编号", description="数字人编号列 / digital human")
    voice_id: MaybeText = Field(default="声音ID", description="声音列 / voice")
    project_name: MaybeText = Field(default="项目名称", description="项目名称列 / project name")
    account: MaybeText = Field(default="关联账号", description="账号列，可为关联列 / account, may be a relation")
    template: MaybeText = Field(default="模板名称", description="样式名列 / name of the style")
    status: MaybeText = Field(default="状态", description="状态列，会写回 / status, written back")
    result: MaybeText = Field(default="返回结果", description="结果列，会写回 / result, written back")


Operator = Literal[
    "is", "isNot", "contains", "doesNotContain", "isEmpty", "isNotEmpty",
    "isGreater", "isGreaterEqual", "isLess", "isLessEqual", "like", "in",
]  # fmt: skip


class Condition(_Model):
    """一个筛选条件 / One condition."""

    field_name: FilledText = Field(description="列名 / column name")
    operator: Operator = Field(description="运算符 / operator")
    value: list[str] = Field(default_factory=list, description="值的列表 / list of values")


class FilterGroup(_Model):
    """一组条件 / A group of conditions."""

    conjunction: Literal["and", "or"] = Field(default="and", description="and：都满足；or：满足任一 / all, or any")
    conditions: list[Condition] = Field(description="条件 / conditions")


class FilterCondition(_Model):
    """飞书的筛选 / Feishu's filter."""

    conjunction: Literal["and", "or"] = Field(default="and", description="and：都满足；or：满足任一 / all, or any")
    conditions: list[Condition] = Field(default_factory=list, description="条件 / conditions")
    children: list[FilterGroup] = Field(default_factory=list, description="嵌套的条件组 / nested groups")

    def is_empty(self) -> bool:
        return not self.conditions and not any(group.conditions for group in self.children)


class StatusValues(_Model):
    """写进状态列的值；null：不写 / What is written into the status column; null: nothing."""

    running: MaybeText = Field(
        default=None,
        description="提交前写入并读回，防止两人同时付费跑同一行 / written before submitting and read back, so that two "
        "operators do not pay twice",
    )
    done: MaybeText = Field(default="视频草稿生成完成", description="完成 / finished")
    failed: MaybeText = Field(default="处理失败", description="失败 / failed")


DEFAULT_READY = "视频草稿生成"


class ContentTable(_Model):
    """任务表 / The table of tasks."""

    table_id: Identifier = Field(
        default="", description="表 ID（tbl…），链接里有就可省略 / table id, or taken from the link"
    )
    view_id: MaybeIdentifier = Field(
        default=None,
        description="视图 ID；有筛选条件时飞书会忽略它 / view id; Feishu ignores it when there is a filter",
    )
    field_mapping: FieldMapping = FieldMapping()
    filter_condition: FilterCondition | None = Field(
        default=FilterCondition(conditions=[Condition(field_name="状态", operator="is", value=[DEFAULT_READY])]),
        description="只跑符合条件的行；null：不筛选 / only these rows; null: no filter",
    )
    status_values: StatusValues = StatusValues()

    def ready_values(self) -> tuple[str, ...]:
        """The status values that the filter asks for: what a record must still say when it is claimed."""
        if self.filter_condition is None:
            return ()
        return tuple(
            value
            for condition in self.filter_condition.conditions
            if condition.field_name == self.field_mapping.status and condition.operator in ("is", "contains", "in")
            for value in condition.value
        )


class AccountTable(_Model):
    """账号表 / The table of accounts."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(default="账号", description="账号列 / account")
    name_field: FilledText = Field(default="名称", description="名称列 / name")


class VoiceTable(_Model):
    """声音表 / The table of voices."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(default="关联账号", description="账号列，可为关联列 / account, may be a relation")
    voice_id_field: FilledText = Field(default="音色ID", description="音色列 / voice")


class DigitalHumanTable(_Model):
    """数字人表 / The table of digital humans."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(default="关联账号", description="账号列，可为关联列 / account, may be a relation")
    digital_no_field: FilledText = Field(default="数字人编号", description="数字人编号列 / digital human")


class Tables(_Model):
    """多维表格里的表 / The tables of the base."""

    content_table: ContentTable = ContentTable()
    account_table: AccountTable | None = None
    voice_table: VoiceTable | None = None
    digital_human_table: DigitalHumanTable | None = None


class Outputs(_Model):
    """影片的哪一部分 → 工作流输出里的名字；null：没有 / Part of the film → name in the output; null: none."""

    video: MaybeText = "videoUrl"
    audio: MaybeText = "audioUrl"
    title: MaybeText = "title"
    content: MaybeText = "content"
    cover_title: MaybeText = "shortTitle"
    cover_subtitle: MaybeText = "wrapTitle"
    captions: MaybeText = "captions"
    images: MaybeText = "images"

    def named(self) -> dict[str, str]:
        """Those that are mapped: part of the film → name in the workflow's output."""
        return {part: name for part, name in self.model_dump().items() if name is not None}


class CozeConfig(_Model):
    """Coze 工作流 / The Coze workflow."""

    token: BareSecret = Field(
        default=NO_SECRET,
        description="访问令牌；可写 ${COZE_API_TOKEN} 或留空由该环境变量提供 / access token; ${COZE_API_TOKEN}, or "
        "left out and taken from that variable",
    )
    workflow_id: WorkflowId = Field(default="", description="工作流 ID 或它的链接 / workflow id, or its address")
    base_url: ServiceUrl = Field(
        default="https://api.coze.cn", description="国际版为 https://api.coze.com / international: https://api.coze.com"
    )
    bot_id: MaybeIdentifier = Field(default=None, description="与 app_id 二选一 / not together with app_id")
    app_id: MaybeIdentifier = Field(default=None, description="与 bot_id 二选一 / not together with bot_id")
    workflow_version: MaybeText = Field(default=None, description="工作流版本 / version of the workflow")
    request_timeout: Number = Field(
        default=30.0, gt=0, le=600, description="等待回答的秒数 / seconds to wait for an answer"
    )
    parameters: dict[str, str] = Field(
        default=dict(DEFAULT_PARAMETERS),
        description="工作流输入 → 任务字段或列名 / workflow input → task field or column",
    )
    outputs: Outputs = Outputs()


class Synthesis(_Model):
    """本地合成 / Putting the film together."""

    mode: Literal["draft", "video", "both", "none", "command"] = Field(
        default="draft",
        description="draft：剪映草稿；video：MP4；both：都要；none：不合成；command：自己的程序。不写且没有 "
        "draft_folder_path 时为 video / JianYing draft, MP4, both, none, own program; without it and without "
        "draft_folder_path: video",
    )
    output_dir: FilledText = Field(default="output", description="成片文件夹 / folder of the films")
    max_media_mb: Number = Field(default=2048.0, gt=0, le=1_048_576, description="单个素材上限 MB / largest medium, MB")
    width: WholeNumber = Field(
        default=1080, ge=16, le=8192, multiple_of=2, description="宽，像素，偶数 / width, pixels, even"
    )
    height: WholeNumber = Field(
        default=1920, ge=16, le=8192, multiple_of=2, description="高，像素，偶数 / height, pixels, even"
    )
    fps: WholeNumber = Field(default=30, ge=1, le=120, description="帧率 / frames a second")
    timeout: Number = Field(
        default=1800.0, gt=0, le=86_400, description="一次合成最多秒数 / seconds at most for one film"
    )
    background_music_path: MaybeText = Field(default=None, description="背景音乐文件 / background music")
    background_music_volume: Number = Field(
        default=0.3, ge=0, le=2, description="背景音乐音量，1 为原音量 / 1: as recorded"
    )
    draft_media_root: MaybeText = Field(
        default=None,
        description="打开草稿的那台电脑上，草稿文件夹的路径；null：就是本机 / path of the draft folder as the machine "
        "sees it that will open the drafts; null: this machine",
    )
    command: Program | None = Field(
        default=None, description='mode 为 command 时的程序，如 ["prog", "arg"] / the program'
    )


class WorkflowConfig(_Model):
    """怎样跑 / How to run."""

    coze_config: CozeConfig
    max_coze_concurrent: WholeNumber = Field(
        default=16, ge=1, le=1000, description="Coze 并发上限 / executions in flight"
    )
    max_synthesis_workers: WholeNumber = Field(default=4, ge=1, le=64, description="合成并发上限 / synthesis workers")
    poll_interval: Number = Field(
        default=30.0, gt=0, le=3600, description="两次查看之间最长秒数 / longest wait, seconds"
    )
    max_retries: WholeNumber = Field(
        default=3, ge=0, le=20, description="失败后最多再试次数 / more tries after a failure"
    )
    execution_timeout: Number = Field(
        default=86_400.0, gt=0, le=604_800, description="超过多少秒算丢失 / seconds before an execution counts as lost"
    )
    on_unknown_submit: Literal["hold", "resubmit"] = Field(
        default="hold",
        description="提交没有明确回答时：hold 等人决定；resubmit 再提交（可能重复付费） / when a submission is not "
        "clearly answered: wait for a person, or submit again (may cost twice)",
    )
    draft_folder_path: MaybeFolder = Field(default=None, description="剪映草稿文件夹 / JianYing's draft folder")
    synthesis: Synthesis = Synthesis()


class Settings(_Model):
    """cozebatch-tui 的配置 / Configuration of cozebatch-tui."""

    api_config: ApiConfig | None = None
    tables: Tables | None = None
    workflow_config: WorkflowConfig
    template_config: dict[str, Any] = Field(
        default_factory=dict,
        description='样式；或 {"名字": {…}}，由任务的 template 选择 / styles, or {"NAME": {…}} chosen by `template`',
    )
    log_retention_days: WholeNumber = Field(
        default=30, ge=1, le=36_500, description="日志保留天数 / days logs are kept"
    )

    @property
    def coze(self) -> CozeConfig:
        return self.workflow_config.coze_config

    @property
    def synthesis(self) -> Synthesis:
        return self.workflow_config.synthesis

    def secrets(self) -> tuple[str, ...]:
        """The plain secrets, for masking and for the headers that need them. Never empty strings."""
        found = [self.coze.token.get_secret_value()]
        if self.api_config is not None:
            found.append(self.api_config.app_secret.get_secret_value())
        return tuple(secret for secret in found if secret)
