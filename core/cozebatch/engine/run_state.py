"""What all tasks of a run share: slots, limits, brakes, the line of those who wait, and the adapters to do the work.

The shepherds take and give back here; `engine.Engine` admits by it and lets the operator turn its knobs.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.rate_limiter import DEFAULT_RATE, RateLimiter
from cozebatch.engine.synthesis_limiter import ConcurrencyLimiter
from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo, JournalError
from cozebatch.model.rows import Stage
from cozebatch.model.text import Lang, Text
from cozebatch.policy.concurrency import AdaptiveLimit
from cozebatch.policy.polling import Pacing
from cozebatch.policy.retry import RetryPolicy
from cozebatch.ports import StatusSink, Synthesizer, WorkflowService

StartStep = Literal["submit", "watch", "finish"]
"""Where a task's way begins: at a new execution, at one that runs, or at a result that is on disk."""

DOWNLOADS_AT_ONCE = 8

SAME_REFUSAL = 3
"""Tasks refused with one and the same code, before any was accepted, that stop the batch."""


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
    gauge_interval: float = 1.0
    seed: int | None = None
    """Of the back-off's jitter; None: from the system."""


@dataclass(slots=True)
class Adapters:
    """The adapters a run works with. No synthesizer: mode `none`. No sink: no table to write to.

    `parse_output` reads Coze's output into a dictionary.
    """

    service: WorkflowService
    pacing: Pacing
    parse_output: Callable[[str], dict[str, object]]
    synthesizer: Synthesizer | None = None
    sink: StatusSink | None = None


@dataclass(slots=True)
class Refusals:
    """Submissions of one task refused in a row, and when the first was, on the run's clock."""

    count: int = 0
    since: float = 0.0


def journal_brake(error: JournalError) -> ErrorInfo:
    """What a journal that cannot be written means for the batch."""
    return ErrorInfo(
        Category.INTERNAL,
        error.text,
        hint=Text(
            "能写入后会自动继续；也可以退出，清理后再运行同一命令。",
            "It goes on by itself once it can be written; or leave, make room, and run the same command again.",
        ),
    )


