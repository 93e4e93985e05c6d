"""What a run is given: the operator's options and the adapters to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cozebatch.engine.rate_limiter import DEFAULT_RATE
from cozebatch.model.text import Lang
from cozebatch.policy.polling import Pacing
from cozebatch.ports import StatusSink, Synthesizer, WorkflowService

StartStep = Literal["submit", "watch", "finish", "question", "reject"]
"""Where a task run starts: with a new execution, at one in flight, at a result that is on disk, or at an execution
that waits for an answer. `reject`: the
refusal of its submission turned out to be about this task alone."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator decides about a run. Seconds; `lang` is the language of what is written to the table."""

    max_coze: int = 16
    max_synthesis: int = 4
    max_retries: int = 3
    execution_timeout: float = 86400.0
    on_unknown_submit: Literal["hold", "resubmit"] = "hold"
    lang: Lang = "zh"
    request_rate: float = DEFAULT_RATE
    account: str = ""
    """Names the site and the workflow, where what this run learns of its limit is kept for the next."""
    learned_limit: int | None = None
    """Executions at once that Coze allowed a short while ago."""
    gauge_interval: float = 1.0
    seed: int | None = None
    """Of the back-off's jitter; None: from the system."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters a run works with. No synthesizer: mode `none`. No sink: no table to write to.

    `parse_output` reads Coze's output into a dictionary.
    """

    service: WorkflowService
    pacing: Pacing
    parse_output: Callable[[str], dict[str, object]]
    synthesizer: Synthesizer | None = None
    sink: StatusSink | None = None
