"""The operator of a simulated run: gives random commands at random moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from cozebatch.engine.engine import Engine
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from support.models import Execution

if TYPE_CHECKING:
    from support.simulation import Simulation


async def operate(simulation: Simulation, engine: Engine) -> None:
    """Give a few commands at random moments, and resume in the end."""
    rng = simulation.rng
    for _ in range(rng.choice([0, 0, 2, 6])):
        await anyio.sleep(rng.uniform(0, 400))
        simulation.operated = True
        rows = engine.board.rows
        if not rows:
            return
        task_id = rng.choice(sorted(rows))
        row = rows[task_id]
        action = rng.choice(["pause", "resume", "retry", "rerun", "adopt", "cancel", "limit", "account"])
        if simulation.trouble == 0 and action == "account":
            continue
        simulation.say(f"operator: {action} {task_id} ({row.state})")
        match action:
            case "pause":
                await engine.commands.pause()
                await anyio.sleep(rng.uniform(0, 300))
                await engine.commands.resume()
            case "resume":
                await engine.commands.resume()
            case "retry":
                await engine.commands.retry([task_id])
            case "rerun" if row.state in (State.HELD, State.FAILED):
                # Whoever reruns a held task has looked into Coze: only without an execution there.
                if not (row.state is State.HELD and _executions_of(simulation, task_id)):
                    simulation.reruns[task_id] += len(await engine.commands.rerun([task_id]))
            case "adopt" if row.state is State.HELD:
                if found := _executions_of(simulation, task_id):
                    await engine.commands.adopt(task_id, found[-1].execute_id)
            case "cancel":
                await engine.commands.cancel([task_id])
            case "limit":
                limit = rng.choice([1, 2, 4, 16])
                # Lowering drains: what was let in under the higher limit may still be on the wire.
                simulation.coze.user_limit = max(limit, simulation.coze.user_limit)
                await engine.commands.set_limit(Stage.COZE, limit)
            case "account":
                simulation.coze.credentials = False
                await anyio.sleep(rng.uniform(0, 200))
                simulation.coze.credentials = True
                await engine.commands.resume()
            case _:
                pass
    await engine.commands.resume()


def _executions_of(simulation: Simulation, task_id: str) -> list[Execution]:
    return [e for e in simulation.coze.executions.values() if e.task_id == task_id]
