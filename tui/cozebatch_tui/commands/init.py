"""`cozebatch-tui init`: asks a few questions, checks each answer at once, and writes a configuration in one step."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cozebatch.coze.workflow_link import parse_workflow_link
from cozebatch.disk.writing import make_folder, write_named
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang, Text
from cozebatch.settings import parse_settings
from cozebatch.synthesis.draft.folder import own_draft_folder
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import commands as texts


def init(options: argparse.Namespace, lang: Lang) -> Exit:
    """Ask and write the file. Raises `UsageError` if the file exists and `--yes` is missing, or if stdin ends."""
    path = Path(options.config)
    if path.exists() and not options.yes:
        raise UsageError(Text(texts.EXISTS.zh.format(path=path), texts.EXISTS.en.format(path=path)))
    out = Output(sys.stdout)
    dialogue = Dialogue(out, lang)
    out.line(texts.INIT_INTRO.in_(lang))
    config = ask_all(dialogue)
    _write(path, config)
    out.line(texts.WRITTEN.in_(lang).format(path=path))
    return Exit.OK


class Dialogue:
    """Asks on stdout and reads lines from stdin. Explains a wrong answer and asks again."""

    def __init__(self, out: Output, lang: Lang, read: Callable[[], str] = sys.stdin.readline) -> None:
        self._out = out
        self._lang: Lang = lang
        self._read = read

    def ask(self, question: Text, *, default: str = "", check: Callable[[str], list[Text]] = lambda _: []) -> str:
        """One answer, or `default` for an empty one. Raises `UsageError` if stdin has ended."""
        while True:
            shown = f" [{default}]" if default else ""
            self._out.write(f"{question.in_(self._lang)}{shown}: ")
            line = self._read()
            if not line:
                raise UsageError(texts.ENDED)
            answer = line.strip() or default
            complaints = check(answer)
            if not complaints:
                return answer
            for complaint in complaints:
                self._out.line(f"  {complaint.in_(self._lang)}")

    def choose(self, question: Text, choices: Mapping[str, str], default: str) -> str:
        def check(answer: str) -> list[Text]:
            return [] if answer in choices else [Text.same(" / ".join(choices))]

        return choices[self.ask(question, default=default, check=check)]


def ask_all(dialogue: Dialogue) -> dict[str, Any]:
    """Build a configuration from the answers. The configuration's own rules check each of them."""
    coze: dict[str, Any] = {}
    coze["token"] = dialogue.ask(texts.ASK_TOKEN, default="${COZE_API_TOKEN}", check=_coze_check("token", {}))
    known = {"token": coze["token"]}
    coze["workflow_id"] = dialogue.ask(texts.ASK_WORKFLOW, check=_coze_check("workflow_id", known))
    coze |= _told_by_link(coze["workflow_id"])
    workflow: dict[str, Any] = {"coze_config": coze}
    mode = dialogue.choose(texts.ASK_MODE, {"1": "draft", "2": "video", "3": "both", "4": "none"}, "2")
    workflow["synthesis"] = {"mode": mode, "output_dir": "output"}
    if mode in ("draft", "both"):
        workflow["draft_folder_path"] = dialogue.ask(texts.ASK_DRAFTS, default=usual_draft_folder(), check=_filled)
    config: dict[str, Any] = {}
    if dialogue.choose(texts.ASK_SOURCE, {"1": "feishu", "2": "file"}, "1") == "feishu":
        config["api_config"] = {
            "app_id": dialogue.ask(texts.ASK_APP_ID, check=_filled),
            "app_secret": dialogue.ask(texts.ASK_APP_SECRET, default="${FEISHU_APP_SECRET}"),
            "app_token": dialogue.ask(texts.ASK_BASE, check=_base_check),
        }
        content: dict[str, Any] = {}
        if parse_base(config["api_config"]["app_token"]).table_id is None:
            content["table_id"] = dialogue.ask(texts.ASK_TABLE, check=_filled)
        config["tables"] = {"content_table": content}
    config["workflow_config"] = workflow
    return config


def usual_draft_folder() -> str:
    """JianYing's draft folder on this computer; empty if unknown."""
    found = own_draft_folder()
    return str(found.path) if found is not None else ""


def _told_by_link(answer: str) -> dict[str, str]:
    """What the address of a workflow says beside its id: Coze's site, and the app it belongs to."""
    link = parse_workflow_link(answer)
    if link is None:
        return {}
    told = {"workflow_id": link.workflow_id, "base_url": link.base_url, "app_id": link.app_id}
    return {key: value for key, value in told.items() if value is not None}


def _coze_check(key: str, known: Mapping[str, str]) -> Callable[[str], list[Text]]:
    """A check that applies the configuration's own rules to this key."""

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


def _base_check(answer: str) -> list[Text]:
    try:
        opens = parse_base(answer).opens
    except LinkError as error:
        return [error.text]
    if opens is None:
        return []
    text = texts.OPENS_NO_TABLE
    return [Text(text.zh.format(what=opens.zh), text.en.format(what=opens.en))]


def _filled(answer: str) -> list[Text]:
    return [] if answer else [texts.NEEDED]


def _write(path: Path, config: dict[str, Any]) -> None:
    """Write the file in one step, readable by its owner only: it may hold secrets."""
    try:
        make_folder(path.parent, path.parent)
        write_named(path, json.dumps(config, ensure_ascii=False, indent=2) + "\n", sync=True)
    except OSError as error:
        complaint = Text(f"{path} 无法写入：{error.strerror}", f"{path} cannot be written: {error.strerror}")
        raise UsageError(complaint) from error
