"""Reads an existing configuration, ours or the older tool's of the same shape, as the proposal for a new one.

What is wrong in it is put right where that is certain, else left out; each such place is named. The file itself is
not touched.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cozebatch.coze.workflow_link import interface_of, parse_workflow_link
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.model.errors import UsageError
from cozebatch.model.task import FIELDS
from cozebatch.model.text import Lang, Text
from cozebatch.model.urls import split_url
from cozebatch.settings import jsonc, parse_settings
from cozebatch.settings.feishu_model import DEFAULT_READY, FieldMapping, StatusValues
from cozebatch.settings.model import CozeConfig, Outputs
from cozebatch.settings.values import looks_like_placeholder
from cozebatch.setup.secrets import variable_of, without_wrapping
from cozebatch.setup.state import Answers, State

_PATH = re.compile(r"：([\w.\[\]]+)：(.*)", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+")
_MOST_MENDS = 60
_SIGNS = {"：": ":", "，": ",", "、": ",", "；": ",", "｛": "{", "｝": "}", "［": "[", "］": "]", "　": " "}
_QUOTES = {"“": "”", "”": "”", "＂": "＂", "‘": "’", "’": "’", "「": "」", '"': '"'}


def begin_with(path: Path, lang: Lang, env: Mapping[str, str]) -> State:
    """The state that proposes what this file says. Raises nothing for a file that says nothing."""
    try:
        text = jsonc.read_text(path)
    except UsageError as error:
        return State(Answers(lang=lang), mended=error.complaints)
    document, mended = read_document(text, env)
    return State(answers_of(document, lang), document=document, mended=tuple(mended))


def read_document(text: str, env: Mapping[str, str]) -> tuple[dict[str, Any], list[Text]]:
    """The document, mended, and what was mended in it. Empty where nothing can be made of the text."""
    mended: list[Text] = []
    try:
        raw = jsonc.loads(text, place="")
    except UsageError as error:
        text, mended = half_width(text)
        try:
            raw = jsonc.loads(text, place="")
        except UsageError:
            return {}, [Text(*(wording.lstrip("：: ") for wording in (error.complaints[0].zh, error.complaints[0].en)))]
    if not isinstance(raw, dict):
        return {}, [Text("这不是一份配置。", "This is no configuration.")]
    document = _tidy(raw)
    _mend_values(document, mended)
    _leave_out_wrong(document, env, mended)
    return document, mended


def half_width(text: str) -> tuple[str, list[Text]]:
    """The text with the signs of a Chinese input method turned into those of JSON, where they stand for those: between
    values, and as the quotes around one. Inside a value nothing changes."""
    out: list[str] = []
    mended: list[Text] = []
    closing, line = "", 1
    place = 0
    while place < len(text):
        sign = text[place]
        line += sign == "\n"
        if closing:
            if sign == "\\" and place + 1 < len(text):
                out.append(text[place : place + 2])
                place += 2
                continue
            ends = sign == closing or (closing != '"' and sign == '"')
            out.append('"' if ends else sign)
            closing = "" if ends or sign == "\n" else closing
        elif text.startswith("//", place):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            out.append(text[place:end])
            place = end
            continue
        elif sign in _QUOTES:
            closing = _QUOTES[sign]
            out.append('"')
            if sign != '"':
                mended.append(_changed(line, sign, '"'))
        elif sign in _SIGNS:
            out.append(_SIGNS[sign])
            mended.append(_changed(line, sign, _SIGNS[sign]))
        else:
            out.append(sign)
        place += 1
    return "".join(out), list(dict.fromkeys(mended))


def answers_of(document: Mapping[str, Any], lang: Lang) -> Answers:
    """What a document proposes for each question."""
    workflow = _section(document, "workflow_config")
    coze, synthesis = _section(workflow, "coze_config"), _section(workflow, "synthesis")
    api = _section(document, "api_config")
    content = _section(_section(document, "tables"), "content_table")
    link = parse_workflow_link(_text(coze.get("workflow_id")))
    token, secret = _text(coze.get("token")), _text(api.get("app_secret"))
    return Answers(
        lang=lang,
        source="feishu" if api else "file" if "task_file" in document else "",
        token=token,
        base_url=_text(coze.get("base_url")) or (link.base_url or "" if link else ""),
        workflow_id=link.workflow_id if link else _text(coze.get("workflow_id")),
        app_id=_text(coze.get("app_id")) or (link.app_id or "" if link else ""),
        base=_text(api.get("app_token")),
        feishu_app_id=_text(api.get("app_id")),
        app_secret=secret,
        domain=_text(api.get("domain")),
        table_id=_text(content.get("table_id")) or _table_of(_text(api.get("app_token"))),
        view_id=_text(content.get("view_id")),
        columns=_columns(coze, content) if api and coze else _file_columns(coze, _section(document, "task_file")),
        outputs=_outputs(coze),
        status=_status(content) if content else {},
        mode=_mode(synthesis, workflow) if workflow else "",
        draft_folder=_text(workflow.get("draft_folder_path")),
        output_dir=_text(synthesis.get("output_dir")),
        keep="" if not token else "environment" if variable_of(token) else "file",
    )


def _columns(coze: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, str]:
    parameters = coze.get("parameters")
    if not isinstance(parameters, dict):
        parameters = CozeConfig().parameters
    mapping = {**FieldMapping().model_dump(), **_section(content, "field_mapping")}
    found = {}
    for need, field in parameters.items():
        ours = "account" if field == "account_id" else field
        column = mapping.get(ours) if field in FIELDS else field
        if isinstance(column, str) and column:
            found[str(need)] = column
    return found


def _file_columns(coze: Mapping[str, Any], task_file: Mapping[str, Any]) -> dict[str, str]:
    """Of a task file: the columns that are named. Those that go by the usual names are found again by them."""
    given = {field: column for field, column in _section(task_file, "columns").items() if isinstance(column, str)}
    parameters = _section(coze, "parameters")
    found = {need: given.get(str(field), field if field not in FIELDS else "") for need, field in parameters.items()}
    own = {field: given[field] for field in ("content", "title") if field in given and field not in parameters.values()}
    return {str(need): column for need, column in (own | found).items() if isinstance(column, str) and column}


def _outputs(coze: Mapping[str, Any]) -> dict[str, str]:
    written = _section(coze, "outputs")
    return {part: _text(written[part]) for part in Outputs.model_fields if part in written}


def _status(content: Mapping[str, Any]) -> dict[str, str]:
    mapping = {**FieldMapping().model_dump(), **_section(content, "field_mapping")}
    column = _text(mapping.get("status"))
    values = {**StatusValues().model_dump(), **_section(content, "status_values")}
    ready = DEFAULT_READY if "filter_condition" not in content else ""
    conditions = _section(content, "filter_condition").get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        wanted = condition.get("value") if isinstance(condition, dict) else None
        if (
            isinstance(condition, dict)
            and condition.get("field_name") == column
            and isinstance(wanted, list)
            and wanted
        ):
            ready = _text(wanted[0])
    written = {part: _text(values.get(part)) for part in ("running", "done", "failed")}
    return {"column": column, "ready": ready, **written, "result": _text(mapping.get("result"))}


def _mode(synthesis: Mapping[str, Any], workflow: Mapping[str, Any]) -> Any:
    mode = synthesis.get("mode")
    if mode in ("draft", "video", "both", "none"):
        return mode
    return "draft" if workflow.get("draft_folder_path") else ""


def _mend_values(document: dict[str, Any], mended: list[Text]) -> None:
    """Put right what can only be meant in one way; forget the sample texts of a template."""
    _forget_samples(document)
    coze = _section(_section(document, "workflow_config"), "coze_config")
    api = _section(document, "api_config")
    for section, key, name in ((coze, "token", "coze_config.token"), (api, "app_secret", "api_config.app_secret")):
        given = _text(section.get(key))
        if given and (bare := without_wrapping(given)) != given:
            section[key] = bare
            mended.append(
                Text(
                    f"{name}：去掉了前后多余的引号、空格或 Bearer",
                    f"{name}: quotes, spaces or Bearer around it removed",
                )
            )
    address = split_url(_text(coze.get("base_url")))
    right = interface_of((address.hostname or "") if address is not None else "")
    if right is not None and _text(coze.get("base_url")).rstrip("/") != right:
        coze["base_url"] = right
        mended.append(Text(f"coze_config.base_url：改为 {right}", f"coze_config.base_url: now {right}"))


def _forget_samples(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, inner in value.items() if isinstance(inner, str) and looks_like_placeholder(inner)]:
            del value[key]
        for inner in value.values():
            _forget_samples(inner)


def _leave_out_wrong(document: dict[str, Any], env: Mapping[str, str], mended: list[Text]) -> None:
    """Take out what the configuration's own rules do not take. What a variable holds is not judged."""
    looked_at = _complete(document)
    for _ in range(_MOST_MENDS):
        try:
            _, notes = parse_settings(looked_at, env=env, need_feishu=True, place="")
            complaints = [note for note in notes if "不认识这个键" in note.zh]
        except UsageError as error:
            complaints = list(error.complaints)
        left_out = [_leave_out(text, document, looked_at, mended) for text in complaints]
        if not any(left_out):
            return


