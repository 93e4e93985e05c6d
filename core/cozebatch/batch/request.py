"""What the operator asked for beside the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cozebatch.model.default_paths import LOG_DIR, STATE_DIR
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.planning.selection import Selection


@dataclass(frozen=True, slots=True)
class Request:
    """What the operator asked for beside the configuration (docs/contract.md §1).

    `kind` names the source in the results file. `fleeting`: nothing earlier is looked at and nothing later will be
    (the demo, whose simulated Coze forgets everything). `dry_run`: only look. `secret_variables`: environment
    variables that no child process may see.
    """

    kind: Literal["feishu", "file", "demo"] = "feishu"
    tasks_file: Path | None = None
    selection: Selection = field(default_factory=Selection)
    fresh: bool = False
    rerun: frozenset[str] = frozenset()
    adopt: Mapping[str, str] = field(default_factory=dict)
    reuse: bool = False
    """Rows whose parameters were paid for as another row's within the last days have that result."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """To executions that wait with a question, by task; `operator` gave them."""
    operator: str = ""
    """Who runs this, as the system calls the person."""
    max_executions: int | None = None
    """New executions that this start may pay for, retries included; None for any number."""
    until: float | None = None
    """Unix seconds after which nothing is submitted."""
    dry_run: bool = False
    fleeting: bool = False
    kept_in: Path | None = None
    """Of a `fleeting` one: where a copy of what it did is kept, to be looked at."""
    save_results: bool = True
    may_sleep: bool = False
    """The computer is not kept awake, whatever the configuration says."""
    metrics: Path | None = None
    """A file for the run's figures in Prometheus' text format."""
    state_dir: Path = Path(STATE_DIR)
    results_dir: Path = Path()
    lang: Lang = "en"
    secret_variables: tuple[str, ...] = ("COZE_API_TOKEN", "FEISHU_APP_SECRET")
    on_note: Callable[[Text], None] = lambda _: None
    """Told what is worth a line before the run begins."""
    log_dir: Path = Path(LOG_DIR)
    log_words: Mapping[str, State] = field(default_factory=dict)
    """What states are called in the logs: a damaged journal is rebuilt with their help."""
    accept_rebuilt: Callable[[Text], bool] = lambda _: False
    """Asked, in a worker thread, whether to go on from what a damaged journal still tells."""
