"""Keeps the synthesis limit at what the machines that make the films have room for.

A task beyond that waits as `queued`, which is so: let in, it would be shown as `synthesizing` while nobody works on it.
"""

from __future__ import annotations

import anyio

from cozebatch.engine.run_state import RunState
from cozebatch.model import events
from cozebatch.model.rows import Stage
from cozebatch.model.text import Text
from cozebatch.ports import ElasticSynthesizer

REASON = "cluster"
INTERVAL = 1.0
PATIENCE = 20.0
"""Seconds without any room before the log says so: connecting takes a few."""

_NO_ROOM = Text(
    "没有能合成的机器：做好的部分都在，等机器连上就接着合成。",
    "No machine is there to make films. Nothing is lost: it goes on when one is back.",
)


async def follow_capacity(synthesizer: ElasticSynthesizer, state: RunState) -> None:
    """Look once a second how many films can be made at once; publish each change, and what there is to say of the
    machines. Runs until cancelled."""
    limiter, ledger = state.synthesis_limiter, state.ledger
    empty_for, told = 0.0, False
    while True:
        for text in synthesizer.news():
            ledger.note("warning", text)
        capacity = synthesizer.capacity
        limiter.set_capacity(capacity)
        if ledger.board.limits[Stage.SYNTHESIS].in_force != limiter.limit:
            ledger.publish(
                events.LimitChanged(
                    stage=Stage.SYNTHESIS,
                    limit=limiter.limit,
                    user_limit=limiter.user_limit,
                    reason=REASON,
                    **ledger.stamp(),
                )
            )
            state.activity.notify()
        empty_for = 0.0 if capacity else empty_for + INTERVAL
        if empty_for > PATIENCE and not told:
            ledger.note("warning", _NO_ROOM)
        told = empty_for > PATIENCE
        await anyio.sleep(INTERVAL)
