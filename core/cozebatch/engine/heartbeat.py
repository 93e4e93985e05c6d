"""What happens at regular intervals: gauges are published, clock jumps noticed, the run's clock saved."""

from __future__ import annotations

import anyio

from cozebatch.engine.admission import Admission
from cozebatch.engine.clock import Jump
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model import events
from cozebatch.model.errors import JournalError
from cozebatch.model.text import Text

BEATS_A_SAVE = 5


class Heartbeat:
    """Two loops of the engine; both run until cancelled."""

    def __init__(self, state: RunState, outbox: Outbox, admission: Admission) -> None:
        self._state = state
        self._ledger = state.ledger
        self._interval = state.options.gauge_interval
        self._outbox = outbox
        self._admission = admission

    async def beat(self) -> None:
        """Publish gauges once an interval. It waits for nothing else, or a slow disk would look like a suspended
        machine."""
        limiter = self._state.rate_limiter
        last, sent = anyio.current_time(), 0
        self._ledger.clock.start_beating(self._interval)
        while True:
            await anyio.sleep(self._interval)
            if (jump := self._ledger.clock.beat()) is not None:
                self._after_jump(jump)
            now = anyio.current_time()
            rate = (limiter.sent - sent) / max(1e-9, now - last)
            last, sent = now, limiter.sent
            self._publish_gauges(rate)
            self._state.spending.tick()

    async def save_clock(self) -> None:
        """Save the run's clock now and then. A write that succeeds ends a pause for the journal."""
        while True:
            await anyio.sleep(BEATS_A_SAVE * self._interval)
            if not self._admission.is_busy:
                continue
            try:
                await self._ledger.write()
            except JournalError as error:
                self._state.pauses.journal_failed(error)

    def _publish_gauges(self, requests_per_second: float) -> None:
        state, ledger = self._state, self._ledger
        ledger.publish(
            events.Gauges(
                coze_in_flight=len(state.slots),
                coze_limit=state.slots.limit,
                coze_user_limit=state.slots.user_limit,
                synthesis_busy=state.synthesis_limiter.busy,
                synthesis_limit=state.synthesis_limiter.limit,
                requests_per_second=requests_per_second,
                request_budget=state.rate_limiter.rate,
                owed=self._outbox.owed,
                counters=ledger.board.counters.copy(),
                allowance=ledger.allowance,
                **ledger.stamp(),
            )
        )

    def _after_jump(self, jump: Jump) -> None:
        """The machine was suspended, or its clock was set: poll now what went on at Coze meanwhile."""
        self._state.poll_waits.poll_all_now()
        took = f"{abs(jump.seconds):.0f} s"
        if jump.seconds > 0:
            text = Text(
                f"电脑睡眠了，或时钟被拨快（{took}）：立即查询所有执行中的任务。",
                f"The machine slept or its clock was put forward ({took}): all executions in flight are checked now.",
            )
        else:
            text = Text(
                f"时钟被拨慢（{took}）；计时不受影响。", f"The clock was put back ({took}); no duration depends on it."
            )
        self._ledger.note("warning", text)
