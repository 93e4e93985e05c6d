"""Executions in flight that the run does not want but that count against the limit all the same.

They come from an earlier process: of tasks left out this time, or of a run that the operator chose to forget. They
hold a slot until they are seen to have ended; what they bring was paid for and is stored.
"""

from __future__ import annotations

import anyio

from cozebatch.engine.lifecycle.poll import NOT_YET_KNOWN
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import JournalError, StepError
from cozebatch.model.rows import Row
from cozebatch.ports import PutOutput


def seat_stranger(row: Row, control: RunState) -> None:
    """Take the slot, before anybody else is let in."""
    holder = f"stranger {row.execute_id}"
    control.slots.add(holder)
    control.executing.add(holder)


async def watch_stranger(row: Row, control: RunState) -> None:
    """Hold the slot for the execution of `row` until it has ended, was lost, or cannot be looked at."""
    assert row.execute_id is not None
    holder = f"stranger {row.execute_id}"
    submitted = row.submitted_at if row.submitted_at is not None else control.ledger.clock.wall()
    started = anyio.current_time() - max(0.0, control.ledger.clock.wall() - submitted)
    failed_in_a_row = 0
    try:
        while True:
            await control.rate_limiter.acquire(urgent=False)
            control.ledger.board.counters.polls += 1
            control.requests += 1
            age = anyio.current_time() - started
            try:
                look = await control.adapters.service.poll(row.execute_id)
            except StepError as failed:
                failed_in_a_row += 1
                if failed_in_a_row >= 5:
                    control.ledger.note("warning", failed.info.message, row.task_id)
                    return
                await anyio.sleep(failed.retry_after or control.retry.backoff(failed_in_a_row))
                continue
            failed_in_a_row = 0
            if look.age is not None:
                age = min(age, look.age)  # our clock may have been another one when it was submitted
            if look.status == "succeeded":
                await control.ledger.write(PutOutput(row.execute_id, look.output or ""))
            if look.status not in ("running", "unknown") or age >= control.options.execution_timeout:
                return
            if look.status == "unknown" and age >= NOT_YET_KNOWN:
                return
            await anyio.sleep(control.adapters.pacing.next_wait(age))
    except JournalError as error:
        control.ledger.note("error", error.text, row.task_id)
    finally:
        control.release(holder)
