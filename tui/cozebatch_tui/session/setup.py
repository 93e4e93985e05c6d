"""Begins and ends a set-up on this machine, for `init` and for the set-up screen: what it finds here, what it writes.

The questions themselves are `cozebatch.setup`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cozebatch.disk.writing import make_folder, open_new, write_named
from cozebatch.model.default_paths import STATE_DIR
from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Lang, Text
from cozebatch.settings.stored_secrets import has_keyring, name_in_keyring, store_secret
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.existing import begin_with
from cozebatch.setup.film_questions import free_backup, secrets_given, variable_commands
from cozebatch.setup.keeping import forget_answers, has_something, keep_answers, kept_answers
from cozebatch.setup.question import WrongAnswer
from cozebatch.setup.state import TOKEN_VARIABLE, Answers, State, World
from cozebatch.synthesis.draft.folder import own_draft_folder
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.session.preferences import detaches, load_user_settings, save_user_settings, trusted_hosts


def begin(path: Path, lang: Lang, given: Mapping[str, str]) -> tuple[State, World]:
    """The first question, and what is proposed: the answers of an unfinished set-up, else those of the configuration
    that is there already. `given`: answers of the command line, by their names in `Answers`. Blocks."""
    world = World(
        config=path,
        trusted=trusted_hosts(),
        has_keyring=has_keyring(),
        detaches=detaches(load_user_settings()),
        draft_folder=_usual_draft_folder(),
    )
    state = begin_with(path, lang, world.env) if path.exists() else State(Answers(lang=lang))
    notes: list[Text] = []
    kept = kept_answers(Path(STATE_DIR), path)
    if kept is not None:
        secrets = {"token": state.answers.token, "app_secret": state.answers.app_secret}
        state = replace(state, answers=replace(kept, lang=lang), resumed=True).answer(**secrets)
        notes.append(texts.RESUMED)
    elif path.exists() and (state.document or not state.mended):
        notes.append(_with_path(texts.EXISTING, path))
    if state.mended:
        notes += [_with_path(texts.MENDED if state.document else texts.UNREADABLE, path), *state.mended]
    answers: dict[str, Any] = dict(given)
    return state.answer(**answers).note(*notes), world


def keep(state: State, world: World) -> bool:
    """Keep what was answered for the next start, without secrets; False if there is nothing, or nowhere to keep it."""
    return has_something(state.answers) and keep_answers(Path(STATE_DIR), state.answers, world.config)


@dataclass(frozen=True, slots=True)
class Written:
    """What the set-up has made. `notes`: what has to be done before the next start, such as setting variables."""

    path: Path
    backup: Path | None
    tasks_file: str | None
    notes: tuple[Text, ...] = ()


def finish(state: State, world: World) -> Written:
    """Put the secrets where they were wanted, and write the configuration; the one before is kept beside it. Secrets
    that will come from the environment are put into that of this process, so that it can go on. Raises `UsageError`."""
    answers = state.answers
    try:
        config = configuration_of(state)
    except WrongAnswer as error:
        raise UsageError(error.text) from None
    secrets = secrets_given(state)
    if answers.keep == "keyring":
        for variable, secret in secrets.items():
            of = answers.base_url if variable == TOKEN_VARIABLE else answers.feishu_app_id
            store_secret(name_in_keyring(variable, of), secret)
    backup = write_configuration(world.config, config)
    if answers.keep == "environment":
        os.environ.update(secrets)
    wanted = answers.detach == "yes"
    if answers.detach and wanted != world.detaches:
        save_user_settings({"detach": wanted})
    forget_answers(Path(STATE_DIR))
    notes: tuple[Text, ...] = ()
    if secrets and answers.keep == "environment":
        commands, told = variable_commands(state, world), texts.SET_VARIABLES
        notes = (Text(told.zh.format(commands=commands.zh), told.en.format(commands=commands.en)),)
    return Written(world.config, backup, None if answers.from_feishu else answers.tasks_file, notes)


def write_configuration(path: Path, config: Mapping[str, Any]) -> Path | None:
    """Write the file in one step, readable by its owner only: it may hold secrets. Returns where the one before was
    kept. Raises `UsageError`."""
    backup = None
    try:
        make_folder(path.parent, path.parent)
        if path.exists():
            before = path.read_bytes()
            backup = free_backup(path)
            with open_new(backup.absolute(), backup.absolute().parent) as file:
                file.write(before)
                file.flush()
                os.fsync(file.fileno())
        write_named(path, json.dumps(config, ensure_ascii=False, indent=2) + "\n", sync=True)
    except OSError as error:
        complaint = Text("{path} 无法写入：{why}", "{path} cannot be written: {why}")
        raise UsageError(complaint.filled(path=path, why=os_reason(error))) from error
    return backup


def _usual_draft_folder() -> str:
    """JianYing's draft folder on this computer; empty if it is not there."""
    found = own_draft_folder()
    return str(found.path) if found is not None and found.path.is_dir() else ""


def _with_path(text: Text, path: Path) -> Text:
    return Text(text.zh.format(path=path), text.en.format(path=path))