def _leave_out(text: Text, document: dict[str, Any], looked_at: dict[str, Any], mended: list[Text]) -> bool:
    """Take the place out that a complaint names; False if that is no place of the document."""
    found = _PATH.match(text.zh)
    if found is None:
        return False
    path = [int(step) if step.isdigit() else step for step in _STEP.findall(found[1])]
    value = _pop(looked_at, path)
    if value is _MISSING:
        return False
    if not (isinstance(value, str) and "${" in value) and _pop(document, path) is not _MISSING:
        en = text.en.removeprefix(f": {found[1]}: ")
        mended.append(Text(f"{found[1]}：没有采用。{found[2]}", f"{found[1]}: left out, since it {en}"))
    return True


_MISSING = object()


def _pop(document: Any, path: list[str | int]) -> Any:
    here = document
    for step in path[:-1]:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    try:
        return here.pop(path[-1])
    except (KeyError, IndexError, TypeError, AttributeError):
        return _MISSING


def _complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same with what the questions will give, where it is missing: that is no fault of the file."""
    whole = copy.deepcopy(dict(document))
    for path, sample in (
        (("workflow_config", "coze_config", "token"), "pat_for_checking"),
        (("workflow_config", "coze_config", "workflow_id"), "7400000000000000001"),
        (("workflow_config", "synthesis", "mode"), "none"),
        (("api_config", "app_id"), "cli_a"),
        (("api_config", "app_secret"), "secret_for_checking"),
        (("api_config", "app_token"), "apptoken"),
        (("tables", "content_table", "table_id"), "tblchecking"),
    ):
        here = whole
        for step in path[:-1]:
            if not isinstance(here.get(step), dict):
                here[step] = {}
            here = here[step]
        if not here.get(path[-1]) or (isinstance(here[path[-1]], str) and "${" in here[path[-1]]):
            here[path[-1]] = sample
    return whole


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).strip(): _tidy(inner) for key, inner in value.items()}
    return [_tidy(inner) for inner in value] if isinstance(value, list) else value


def _changed(line: int, sign: str, right: str) -> Text:
    return Text(f"第 {line} 行：全角的 {sign} 改成了 {right}", f"line {line}: {sign} became {right}")


def _table_of(base: str) -> str:
    try:
        return parse_base(base).table_id or ""
    except LinkError:
        return ""


def _section(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under a key itself, so that it can be mended; an empty one where there is none."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
