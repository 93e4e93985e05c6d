"""The configuration as typed, frozen values: exactly the keys, defaults and units of docs/contract.md §2.

Every description is Chinese first, then English; the JSON schema and the complaints are made from these models.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from cozebatch.coze.defaults import DEFAULT_PARAMETERS
from cozebatch.model.limits import LONGEST_POLL_INTERVAL, MOST_COZE, MOST_SYNTHESIS
from cozebatch.settings.feishu_model import NO_SECRET, ApiConfig, SettingsModel, Tables
from cozebatch.settings.known_hosts import host_to_ask_about
from cozebatch.settings.values import (
    BareSecret,
    CozeUrl,
    FilledText,
    MaybeFolder,
    MaybeIdentifier,
    MaybeSecret,
    MaybeText,
    Number,
    Program,
    WebhookUrl,
    WholeNumber,
    WorkflowId,
)

DEFAULT_COZE_URL = "https://api.coze.cn"


class Outputs(SettingsModel):
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

    def media_names(self) -> tuple[str, ...]:
        """The names of the media alone: they are looked for through every layer of an output. A title deep inside it
        may be anybody's."""
        named = self.named()
        return tuple(named[part] for part in ("video", "audio", "images") if part in named) or tuple(named.values())


def _nothing_mapped(value: Any) -> Any:
    return dict.fromkeys(Outputs.model_fields) if value is None else value


def _or_null(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "null"}]


