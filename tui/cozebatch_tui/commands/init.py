"""`cozebatch-tui init`: asks a few questions, checks each answer at once, and writes a configuration in one step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang, Text
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import commands as texts
from cozebatch_tui.presentation.invocation import typed
from cozebatch_tui.session.new_configuration import (
    MODES,
    SECRET_VARIABLE,
    TOKEN_VARIABLE,
    check_base,
    check_coze,
    check_filled,
    configuration_of,
    makes_drafts,
    needs_table,
    usual_draft_folder,
    write_configuration,
)


def init(options: argparse.Namespace, lang: Lang) -> Exit:
    """Ask and write the file. Raises `UsageError` if the file exists and `--yes` is missing, or if stdin ends."""
    path = Path(options.config)
    if path.exists() and not options.yes:
        raise UsageError(Text(texts.EXISTS.zh.format(path=path), texts.EXISTS.en.format(path=path)))
    out = Output(sys.stdout)
    dialogue = Dialogue(out, lang)
    out.line(texts.INIT_INTRO.in_(lang))
    config = ask_all(dialogue)
    write_configuration(path, config)
    out.line(typed(texts.WRITTEN).in_(lang).format(path=path))
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
    answers: dict[str, str] = {}
    answers["token"] = dialogue.ask(texts.ASK_TOKEN, default=TOKEN_VARIABLE, check=check_coze("token", {}))
    answers["workflow"] = dialogue.ask(texts.ASK_WORKFLOW, check=check_coze("workflow_id", {"token": answers["token"]}))
    modes = {str(number): mode for number, mode in enumerate(MODES, 1)}
    answers["mode"] = dialogue.choose(texts.ASK_MODE, modes, "2")
    if makes_drafts(answers):
        answers["draft_folder"] = dialogue.ask(texts.ASK_DRAFTS, default=usual_draft_folder(), check=check_filled)
    answers["source"] = dialogue.choose(texts.ASK_SOURCE, {"1": "feishu", "2": "file"}, "1")
    if answers["source"] == "feishu":
        answers["app_id"] = dialogue.ask(texts.ASK_APP_ID, check=check_filled)
        answers["app_secret"] = dialogue.ask(texts.ASK_APP_SECRET, default=SECRET_VARIABLE)
        answers["base"] = dialogue.ask(texts.ASK_BASE, check=check_base)
        if needs_table(answers):
            answers["table"] = dialogue.ask(texts.ASK_TABLE, check=check_filled)
    return configuration_of(answers)
