"""Turns the answers into a configuration (docs/contract.md §2). What an existing one says beside them stays."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from cozebatch.feishu.links import parse_base
from cozebatch.files.field_names import USUAL
from cozebatch.model.task import FIELDS
from cozebatch.model.text import Text
from cozebatch.settings.feishu_model import DEFAULT_FEISHU_DOMAIN, FieldMapping
from cozebatch.settings.model import Outputs
from cozebatch.setup.column_questions import columns_now, needs_of
from cozebatch.setup.existing import answers_of
from cozebatch.setup.matching import role_of
from cozebatch.setup.question import WrongAnswer
from cozebatch.setup.secrets import reference, variable_of
from cozebatch.setup.state import SECRET_VARIABLE, TOKEN_VARIABLE, Answers, State
from cozebatch.setup.status_questions import status_now
from cozebatch.setup.table_questions import asks_relations, kept_tables

_SENT = frozenset({"title", "content", "digital_no", "voice_id", "account_id", "project_name", "template"})
"""Task fields that a column can be mapped to."""


def configuration_of(state: State, *, to_look: bool = False) -> dict[str, Any]:
    """The configuration as it is written. `to_look`: with the secrets as they were given, wherever they will be kept.

    Raises `WrongAnswer` where two columns cannot both be had.
    """
    answers = state.answers
    document = copy.deepcopy(dict(state.document))
    config: dict[str, Any] = {}
    if answers.from_feishu:
        config["api_config"] = _api(document, answers, to_look=to_look)
        config["tables"] = _tables(document, state)
    else:
        config["task_file"] = _task_file(document, state)
    config |= {key: value for key, value in document.items() if key not in config and key != "workflow_config"}
    config["workflow_config"] = _workflow(document, state, to_look=to_look)
    return config


def mapping_of(state: State) -> tuple[dict[str, str], dict[str, str]]:
    """`parameters`, and our fields with their columns. Raises `WrongAnswer` for a column that is called like a field
    of ours which another column serves."""
    return _of_table(state) if state.answers.from_feishu else _of_file(state)


def _of_table(state: State) -> tuple[dict[str, str], dict[str, str]]:
    chosen = columns_now(state)
    parameters: dict[str, str] = {}
    fields: dict[str, str] = {}
    for need in sorted(needs_of(state), key=lambda need: not need.own):
        column = chosen[need.name]
        if not column:
            continue
        role = need.name if need.own else role_of(need.name)
        if role not in _SENT or fields.get(_key(role), column) != column:
            role = column if column in FIELDS else None
        if role is not None and (role not in _SENT or fields.setdefault(_key(role), column) != column):
            raise _called_like_ours(column, need.name)
        if not need.own:
            parameters[need.name] = role or column
    return parameters, fields


def _of_file(state: State) -> tuple[dict[str, str], dict[str, str]]:
    """A column is one field or none, and has no other name then. The script is found a column first."""
    chosen = columns_now(state)
    fields: dict[str, str] = {}
    roles = {need.name: need.name if need.own else role_of(need.name) for need in needs_of(state)}
    for need in sorted(needs_of(state), key=lambda need: (roles[need.name] != "content", not need.own)):
        role, column = roles[need.name], chosen[need.name]
        if column and role in _SENT and role not in fields and column not in fields.values():
            fields[role] = column
    called = {column: field for field, column in fields.items()}
    parameters: dict[str, str] = {}
    for need in needs_of(state):
        column = chosen[need.name]
        if not column:
            continue
        field = called.get(column) or USUAL.field_of(column)
        if field is not None and (field not in _SENT or fields.get(field, column) != column):
            raise _called_like_ours(column, need.name)
        if need.own and field != need.name:
            raise WrongAnswer(
                Text(
                    f"“{column}”这一列已经有别的用处：换一列，或者空着。",
                    f'The column "{column}" serves as something else already: choose another, or none.',
                )
            )
        if not need.own:
            parameters[need.name] = field or column
    return parameters, fields


def _called_like_ours(column: str, need: str) -> WrongAnswer:
    return WrongAnswer(
        Text(
            f"字段“{column}”和程序自己的名称相同，而 {need} 不能用它：给它改个名，再从头选一次。",
            f'The program has a field "{column}" of its own, which {need} cannot use: rename it and choose again.',
        )
    )


def _key(role: str) -> str:
    """`field_mapping` calls the account's column by another name than the task."""
    return "account" if role == "account_id" else role


def _secret(given: str, variable: str, answers: Answers, *, to_look: bool) -> str | None:
    """As it stands in the file; None where the keyring has it."""
    if to_look or variable_of(given) is not None or answers.keep == "file":
        return given
    return None if answers.keep == "keyring" else reference(variable)


def _put(section: dict[str, Any], key: str, value: Any) -> None:
    """Set it, or take it out for None."""
    if value is None:
        section.pop(key, None)
    else:
        section[key] = value


def _api(document: dict[str, Any], answers: Answers, *, to_look: bool) -> dict[str, Any]:
    api = _section(document, "api_config")
    api["app_id"] = answers.feishu_app_id
    _put(api, "app_secret", _secret(answers.app_secret, SECRET_VARIABLE, answers, to_look=to_look))
    # The table and the view stand in keys of their own: an address that names others would say something else.
    api["app_token"] = answers.base.split("?")[0].split("#")[0] if "/" in answers.base else answers.base
    link = parse_base(api["app_token"])
    _put(api, "domain", answers.domain if answers.domain not in ("", DEFAULT_FEISHU_DOMAIN, link.domain) else None)
    return api


