"""Checks that concern more than one key, made on the raw document.

Done before the models look at single values, so that a wrong value elsewhere hides none of these complaints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from cozebatch.coze.workflow_link import interface_of, parse_workflow_link
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.model.task import FIELDS
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url
from cozebatch.settings.cluster import cluster_checks
from cozebatch.settings.complaints import Path
from cozebatch.settings.feishu_model import DEFAULT_READY
from cozebatch.settings.values import Unset
from cozebatch.synthesis.draft.folder import own_draft_folder

Report = Callable[[Path, str, str], None]

_COZE: Path = ("workflow_config", "coze_config")
_CONTENT: Path = ("tables", "content_table")
_FILE_COLUMNS: Path = ("task_file", "columns")


def cross_checks(document: dict[str, Any], add: Report, warn: Report, *, need_feishu: bool) -> None:
    """Report errors to `add` and advice to `warn`. Fills in a mode that follows from the rest."""
    if isinstance(_object(document, "workflow_config").get("coze_config"), dict):
        _coze(_object(document, *_COZE), add)
    _task_file(document, add)
    _synthesis(document, add, warn)
    if need_feishu:
        _feishu(document, add, warn)


def _object(document: Any, *path: str | int) -> dict[str, Any]:
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not isinstance(value, Unset) and not value.strip())


def _coze(coze: dict[str, Any], add: Report) -> None:
    if _empty(coze.get("token")):
        add(
            (*_COZE, "token"),
            "缺少扣子令牌：到扣子“API 管理 → 授权 → 个人访问令牌”添加，写在这里或 COZE_API_TOKEN",
            "the Coze token is missing: make one on Coze's personal access token page; write it here, or set the "
            "variable COZE_API_TOKEN",
        )
    if _empty(coze.get("workflow_id")):
        add(
            (*_COZE, "workflow_id"),
            "缺少工作流 ID：打开工作流，复制地址栏里 workflow_id= 后面的数字",
            "the workflow id is missing: open the workflow and copy the digits after workflow_id= in the address",
        )
    if not _empty(coze.get("bot_id")) and not _empty(coze.get("app_id")):
        add((*_COZE, "bot_id"), "bot_id 和 app_id 只能写一个", "bot_id and app_id exclude each other: keep one")
    workflow_id, base_url = coze.get("workflow_id"), coze.get("base_url")
    link = parse_workflow_link(workflow_id) if isinstance(workflow_id, str) else None
    address = split_url(base_url.strip()) if isinstance(base_url, str) else None
    site = interface_of(address.hostname or "") if address is not None else None
    if link is not None and link.base_url is not None and site is not None and site != link.base_url:
        add(
            (*_COZE, "base_url"),
            f"workflow_id 里的链接是另一个站点的：base_url 应为 {link.base_url}，令牌也要在那个站点创建",
            f"the address in workflow_id is of the other site: write {link.base_url}, with a token made there",
        )


def _task_file(document: dict[str, Any], add: Report) -> None:
    """No column is two fields, and none is sent under a name that it no longer has."""
    given: dict[str, str] = {}
    for field, column in _object(document, *_FILE_COLUMNS).items():
        if not isinstance(column, str) or _empty(column):
            continue
        name = column.strip()
        if name in given:
            add(
                (*_FILE_COLUMNS, field),
                f"“{name}”这一列已经是 {given[name]} 了",
                f'the column "{name}" is {given[name]} already',
            )
        given.setdefault(name, field)
    for need, column in _object(document, *_COZE, "parameters").items():
        if isinstance(column, str) and column not in FIELDS and column.strip() in given:
            field = given[column.strip()]
            add(
                (*_COZE, "parameters", need),
                f"“{column.strip()}”这一列在 task_file 里是 {field}：这里也写 {field}",
                f'the column "{column.strip()}" is {field} in task_file: write {field} here, too',
            )


def _synthesis(document: dict[str, Any], add: Report, warn: Report) -> None:
    workflow = _object(document, "workflow_config")
    written = workflow.get("synthesis")
    synthesis = _object(workflow, "synthesis")
    folder = workflow.get("draft_folder_path")
    path: Path = ("workflow_config", "draft_folder_path")
    if "mode" not in synthesis and _empty(folder) and workflow and (written is None or isinstance(written, dict)):
        workflow["synthesis"] = {**synthesis, "mode": "video"}
        warn(
            path,
            "没有写剪映草稿文件夹，所以成片为 MP4 视频（output 文件夹）。想要剪映草稿，请填 draft_folder_path，例如 "
            f"{_usual_folder()}",
            "no JianYing draft folder is given, so films are made as MP4 (folder output). For JianYing drafts set "
            f"draft_folder_path, usually {_usual_folder()}",
        )
    mode = synthesis.get("mode", "draft")
    if mode in ("draft", "both") and "mode" in synthesis and _empty(folder):
        add(
            path,
            f"synthesis.mode 为 {mode} 时要写剪映草稿文件夹，例如 {_usual_folder()}；只要视频就把 mode 改为 video",
            f"synthesis.mode {mode} needs JianYing's draft folder, usually {_usual_folder()}; for films only set mode "
            "to video",
        )
    if mode == "command" and not synthesis.get("command"):
        add(
            ("workflow_config", "synthesis", "command"),
            'synthesis.mode 为 command 时要写程序，如 ["python", "make.py"]',
            'synthesis.mode command needs a program here, such as ["python", "make.py"]',
        )
    cluster_checks(workflow, _object(workflow, "synthesis"), add)


def _usual_folder() -> str:
    """JianYing's draft folder as it is written in JSON, or how it usually looks."""
    found = own_draft_folder()
    if found is not None and found.path.is_dir():
        return str(found.path).replace("\\", "\\\\")
    if sys.platform == "darwin":
        return "~/Movies/JianyingPro/User Data/Projects/com.lveditor.draft"
    return r"C:\\Users\\…\\AppData\\Local\\JianyingPro\\User Data\\Projects\\com.lveditor.draft"