class RunState:
    """See the module's docstring. Lives on the engine's event loop; nothing here awaits."""

    def __init__(self, ledger: Ledger, adapters: Adapters, options: Options) -> None:
        self.ledger = ledger
        ledger.on_written = self.journal_works
        self.adapters = adapters
        self.options = options
        self.retry = RetryPolicy(options.max_retries, options.on_unknown_submit, random.Random(options.seed))
        self.limit = AdaptiveLimit(options.max_coze)
        self.rate_limiter = RateLimiter(options.request_rate)
        self.synthesis_limiter = ConcurrencyLimiter(options.max_synthesis)
        self.downloads = anyio.CapacityLimiter(DOWNLOADS_AT_ONCE)
        self.line: deque[tuple[str, StartStep]] = deque()
        """Tasks that wait for a slot, first in line first."""
        self.ready: deque[tuple[str, StartStep]] = deque()
        """Tasks that go on without a new slot: adopted executions, results on disk."""
        self.parked: dict[str, StartStep] = {}
        """Tasks that a brake stopped; resuming lets them go on."""
        self.slots: set[str] = set()
        """Who holds a Coze slot; a cancelled task does until its execution has ended."""
        self.executing: set[str] = set()
        """Those of them whose execution Coze has accepted."""
        self.submitting: set[str] = set()
        """Shepherds between the intent on disk and the answer on disk."""
        self.cancelled: set[str] = set()
        """Tasks to be cancelled by their shepherd at the next safe moment."""
        self.scopes: dict[str, anyio.CancelScope] = {}
        self.sending: set[anyio.CancelScope] = set()
        """Submissions on the wire; nothing but the last seconds of a drain cuts them."""
        self.polls_wanted: dict[str, anyio.Event] = {}
        self.refusals: dict[str, Refusals] = {}
        self.insisting = 0
        """Shepherds that hold on to news which the disk refuses."""
        self.jumps = 0
        """How often the clock jumped: durations across a jump are not ours to measure."""
        self.draining = False
        self.requests = 0
        self.wake = anyio.Event()
        self._later: list[tuple[float, int, str, StartStep]] = []
        self._serial = itertools.count()
        self._refused_codes: list[str | None] = []
        self._accepted_any = False

    @property
    def paused(self) -> dict[str, ErrorInfo | None]:
        return self.ledger.board.paused

    @property
    def may_submit(self) -> bool:
        return not self.draining and not self.paused

    @property
    def waiting(self) -> bool:
        """Whether any task waits to begin or go on."""
        return bool(self.line or self.ready or self._later)

    def stir(self) -> None:
        """Something changed that admission should look at."""
        self.wake.set()

    def enqueue(self, task_id: str, entry: StartStep, *, front: bool = False) -> None:
        queue = self.line if entry == "submit" else self.ready
        if front:
            queue.appendleft((task_id, entry))
        else:
            queue.append((task_id, entry))
        self.stir()

    def enqueue_later(self, task_id: str, entry: StartStep, delay: float) -> None:
        """Back into its line after `delay` seconds, in front: it has waited before."""
        heapq.heappush(self._later, (anyio.current_time() + delay, next(self._serial), task_id, entry))
        self.stir()

    def take_due(self) -> None:
        now = anyio.current_time()
        while self._later and self._later[0][0] <= now:
            _, _, task_id, entry = heapq.heappop(self._later)
            self.enqueue(task_id, entry, front=True)

    @property
    def next_due(self) -> float:
        """When a delayed task comes due, on the event loop's clock; infinity when none waits."""
        return self._later[0][0] if self._later else math.inf

    def withdraw(self, task_id: str) -> StartStep | None:
        """Take a waiting task out of every line; what it waited for, None when it was in none."""
        found = self.parked.pop(task_id, None)
        for queue in (self.line, self.ready):
            for item in [item for item in queue if item[0] == task_id]:
                queue.remove(item)
                found = item[1]
        for delayed in [delayed for delayed in self._later if delayed[2] == task_id]:
            self._later.remove(delayed)
            heapq.heapify(self._later)
            found = delayed[3]
        return found

    def release(self, task_id: str) -> None:
        """The execution is known to have ended, or was never started."""
        self.slots.discard(task_id)
        self.executing.discard(task_id)
        self.stir()

    def brake(self, reason: str, error: ErrorInfo | None) -> None:
        """Stop submitting for the whole batch; what runs is watched to its end."""
        if reason not in self.paused:
            self.ledger.publish(events.Paused(reason=reason, error=error, **self.ledger.stamp()))
        self.stir()

    def journal_works(self) -> None:
        """It could be written again: go on, if nothing else has stopped the batch and nobody's news still wait for the
        disk. One that is nearly full takes a small write and refuses the next."""
        if not self.insisting and set(self.paused) == {"journal"}:
            self.resume()

    def resume(self) -> None:
        """Whatever stopped the batch is over."""
        self.ledger.publish(events.Resumed(**self.ledger.stamp()))
        self.unpark()
        self.stir()

    def park(self, task_id: str, entry: StartStep) -> None:
        self.parked[task_id] = entry

    def unpark(self) -> None:
        for task_id, entry in self.parked.items():
            self.enqueue(task_id, entry)
        self.parked.clear()

    def note_accepted(self, task_id: str) -> None:
        self.executing.add(task_id)
        self.refusals.pop(task_id, None)
        self._accepted_any = True
        before = self.limit.limit
        self.limit.accepted(running=len(self.executing))
        if self.limit.limit != before:
            self.tell_coze_limit("accepted")

    def count_refusal(self, task_id: str) -> Refusals:
        """One more refusal in a row of this task."""
        refusals = self.refusals.setdefault(task_id, Refusals(since=self.ledger.clock.now()))
        refusals.count += 1
        return refusals

    def poll_now(self) -> None:
        """Every execution is looked at at once, whenever its next look was due."""
        for wanted in self.polls_wanted.values():
            wanted.set()

    def note_refused_for_good(self, error: ErrorInfo) -> None:
        """The same wrong request on the first several tasks is the batch's fault, not theirs."""
        if self._accepted_any:
            return
        self._refused_codes.append(error.code)
        first = self._refused_codes[:SAME_REFUSAL]
        if len(first) == SAME_REFUSAL and len(set(first)) == 1:
            self.brake("invalid_request", error)

    def throttle(self, *, sent_at: float, retry_after: float | None) -> None:
        """A submission was refused for a limit: wait, and shrink the limit in force."""
        before = self.limit.limit
        wait = self.limit.throttled(
            now=anyio.current_time(), sent_at=sent_at, running=len(self.executing), retry_after=retry_after
        )
        self.ledger.publish(events.Throttled(retry_in=round(wait, 3), **self.ledger.stamp()))
        if self.limit.limit != before:
            self.tell_coze_limit("throttled")

    def tell_coze_limit(self, reason: str) -> None:
        self.ledger.publish(
            events.LimitChanged(
                stage=Stage.COZE,
                limit=self.limit.limit,
                user_limit=self.limit.user_limit,
                reason=reason,
                **self.ledger.stamp(),
            )
        )
