"""The Feishu part of the configuration: the application, and the tables with their columns, filter and status values.

Every description is Chinese first, then English; the JSON schema and the complaints are made from these models.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cozebatch.feishu.links import BaseLink, parse_base
from cozebatch.settings.values import (
    BareSecret,
    FeishuUrl,
    FilledText,
    Identifier,
    LinkOrToken,
    MaybeIdentifier,
    MaybeText,
)

DEFAULT_FEISHU_DOMAIN = "https://open.feishu.cn"


NO_SECRET = SecretStr("")


class SettingsModel(BaseModel):
    # Unknown keys are taken out, with a warning, before a model sees them.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ApiConfig(SettingsModel):
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
    domain: FeishuUrl = Field(
        default=DEFAULT_FEISHU_DOMAIN,
        description="开放平台地址，国际版为 https://open.larksuite.com / open platform address",
    )

    @property
    def base(self) -> BaseLink:
        """What `app_token` tells of the base."""
        return parse_base(self.app_token)


class FieldMapping(SettingsModel):
    """程序里的名称 → 数据表里的字段名 / Our name → the table's field name."""

    title: MaybeText = Field(default="仿写标题", description="标题字段 / title")
    content: FilledText = Field(default="仿写文案", description="文案字段 / script")
    digital_no: MaybeText = Field(default="数字人编号", description="数字人编号字段 / digital human")
    voice_id: MaybeText = Field(default="声音ID", description="声音字段 / voice")
    project_name: MaybeText = Field(default="项目名称", description="项目名称字段 / project name")
    account: MaybeText = Field(default="关联账号", description="账号字段，可为关联字段 / account, may be a relation")
    template: MaybeText = Field(default="模板名称", description="样式名字段 / name of the style")
    status: MaybeText = Field(default="状态", description="状态字段，会写回 / status, written back")
    result: MaybeText = Field(default="返回结果", description="结果字段，会写回 / result, written back")
    cover: MaybeText = Field(
        default=None, description="封面字段（附件），会写回；null：不写 / cover (attachments), written back; null: not"
    )
    film: MaybeText = Field(
        default=None, description="成片字段（附件），会写回；null：不写 / film (attachments), written back; null: not"
    )
    film_link: MaybeText = Field(
        default=None,
        description="成片位置字段（文本或超链接），会写回；null：不写 / where the film lies (text or link), written; "
        "null: not",
    )


Operator = Literal[
    "is", "isNot", "contains", "doesNotContain", "isEmpty", "isNotEmpty",
    "isGreater", "isGreaterEqual", "isLess", "isLessEqual", "like", "in",
]  # fmt: skip


class Condition(SettingsModel):
    """一个筛选条件 / One condition."""

    field_name: FilledText = Field(description="字段名 / field name")
    operator: Operator = Field(description="运算符 / operator")
    value: list[str] = Field(default_factory=list, description="值的列表 / list of values")


class FilterGroup(SettingsModel):
    """一组条件 / A group of conditions."""

    conjunction: Literal["and", "or"] = Field(default="and", description="and：都满足；or：满足任一 / all, or any")
    conditions: list[Condition] = Field(description="条件 / conditions")


class FilterCondition(SettingsModel):
    """飞书的筛选 / Feishu's filter."""

    conjunction: Literal["and", "or"] = Field(default="and", description="and：都满足；or：满足任一 / all, or any")
    conditions: list[Condition] = Field(default_factory=list, description="条件 / conditions")
    children: list[FilterGroup] = Field(default_factory=list, description="嵌套的条件组 / nested groups")

    def is_empty(self) -> bool:
        return not self.conditions and not any(group.conditions for group in self.children)


class StatusValues(SettingsModel):
    """写进状态字段的值；null：不写 / What is written into the status field; null: nothing."""

    running: MaybeText = Field(
        default=None,
        description="提交前写入并读回，防止两人同时付费跑同一条记录 / written before submitting and read back, "
        "so that two operators do not pay twice",
    )
    done: MaybeText = Field(default="视频草稿生成完成", description="完成 / finished")
    failed: MaybeText = Field(default="处理失败", description="失败 / failed")


DEFAULT_READY = "视频草稿生成"


class ContentTable(SettingsModel):
    """任务表 / The table of tasks."""

    table_id: Identifier = Field(
        default="", description="表 ID（tbl…），链接里有就可省略 / table id, or taken from the link"
    )
    view_id: MaybeIdentifier = Field(
        default=None,
        description="视图 ID，链接里有就可省略；只跑视图里符合筛选条件的记录 / view id, or taken from the link: of its "
        "records, those that the filter lets through are run",
    )
    field_mapping: FieldMapping = FieldMapping()
    filter_condition: FilterCondition | None = Field(
        default=FilterCondition(conditions=[Condition(field_name="状态", operator="is", value=[DEFAULT_READY])]),
        description="只跑符合条件的记录；null：不筛选 / only these records; null: no filter",
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


class AccountTable(SettingsModel):
    """账号表 / The table of accounts."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(default="账号", description="账号字段 / account")
    name_field: FilledText = Field(default="名称", description="名称字段 / name")


class VoiceTable(SettingsModel):
    """声音表 / The table of voices."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(
        default="关联账号", description="账号字段，可为关联字段 / account, may be a relation"
    )
    voice_id_field: FilledText = Field(default="音色ID", description="音色字段 / voice")


class DigitalHumanTable(SettingsModel):
    """数字人表 / The table of digital humans."""

    table_id: Identifier = Field(description="表 ID / table id")
    account_field: FilledText = Field(
        default="关联账号", description="账号字段，可为关联字段 / account, may be a relation"
    )
    digital_no_field: FilledText = Field(default="数字人编号", description="数字人编号字段 / digital human")


class Tables(SettingsModel):
    """多维表格里的表 / The tables of the base."""

    content_table: ContentTable = ContentTable()
    account_table: AccountTable | None = None
    voice_table: VoiceTable | None = None
    digital_human_table: DigitalHumanTable | None = None
