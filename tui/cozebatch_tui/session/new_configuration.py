"""Makes a first configuration from a few answers, for `init` and for the set-up screen: checks them, writes the file.

Answers are texts by name: `token`, `workflow`, `base_url`, `mode`, `draft_folder`, `output_dir`, `source` (`feishu` or
`file`), `app_id`, `app_secret`, `base`, `table`. An empty one was not given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cozebatch.coze.workflow_link import parse_workflow_link
from cozebatch.disk.writing import make_folder, write_named
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.settings import parse_settings
from cozebatch.synthesis.draft.folder import own_draft_folder
from cozebatch_tui.locale import commands as texts

TOKEN_VARIABLE, SECRET_VARIABLE = "${COZE_API_TOKEN}", "${FEISHU_APP_SECRET}"
MODES = ("draft", "video", "both", "none")


def configuration_of(answers: Mapping[str, str]) -> dict[str, Any]:
    """The configuration as it is written. A secret that was not given is left to its environment variable."""
    coze = {"token": answers.get("token") or TOKEN_VARIABLE, "workflow_id": answers.get("workflow", "")}
    coze |= _told_by_link(coze["workflow_id"])
    if answers.get("base_url"):
        coze["base_url"] = answers["base_url"]
    mode = answers.get("mode") or "video"
    workflow: dict[str, Any] = {"coze_config": coze}
    workflow["synthesis"] = {"mode": mode, "output_dir": answers.get("output_dir") or "output"}
    if makes_drafts(answers):
        workflow["draft_folder_path"] = answers.get("draft_folder", "")
    config: dict[str, Any] = {}
    if answers.get("source", "feishu") == "feishu":
        base = answers.get("base", "")
        config["api_config"] = {
            "app_id": answers.get("app_id", ""),
            "app_secret": answers.get("app_secret") or SECRET_VARIABLE,
            "app_token": base,
        }
        config["tables"] = {"content_table": {"table_id": answers.get("table", "")} if needs_table(answers) else {}}
    config["workflow_config"] = workflow
    return config


def makes_drafts(answers: Mapping[str, str]) -> bool:
    return answers.get("mode") in ("draft", "both")


def needs_table(answers: Mapping[str, str]) -> bool:
    """Whether the Base was given in a form that does not name the table."""
    try:
        return parse_base(answers.get("base", "")).table_id is None
    except LinkError:
        return True


def usual_draft_folder() -> str:
    """JianYing's draft folder on this computer; empty if unknown."""
    found = own_draft_folder()
    return str(found.path) if found is not None else ""


def check_coze(key: str, known: Mapping[str, str]) -> Callable[[str], list[Text]]:
    """A check that applies the configuration's own rules to this key of `coze_config`."""

    def check(answer: str) -> list[Text]:
        if not answer:
            return [texts.NEEDED]
        if "${" in answer:
            return []
        coze = {"token": "pat_placeholder_for_checking", "workflow_id": "7400000000000000001"}
        coze |= {name: value for name, value in known.items() if "${" not in value}
        coze[key] = answer
        raw = {"workflow_config": {"coze_config": coze, "synthesis": {"mode": "none"}}}
        try:
            parse_settings(raw, env=os.environ, place="")
        except UsageError as error:
            return list(error.complaints)
        return []

    return check


def check_base(answer: str) -> list[Text]:
    """What is wrong with the address of a Base."""
    try:
        opens = parse_base(answer).opens
    except LinkError as error:
        return [error.text]
    if opens is None:
        return []
    text = texts.OPENS_NO_TABLE
    return [Text(text.zh.format(what=opens.zh), text.en.format(what=opens.en))]


def check_filled(answer: str) -> list[Text]:
    return [] if answer else [texts.NEEDED]


def write_configuration(path: Path, config: Mapping[str, Any]) -> None:
    """Write the file in one step, readable by its owner only: it may hold secrets. Raises `UsageError`."""
    try:
        make_folder(path.parent, path.parent)
        write_named(path, json.dumps(config, ensure_ascii=False, indent=2) + "\n", sync=True)
    except OSError as error:
        complaint = Text(f"{path} 无法写入：{error.strerror}", f"{path} cannot be written: {error.strerror}")
        raise UsageError(complaint) from error


def _told_by_link(answer: str) -> dict[str, str]:
    """What the address of a workflow says beside its id: Coze's site, and the app it belongs to."""
    link = parse_workflow_link(answer)
    if link is None:
        return {}
    told = {"workflow_id": link.workflow_id, "base_url": link.base_url, "app_id": link.app_id}
    return {key: value for key, value in told.items() if value is not None}
