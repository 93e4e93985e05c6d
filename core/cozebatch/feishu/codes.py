"""What Feishu's error codes mean for this program, as data.

From Feishu's documentation of Bitable (general error codes of the open platform, 2025). A code that is not in the
table counts as a passing fault of the server when the HTTP status says so, else as a refusal that stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cozebatch.model.text import Text


class Kind(StrEnum):
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    NOT_READY = "not_ready"
    SERVER = "server"
    NETWORK = "network"
    TOKEN = "token"
    CREDENTIALS = "credentials"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    COLUMN = "column"
    FILTER = "filter"
    RECORD = "record"
    VALUE = "value"
    REFUSED = "refused"

    @property
    def is_unclear(self) -> bool:
        """True if the request may have had its effect all the same."""
        return self in (Kind.SERVER, Kind.NETWORK)

    @property
    def may_pass(self) -> bool:
        """True if trying again later may help."""
        return self in (Kind.THROTTLED, Kind.CONFLICT, Kind.NOT_READY, Kind.SERVER, Kind.NETWORK)


@dataclass(frozen=True, slots=True)
class Meaning:
    """`what` happened, in our words; `hint`: what a person can do about it."""

    kind: Kind
    what: Text
    hint: Text


_THROTTLED = Meaning(
    Kind.THROTTLED,
    Text("飞书限流", "Feishu is limiting the rate"),
    Text("程序稍后自动重试，无需处理。", "It is tried again by itself."),
)
_CONFLICT = Meaning(
    Kind.CONFLICT,
    Text("飞书多维表格正被别处写入", "something else is writing to the Feishu Base"),
    Text(
        "程序会自动重试；持续出现，请停掉同时写这个数据表的其他程序。",
        "It is tried again by itself; if it stays, stop what else writes to this table.",
    ),
)
_SERVER = Meaning(
    Kind.SERVER,
    Text("飞书服务暂时出错", "Feishu had a passing fault"),
    Text("稍后再跑一次；持续出现就把 logid 发给飞书客服。", "Try later; if it stays, give Feishu support the logid."),
)
NETWORK = Meaning(
    Kind.NETWORK,
    Text("连不上飞书", "Feishu cannot be reached"),
    Text("请检查网络、代理和防火墙，以及 api_config.domain。", "Check network, proxy, firewall and api_config.domain."),
)
_NOT_READY = Meaning(
    Kind.NOT_READY,
    Text("飞书多维表格暂时不可写", "the Feishu Base cannot be written just now"),
    Text("程序稍后自动重试，无需处理。", "It is tried again by itself."),
)
_TOKEN = Meaning(
    Kind.TOKEN,
    Text("飞书访问凭证失效", "Feishu refused the access token"),
    Text(
        "请检查 api_config.app_id 和 app_secret，以及应用是否已启用。",
        "Check api_config.app_id and app_secret, and that the app is enabled.",
    ),
)
_CREDENTIALS = Meaning(
    Kind.CREDENTIALS,
    Text("飞书不认这个 App ID 或 App Secret", "Feishu refused the App ID or App Secret"),
    Text(
        "请到飞书开放平台“凭证与基础信息”核对 api_config.app_id 和 app_secret。",
        "Compare api_config.app_id and app_secret with the app on the open platform.",
    ),
)
_PERMISSION = Meaning(
    Kind.PERMISSION,
    Text("应用没有这个飞书多维表格的权限", "the app may not do this with the Feishu Base"),
    Text(
        "打开多维表格 → 右上角“…” → 更多 → 添加文档应用，选中此应用并给“可编辑”；并在开放平台开通多维表格权限后"
        "发布版本。同步来的表只读，无法写回。",
        "Open the base, '…' → More → Add document app, and give this app edit permission. On the open platform, give "
        "it the permissions of Base and publish a version. Synchronised tables are read-only.",
    ),
)


def _not_found(key: str, zh: str, en: str) -> Meaning:
    return Meaning(
        Kind.NOT_FOUND,
        Text(f"找不到{zh}", f"there is no such {en}"),
        Text(f"请核对 {key}：从浏览器地址栏重新复制。", f"Check {key}: copy it from the browser's address again."),
    )


NO_BASE = _not_found("api_config.app_token", "这个多维表格", "base")
_TABLE = _not_found("tables.….table_id", "这个数据表", "table")
_VIEW = _not_found("tables.content_table.view_id", "这个视图", "view")
_COLUMN = Meaning(
    Kind.COLUMN,
    Text("数据表里没有这个字段", "the table has no such field"),
    Text("请核对 field_mapping 里的字段名。", "Check the field names in field_mapping."),
)
_FILTER = Meaning(
    Kind.FILTER,
    Text("飞书不接受这个筛选条件", "Feishu refused the filter"),
    Text(
        "请核对 tables.content_table.filter_condition 的字段名、运算符和值；为防误跑，不会改为读取整张表。",
        "Check fields, operators and values of tables.content_table.filter_condition; the whole table is never read "
        "instead.",
    ),
)
_RECORD = Meaning(
    Kind.RECORD,
    Text("这条记录已从数据表中删除", "this record is gone from the table"),
    Text("成片仍在，见结果文件；无需处理。", "The film is still there, see the results file; nothing to do."),
)
_VALUE = Meaning(
    Kind.VALUE,
    Text("写入的值与字段的类型不符", "the value does not fit the field's type"),
    Text(
        "状态字段请用“单选”或“文本”，返回结果字段请用“文本”。",
        "Make the status field single select or text, and the result field text.",
    ),
)

MEANINGS: Mapping[int, Meaning] = MappingProxyType(
    {
        99991400: _THROTTLED,
        1061045: _CONFLICT,
        1061001: _SERVER,
        1254290: _THROTTLED,
        1254291: _CONFLICT,
        **dict.fromkeys((1254607, 1254036), _NOT_READY),
        **dict.fromkeys((1255040, 1255001, 1255002, 1255003, 1255004, 1255005), _SERVER),
        **dict.fromkeys((99991663, 99991661, 99991668, 99991677), _TOKEN),
        **dict.fromkeys((10003, 10014, 10012, 99991543), _CREDENTIALS),
        **dict.fromkeys((99991672, 1254302, 1254304, 91403, 131006), _PERMISSION),
        **dict.fromkeys((1254040, 1254003, 91402, 131005), NO_BASE),
        **dict.fromkeys((1254041, 1254004), _TABLE),
        **dict.fromkeys((1254042, 1254005), _VIEW),
        1254045: _COLUMN,
        **dict.fromkeys((1254016, 1254018), _FILTER),
        **dict.fromkeys((1254043, 1254006), _RECORD),
        **dict.fromkeys((1254015, 1254303), _VALUE),
        **dict.fromkeys(range(1254060, 1254075), _VALUE),
    }
)


def meaning(code: int, status: int) -> Meaning:
    """The meaning of an answer that is no success. `code` is Feishu's (0 where the body had none), `status` HTTP's."""
    if status == 429:
        return _THROTTLED
    if code in MEANINGS:
        return MEANINGS[code]
    if status == 401:
        return _TOKEN
    if status == 403:
        return _PERMISSION
    if status >= 500:
        return _SERVER
    if status == 404 and code == 0:
        return NETWORK
    return Meaning(
        Kind.REFUSED,
        Text("飞书拒绝了请求", "Feishu refused the request"),
        Text("请核对 api_config 和 tables 的配置。", "Check api_config and tables in the configuration."),
    )


def unreadable(status: int) -> Meaning:
    """The meaning of an answer that is no JSON object, such as a proxy's page or a cut answer."""
    known = meaning(0, status)
    return known if known.kind is not Kind.REFUSED else _SERVER