def _task_file(document: dict[str, Any], state: State) -> dict[str, Any]:
    """The columns that are not called by a usual name of their field."""
    section = _section(document, "task_file")
    _, fields = mapping_of(state)
    own = {field: column for field, column in fields.items() if USUAL.field_of(column) != field}
    there = {column.name for column in state.known.columns}
    before = _section(section, "columns")
    kept = {field: column for field, column in before.items() if column in there and field not in fields}
    _put(section, "columns", kept | own or None)
    return section


def _tables(document: dict[str, Any], state: State) -> dict[str, Any]:
    tables = _section(document, "tables")
    content = _section(tables, "content_table")
    status = status_now(state)
    old_status = _section(content, "field_mapping").get("status", FieldMapping().status)
    moved = content.get("table_id") != state.answers.table_id
    content["table_id"] = state.answers.table_id
    content["view_id"] = state.answers.view_id or None
    content["field_mapping"] = _field_mapping(content, state, status)
    content["filter_condition"] = _filter(
        content, old_status, status, {c.name for c in state.known.columns} if moved else ()
    )
    content["status_values"] = {part: status[part] or None for part in ("running", "done", "failed")}
    if not status["column"]:
        content["status_values"] = dict.fromkeys(content["status_values"])
    relations = state.known.relations if state.answers.relations == "yes" and asks_relations(state) else {}
    others = kept_tables(state) | {key: dict(relation) for key, relation in relations.items()}
    return {"content_table": content, **others}


def _field_mapping(content: dict[str, Any], state: State, status: dict[str, str]) -> dict[str, Any]:
    """Ours → column; null where the table has none, so that nothing is missed that nobody wants."""
    _, fields = mapping_of(state)
    there = {column.name for column in state.known.columns}
    before = _section(content, "field_mapping")
    mapping: dict[str, Any] = {}
    for ours, usual in FieldMapping().model_dump().items():
        if ours == "status":
            mapping[ours] = status["column"] or None
        elif ours == "result":
            mapping[ours] = status["result"] or None
        elif ours in fields:
            mapping[ours] = fields[ours]
        else:
            kept = before.get(ours, usual)
            mapping[ours] = kept if kept in there and kept not in fields.values() else None
    return mapping


def _filter(
    content: dict[str, Any], old_status: Any, status: dict[str, str], there: Collection[str]
) -> dict[str, Any] | None:
    """The existing filter with its condition on the status put right; of another table's, only conditions on fields
    that are `there`. In the same table one on a field that is gone stays, and `check` tells: without it, more is paid.
    Else a filter on the status alone."""
    wanted = {"field_name": status["column"], "operator": "is", "value": [status["ready"]]}
    existing = content.get("filter_condition")
    if isinstance(existing, dict) and isinstance(existing.get("conditions"), list) and there:
        names = {old_status, *there} if status["column"] else there
        kept = [c for c in existing["conditions"] if not isinstance(c, dict) or c.get("field_name") in names]
        existing = {**existing, "conditions": kept} if kept else None
    if not status["column"]:
        return existing if isinstance(existing, dict) else None
    conditions = existing.get("conditions") if isinstance(existing, dict) else None
    if isinstance(existing, dict) and isinstance(conditions, list):
        for place, condition in enumerate(conditions):
            if isinstance(condition, dict) and condition.get("field_name") in (old_status, status["column"]):
                return {**existing, "conditions": [*conditions[:place], wanted, *conditions[place + 1 :]]}
        if conditions:
            return {**existing, "conjunction": "and", "conditions": [wanted, *conditions]}
    return {"conjunction": "and", "conditions": [wanted]}


def _workflow(document: dict[str, Any], state: State, *, to_look: bool) -> dict[str, Any]:
    answers = state.answers
    workflow = _section(document, "workflow_config")
    coze = _section(workflow, "coze_config")
    _put(coze, "token", _secret(answers.token, TOKEN_VARIABLE, answers, to_look=to_look))
    coze["workflow_id"] = answers.workflow_id
    coze["base_url"] = answers.base_url
    if answers.workflow_id != answers_of(document, answers.lang).workflow_id:
        for key in ("workflow_version", "outputs"):  # the other workflow's
            coze.pop(key, None)
    _put(coze, "app_id", answers.app_id or None)
    if answers.app_id:
        coze.pop("bot_id", None)
    coze["parameters"], _ = mapping_of(state)
    if answers.outputs:
        usual = Outputs().model_dump()
        other = {part: name or None for part, name in answers.outputs.items() if (name or None) != usual[part]}
        _put(coze, "outputs", other or None)
    synthesis = _section(workflow, "synthesis")
    synthesis["mode"] = answers.mode
    if answers.output_dir:
        synthesis["output_dir"] = answers.output_dir
    if answers.mode in ("draft", "both"):
        workflow["draft_folder_path"] = answers.draft_folder
    return {"coze_config": coze, **{k: v for k, v in workflow.items() if k not in ("coze_config", "synthesis")},
            "synthesis": synthesis}  # fmt: skip


def _section(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return dict(value) if isinstance(value, dict) else {}