def _feishu(document: dict[str, Any], add: Report, warn: Report) -> None:
    if document.get("api_config") is None and document.get("task_file") is not None:
        add(
            ("task_file",),
            "这份配置的任务在本地文件里，启动时要加上 --tasks 文件",
            "the tasks of this configuration are in a local file: start with --tasks FILE",
        )
        return
    if document.get("api_config") is None:
        add(
            ("api_config",),
            "缺少飞书应用的配置（app_id、app_secret、app_token）；任务在本地文件里就用 --tasks 文件",
            "the Feishu app is missing (app_id, app_secret, app_token); for tasks in a file use --tasks FILE",
        )
    else:
        _api(_object(document, "api_config"), add)
    content = _object(document, *_CONTENT)
    opens = _opened(_object(document, "api_config").get("app_token"))
    if _empty(content.get("table_id")) and opens is not None:
        add(
            ("api_config", "app_token"),
            f"这个链接打开的是{opens.zh}，不是数据表：请打开任务所在的数据表，再复制地址栏里的链接",
            f"this address opens {opens.en}, not a table: open the table of the tasks and copy its address",
        )
    elif _empty(content.get("table_id")):
        add(
            (*_CONTENT, "table_id"),
            "缺少任务表的 ID（tbl…）：打开表，复制地址栏里 table= 后面的部分，或把整条链接写进 app_token",
            "the id of the task table (tbl…) is missing: copy what stands after table= in its address, or put all of "
            "it into app_token",
        )
    _filter(content, add, warn)


def _opened(app_token: Any) -> Text | None:
    """What a pasted address opens, where that is no table."""
    try:
        return parse_base(app_token).opens if isinstance(app_token, str) else None
    except LinkError:
        return None


def _api(api: dict[str, Any], add: Report) -> None:
    for key, zh, en in (
        ("app_id", "缺少飞书应用 ID（开放平台 → 凭证与基础信息，cli_…）", "the App ID (cli_…) is missing"),
        (
            "app_secret",
            "缺少飞书应用密钥：写在这里，或设置环境变量 FEISHU_APP_SECRET",
            "the application secret is missing: write it here, or set the environment variable FEISHU_APP_SECRET",
        ),
        (
            "app_token",
            "缺少多维表格：把它的链接或 app_token 写在这里",
            "the base is missing: put its address or app_token here",
        ),
    ):
        if _empty(api.get(key)):
            add(("api_config", key), zh, en)


def _filter(content: dict[str, Any], add: Report, warn: Report) -> None:
    path: Path = (*_CONTENT, "filter_condition")
    status = _object(content, "field_mapping").get("status", "状态")
    if _empty(status):
        if "filter_condition" not in content:
            add(
                path,
                "没有状态字段时要写明筛选条件（或写 null 表示整张表都跑）",
                "without a status field, the filter is needed (or null, to run the whole table)",
            )
        if not _empty(_object(content, "status_values").get("running")):
            add(
                (*_CONTENT, "status_values", "running"),
                "没有状态字段，写不了“进行中”",
                "without a status field there is nowhere to write the running value",
            )
    written = content.get("filter_condition", {"conditions": [{"field_name": status, "value": [DEFAULT_READY]}]})
    running = _object(content, "status_values").get("running")
    conditions = written.get("conditions") if isinstance(written, dict) else None
    for condition in conditions if isinstance(conditions, list) else []:
        values = condition.get("value") if isinstance(condition, dict) and condition.get("field_name") == status else ()
        if isinstance(running, str) and isinstance(values, list) and running in values:
            add(
                (*_CONTENT, "status_values", "running"),
                "不能和筛选条件里的状态相同，否则两个人会同时跑同一条记录",
                "must differ from the status in the filter, or two people would run one record",
            )
    if written is None or (isinstance(written, dict) and not written.get("conditions") and not written.get("children")):
        if content.get("view_id"):
            return
        warn(
            path,
            "没有筛选条件：整张数据表的每条记录都会执行并扣费",
            "there is no filter: every record of the table is run and paid for",
        )