class CozeConfig(SettingsModel):
    """Coze 工作流 / The Coze workflow."""

    token: BareSecret = Field(
        default=NO_SECRET,
        description="访问令牌；可写 ${COZE_API_TOKEN} 或留空由该环境变量提供 / access token; ${COZE_API_TOKEN}, or "
        "left out and taken from that variable",
    )
    workflow_id: WorkflowId = Field(default="", description="工作流 ID 或它的链接 / workflow id, or its address")
    base_url: CozeUrl = Field(
        default=DEFAULT_COZE_URL, description="国际版为 https://api.coze.com / international: https://api.coze.com"
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
    outputs: Annotated[Outputs, BeforeValidator(_nothing_mapped)] = Field(
        default=Outputs(),
        description="影片的哪一部分 → 工作流输出里的名字；null：工作流没有输出 / part of the film → name in the "
        "output; null: the workflow gives none",
        json_schema_extra=_or_null,
    )


class ClusterTls(SettingsModel):
    """合成集群的证书，PEM 文件 / Certificate for the cluster, PEM files."""

    ca: FilledText = Field(description="签发所有证书的 CA / the CA that has signed all certificates")
    cert: FilledText = Field(description="这台机器的证书 / certificate of this machine")
    key: FilledText = Field(description="它的私钥 / its key")


class Synthesis(SettingsModel):
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
    draft_media: Literal["in_draft", "in_place"] = Field(
        default="in_draft",
        description="in_draft：素材都在草稿里，草稿可以移动；in_place：自己的文件（音乐、封面底图）留在原处 "
        "/ in_draft: all media lie in the draft, which can be moved; in_place: your own files stay where they are",
    )
    command: Program | None = Field(
        default=None, description='mode 为 command 时的程序，如 ["prog", "arg"] / the program'
    )
    cluster: MaybeText = Field(
        default=None,
        description="几台机器一起合成：dask 调度器的地址，如 tls://主机:8786；null：只用本机 / films on several "
        "machines: address of a dask scheduler; null: this machine only",
    )
    cluster_share: MaybeFolder = Field(
        default=None, description="各机器共享的文件夹，在这台机器上的位置 / the shared folder as this machine sees it"
    )
    cluster_tls: ClusterTls | None = Field(default=None, description="tls:// 的证书 / the certificate for tls://")
    cluster_insecure: bool = Field(
        default=False,
        description="允许不加密的 tcp:// 连到别的机器；谁连上都能运行程序 / plain tcp:// to other machines; whoever "
        "connects can run programs",
    )


class WorkflowConfig(SettingsModel):
    """怎样跑 / How to run."""

    coze_config: CozeConfig
    max_coze_concurrent: WholeNumber = Field(
        default=16, ge=1, le=MOST_COZE, description="扣子并发上限 / executions in flight"
    )
    max_synthesis_workers: WholeNumber = Field(
        default=4, ge=1, le=MOST_SYNTHESIS, description="合成并发上限 / synthesis workers"
    )
    poll_interval: Number = Field(
        default=30.0, gt=0, le=LONGEST_POLL_INTERVAL, description="两次查看之间最长秒数 / longest wait, seconds"
    )
    max_retries: WholeNumber = Field(
        default=3, ge=0, le=20, description="失败后最多再试次数 / more tries after a failure"
    )
    price_per_execution: Number | None = Field(
        default=None, ge=0, le=1_000_000, description="一次执行的价格，元，用来估算 / price of an execution, yuan"
    )
    price_per_1000_tokens: Number | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="1000 tokens 的价格，元，用来估算 / price of 1,000 tokens, yuan",
    )
    keep_awake: bool = Field(
        default=True, description="批次进行中不让电脑睡眠 / keep the computer awake while a batch runs"
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


class Notify(SettingsModel):
    """批次结束、自动停止或第一次需要人时怎样提醒 / How a person is told that a batch ends, stops itself or first needs
    one."""

    feishu_webhook: WebhookUrl = Field(
        default=None,
        description="飞书群自定义机器人的地址，当密钥保管 / address of a Feishu group's custom bot; keep it secret",
    )
    secret: MaybeSecret = Field(
        default=None, description="机器人开了“签名校验”时的密钥 / the bot's signing secret, if it has one"
    )
    bell: bool = Field(default=True, description="终端响铃并弹出通知 / the terminal rings and shows a notification")


class FileColumns(SettingsModel):
    """我们的字段 → 任务文件里的列名；null：通常的列名 / Our field → the file's column; null: the usual names."""

    task_id: MaybeText = Field(default=None, description="编号列 / id")
    title: MaybeText = Field(default=None, description="标题列 / title")
    content: MaybeText = Field(default=None, description="文案列 / script")
    digital_no: MaybeText = Field(default=None, description="数字人编号列 / digital human")
    voice_id: MaybeText = Field(default=None, description="声音列 / voice")
    account_id: MaybeText = Field(default=None, description="账号列 / account")
    project_name: MaybeText = Field(default=None, description="项目名称列 / project name")
    template: MaybeText = Field(default=None, description="样式名列 / name of the style")

    def given(self) -> dict[str, str]:
        return {field: column for field, column in self.model_dump().items() if column is not None}


class TaskFile(SettingsModel):
    """任务文件怎么读 / How a task file is read."""

    columns: FileColumns = FileColumns()


class Settings(SettingsModel):
    """cozebatch-tui 的配置 / Configuration of cozebatch-tui."""

    api_config: ApiConfig | None = None
    tables: Tables | None = None
    task_file: TaskFile = TaskFile()
    workflow_config: WorkflowConfig
    template_config: dict[str, Any] = Field(
        default_factory=dict,
        description='样式；或 {"名字": {…}}，由任务的 template 选择 / styles, or {"NAME": {…}} chosen by `template`',
    )
    notify: Notify = Notify()
    log_retention_days: WholeNumber = Field(
        default=30, ge=1, le=36_500, description="日志保留天数 / days logs are kept"
    )

    _borrowed: frozenset[tuple[str | int, ...]] = PrivateAttr(default=frozenset())

    def note_borrowed(self, paths: Iterable[tuple[str | int, ...]]) -> None:
        """Say which secrets came from the environment."""
        self._borrowed = frozenset(paths)

    def hosts_to_ask_about(self) -> tuple[str, ...]:
        """Hosts to which a secret from the environment would go, and which are neither the services' own nor on this
        machine: they must not be contacted before the user has agreed."""
        targets: dict[tuple[str | int, ...], str] = {("workflow_config", "coze_config", "token"): self.coze.base_url}
        if self.api_config is not None:
            targets["api_config", "app_secret"] = self.api_config.domain
        hosts = [host_to_ask_about(url) for path, url in targets.items() if path in self._borrowed]
        return tuple(dict.fromkeys(host for host in hosts if host is not None))

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
        found += [s.get_secret_value() for s in (self.notify.feishu_webhook, self.notify.secret) if s is not None]
        return tuple(secret for secret in found if secret)
