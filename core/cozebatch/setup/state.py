"""The answers so far, what the accounts showed, and the place in the set-up: frozen values, so that going back, or a
look that comes too late, never spoils them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cozebatch.coze.account import Lacking, WorkflowEntry, Workspace
from cozebatch.coze.client import Declaration
from cozebatch.coze.workflow_link import SITES
from cozebatch.feishu.base import Named
from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.text import Lang, Text
from cozebatch.setup.matching import SourceColumn

Source = Literal["feishu", "file"]
Keep = Literal["keyring", "environment", "file"]
Mode = Literal["draft", "video", "both", "none"]
TOKEN_VARIABLE, SECRET_VARIABLE = "COZE_API_TOKEN", "FEISHU_APP_SECRET"
EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person has decided. Empty: not yet. `token` and `app_secret` may name a variable (`${NAME}`).

    `columns`: need → column, empty for a need that is to have none. `outputs`: part of the film → name in the
    workflow's output, empty for none. `relations`: whether voices and digital humans come
    from the tables that name them by account. `status`: `column`, `ready`, `running`, `done`,
    `failed`, `result` → name or value, empty for none.
    """

    lang: Lang = "zh"
    source: Source | Literal[""] = ""
    token: str = ""
    base_url: str = ""
    workspace_id: str = ""
    workflow_id: str = ""
    workflow_name: str = ""
    app_id: str = ""
    base: str = ""
    feishu_app_id: str = ""
    app_secret: str = ""
    domain: str = ""
    table_id: str = ""
    view_id: str = ""
    tasks_file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    relations: Literal["yes", "no", ""] = ""
    status: Mapping[str, str] = field(default_factory=dict)
    mode: Mode | Literal[""] = ""
    draft_folder: str = ""
    output_dir: str = ""
    keep: Keep | Literal[""] = ""
    detach: Literal["yes", "no", ""] = ""
    """Whether batches go on when their window is closed: a preference of this machine, in no configuration."""

    @property
    def from_feishu(self) -> bool:
        return self.source != "file"


SECRETS = ("token", "app_secret")
"""Answers that are never kept for later: they are asked for again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for these answers. It is never kept."""

    workspaces: Sequence[Workspace] | Lacking = ()
    workflows: Sequence[WorkflowEntry] | Lacking = ()
    declaration: Declaration | Lacking | None = None
    tables: Sequence[Named] = ()
    views: Sequence[Named] = ()
    columns: Sequence[SourceColumn] = ()
    relations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of the same base: tables of accounts, voices and digital humans, as the configuration names them."""
    rows: int | None = None
    """Of the table or file; None where that is not known."""


@dataclass(frozen=True, slots=True)
class World:
    """What the set-up finds around it. `trusted`: hosts that may get a secret from the environment, beside the
    services' own. `detaches`: whether batches go on here when their window is closed."""

    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    config: Path = Path(CONFIG_FILE)
    sites: Sequence[str] = tuple(SITES.values())
    trusted: frozenset[str] = frozenset()
    has_keyring: bool = False
    detaches: bool = False
    draft_folder: str = ""
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class State:
    """Where the set-up is. `document`: the existing configuration that it began with; `mended`: what had to be put
    right to read it. `editing`: the need or part that a question of detail is about."""

    answers: Answers = Answers()
    known: Known = Known()
    at: str = "language"
    past: tuple[str, ...] = ()
    editing: str = ""
    notes: tuple[Text, ...] = ()
    """Of the latest answer, to be shown with the next question."""
    document: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    mended: tuple[Text, ...] = ()
    resumed: bool = False
    """The answers are those of an earlier, unfinished set-up."""

    def answer(self, **changes: Any) -> State:
        return replace(self, answers=replace(self.answers, **changes))

    def note(self, *notes: Text) -> State:
        return replace(self, notes=(*self.notes, *notes))

    def learn(self, **facts: Any) -> State:
        return replace(self, known=replace(self.known, **facts))


def shell_of(env: Mapping[str, str]) -> Literal["powershell", "cmd", "posix"]:
    """The kind of shell that this was most likely started from."""
    if sys.platform != "win32":
        return "posix"
    return "powershell" if "PSModulePath" in env and "PROMPT" not in env else "cmd"
