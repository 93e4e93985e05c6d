"""What the set-up screen asks, one step after the other. A step is its title, its fields, and how its answers are
looked at; the screen draws them all alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import setup as texts

if TYPE_CHECKING:
    from cozebatch.model.check_item import CheckItem

Answers = Mapping[str, str]
Tell = Callable[["CheckItem"], None]
Look = Callable[[Answers, Lang, Tell], None]
"""Looks with the real clients, free of charge, and tells what it finds. Blocks; runs in a thread of its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. With `choices` it is answered by one of them, else by a text; a `secret` one is masked."""

    name: str
    label: Text
    choices: Mapping[str, Text] | None = None
    secret: bool = False
    hint: Text | None = None
    applies: Callable[[Answers], bool] = lambda _: True
    """Whether it is asked, after the answers so far."""
    check: Callable[[str], Sequence[Text]] = lambda _: ()
    """What is wrong with an answer; fast, and asks nobody."""
    initial: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One panel of the set-up."""

    name: str
    title: Text
    short: Text
    fields: Sequence[Field] = ()
    look: Look | None = None

    def asked(self, answers: Answers) -> list[Field]:
        """The fields that apply."""
        return [field for field in self.fields if field.applies(answers)]

    def validate(self, answers: Answers) -> dict[str, Text]:
        """For each field with a wrong answer the first thing that is wrong with it."""
        found = {field.name: field.check(answers.get(field.name, "").strip()) for field in self.asked(answers)}
        return {name: complaints[0] for name, complaints in found.items() if complaints}


def _needed(answer: str) -> Sequence[Text]:
    return () if answer else (texts.NEEDED,)


def _workflow(answer: str) -> Sequence[Text]:
    from cozebatch_tui.session.new_configuration import check_coze

    return check_coze("workflow_id", {})(answer) if answer else (texts.NEEDED,)


def _token(answer: str) -> Sequence[Text]:
    from cozebatch_tui.session.new_configuration import TOKEN_VARIABLE, check_coze

    return check_coze("token", {})(answer or TOKEN_VARIABLE) or _variable(answer, "COZE_API_TOKEN")


def _app_secret(answer: str) -> Sequence[Text]:
    return _variable(answer, "FEISHU_APP_SECRET")


def _variable(answer: str, name: str) -> Sequence[Text]:
    """An empty answer needs the variable to be set."""
    import os

    if answer or os.environ.get(name):
        return ()
    return (Text(f"要填，或者设置环境变量 {name}", f"needed, or set the environment variable {name}"),)


def _base(answer: str) -> Sequence[Text]:
    from cozebatch_tui.session.new_configuration import check_base

    return check_base(answer) if answer else (texts.NEEDED,)


def _tasks_file(answer: str) -> Sequence[Text]:
    if not answer:
        return (texts.NEEDED,)
    if Path(answer).suffix.lower() not in (".xlsx", ".csv", ".json", ".jsonl"):
        return (texts.WRONG_KIND,)
    return () if Path(answer).is_file() else (texts.NO_FILE,)


def _from_feishu(answers: Answers) -> bool:
    return answers.get("source", "feishu") == "feishu"


def _table_unknown(answers: Answers) -> bool:
    from cozebatch_tui.session.new_configuration import needs_table

    return _from_feishu(answers) and bool(answers.get("base")) and not _base(answers["base"]) and needs_table(answers)


def _drafts(answers: Answers) -> bool:
    return answers.get("mode") in ("draft", "both")


def _draft_folder() -> str:
    from cozebatch_tui.session.new_configuration import usual_draft_folder

    return usual_draft_folder()


def _look_at_coze(answers: Answers, _: Lang, tell: Tell) -> None:
    from cozebatch_tui.session.new_configuration import configuration_of
    from cozebatch_tui.session.new_configuration_check import look_at_coze

    for item in look_at_coze(configuration_of({**answers, "mode": "none"})):
        tell(item)


def _look_at_everything(answers: Answers, lang: Lang, tell: Tell) -> None:
    from cozebatch_tui.session.new_configuration import configuration_of
    from cozebatch_tui.session.new_configuration_check import look_at_everything

    look_at_everything(configuration_of(answers), lang, tell)


STEPS: Sequence[SetupStep] = (
    SetupStep(
        "language",
        texts.LANGUAGE,
        texts.LANGUAGE,
        (Field("lang", texts.ASK_LANGUAGE, choices={"zh": texts.ZH, "en": texts.EN}),),
    ),
    SetupStep(
        "coze",
        texts.COZE,
        texts.COZE_SHORT,
        (
            Field("workflow", texts.WORKFLOW, hint=texts.WORKFLOW_HINT, check=_workflow),
            Field("token", texts.TOKEN, secret=True, hint=texts.TOKEN_HINT, check=_token),
        ),
        look=_look_at_coze,
    ),
    SetupStep(
        "source",
        texts.SOURCE,
        texts.SOURCE_SHORT,
        (
            Field("source", texts.ASK_SOURCE, choices={"feishu": texts.FEISHU, "file": texts.FILE}),
            Field("base", texts.BASE, hint=texts.BASE_HINT, applies=_from_feishu, check=_base),
            Field("table", texts.TABLE, applies=_table_unknown, check=_needed),
            Field("app_id", texts.APP_ID, hint=texts.APP_HINT, applies=_from_feishu, check=_needed),
            Field(
                "app_secret",
                texts.APP_SECRET,
                secret=True,
                hint=texts.SECRET_HINT,
                applies=_from_feishu,
                check=_app_secret,
            ),
            Field("tasks", texts.TASKS_FILE, applies=lambda now: not _from_feishu(now), check=_tasks_file),
        ),
    ),
    SetupStep(
        "films",
        texts.FILMS,
        texts.FILMS_SHORT,
        (
            Field("mode", texts.ASK_MODE, choices=texts.MODES),
            Field(
                "output_dir",
                texts.OUTPUT,
                applies=lambda now: now.get("mode", "video") in ("video", "both"),
                check=_needed,
                initial=lambda: "output",
            ),
            Field(
                "draft_folder",
                texts.DRAFTS,
                hint=texts.DRAFTS_HINT,
                applies=_drafts,
                check=_needed,
                initial=_draft_folder,
            ),
        ),
    ),
    SetupStep("check", texts.CHECK, texts.CHECK, look=_look_at_everything),
)
