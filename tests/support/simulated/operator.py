"""The operator at the keys: random commands at random moments, overlapping, also after the batch has ended."""

from __future__ import annotations

from dataclasses import replace

import anyio

from cozebatch.engine.answers import GivenAnswer
from cozebatch.model.errors import CozebatchError, UsageError
from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch.planning.price import price
from support.simulated.judge import Sent, sent_for
from support.simulated.machine import Machine, Start
from support.simulated.swarm import Fault
from support.simulated.table import Table

COMMANDS = (
    "pause",
    "resume",
    "retry",
    "retry",
    "paid retry",
    "rerun",
    "adopt",
    "cancel",
    "limit",
    "account",
    "colleague",
)


EDITING = (*COMMANDS, "edit", "edit")
"""Those of an operator who edits scripts, too: in every third world, so that the others stay as they are."""


async def operate(machine: Machine, start: Start) -> None:
    """Give a few commands, and resume in the end."""
    rng = machine.rng
    commands = EDITING if machine.seed % 3 == 2 else COMMANDS
    if machine.has(Fault.QUESTIONS):
        commands = (*commands, *("answer",) * 12)
    async with anyio.create_task_group() as group:
        for _ in range(rng.choice([0, 2, 6])):
            if start.ended.is_set() or rng.random() < 0.8:
                await anyio.sleep(rng.uniform(0, 300))
            else:
                await start.ended.wait()
            machine.take_events(start)
            if not start.board.rows:
                continue
            group.start_soon(
                _command,
                machine,
                start,
                rng.choice(commands),
                rng.choice(sorted(start.board.rows)),
            )
    await anyio.sleep(200)
    await start.batch.commands.resume()


async def _command(machine: Machine, start: Start, command: str, task_id: str) -> None:
    """A command that could not be written, or is refused, is told to whoever gave it."""
    machine.take_events(start)
    row = start.board.rows[task_id]
    machine.say(f"{machine.name} operator: {command} {task_id} ({row.state})")
    try:
        await _give(machine, start, command, row)
    except CozebatchError as error:
        machine.say(f"operator was told: {error}")
        await start.batch.commands.resume()


async def _give(machine: Machine, start: Start, command: str, row: Row) -> None:
    rng, commands, task_id = machine.rng, start.batch.commands, row.task_id
    match command:
        case "pause":
            await commands.pause()
            await anyio.sleep(rng.uniform(0, 300))
            await commands.resume()
        case "resume":
            await commands.resume()
        case "retry":
            costs = row.state is State.FAILED and not row.has_output and (row.execution_failed or not row.execute_id)
            if await commands.retry([task_id]) and costs:
                machine.judge.blame(f"{machine.name}: a retry of {task_id} was started unasked, and costs")
        case "paid retry":
            await _paid_retry(machine, start, row)
        case "rerun" if row.state in (State.HELD, State.FAILED, State.DONE):
            await _rerun(machine, start, row)
        case "edit" if row.state in (State.HELD, State.FAILED, State.DONE):
            await _edit(machine, start, row)
        case "adopt" if row.state in (State.HELD, State.FAILED):
            if (execute_id := await _named(machine, start, row)) is not None:
                await commands.adopt(task_id, execute_id)
        case "cancel":
            await commands.cancel([task_id])
        case "answer" if row.waits:
            await commands.answer(task_id, GivenAnswer("yes", "operator"))
        case "limit":
            limit = rng.choice([1, 2, 4, 16])
            machine.judge.set_limit(machine.name, limit)
            await commands.set_limit(Stage.COZE, limit)
        case "account" if machine.has(Fault.ACCOUNT):
            machine.coze.credentials = False
            await anyio.sleep(rng.uniform(0, 200))
            machine.coze.credentials = True
            await commands.resume()
        case "colleague" if machine.has(Fault.SETBACKS) and not hasattr(machine.source, "has_ids"):
            machine.say(machine.source.change())
        case _:
            pass


async def _rerun(machine: Machine, start: Start, row: Row) -> None:
    """Whoever reruns asks for one more execution."""
    sent = await _sent(machine, start, row)
    machine.judge.wanted[sent] += 1
    done = await start.batch.commands.rerun([row.task_id])
    if not done and not start.life.dead:
        machine.judge.wanted[sent] -= 1


async def _edit(machine: Machine, start: Start, row: Row) -> None:
    """Whoever edits a script asks for one execution of the new one."""
    current = await machine.last_run()
    assert current is not None
    task = await machine.disk.journal.task(current.run_id, row.task_id)
    edited = replace(task, content=f"{task.content} edited {machine.rng.randrange(3)}")
    sent = sent_for(edited)
    machine.judge.wanted[sent] += 1
    machine.edits.add(sent)
    if isinstance(machine.source, Table) and row.record_id in machine.source.ever:
        machine.source.ever[row.record_id].add(sent)
        machine.source.edits.setdefault(row.record_id, set()).add(sent)
    try:
        await start.batch.commands.edit(row.task_id, edited.title, edited.content)
    except UsageError:
        machine.judge.wanted[sent] -= 1


async def _paid_retry(machine: Machine, start: Start, row: Row) -> None:
    """Whoever says yes to a retry that costs asks for one more execution, if it costs."""
    sent = await _sent(machine, start, row)
    machine.judge.wanted[sent] += 1
    done = await start.batch.commands.retry([row.task_id], may_pay=True)
    if not start.life.dead and (not done or not price([row]).paid):
        machine.judge.wanted[sent] -= 1


async def _named(machine: Machine, start: Start, row: Row) -> str | None:
    """The execution that a person would name for this task; with `WRONG_ADOPTS` sometimes a wrong one."""
    sent = await _sent(machine, start, row)
    if (wrong := machine.wrong_execution(sent)) is not None:
        return wrong
    original = machine.judge.original
    serving = {original(other.execute_id or "") for other in start.board.rows.values() if other.task_id != row.task_id}
    everything = machine.judge.executions.values()
    mine = [paid.execute_id for paid in everything if paid.sent == sent and paid.execute_id not in serving]
    return mine[-1] if mine else None


async def _sent(machine: Machine, start: Start, row: Row) -> Sent:
    current = await machine.last_run()
    assert current is not None
    return sent_for(await machine.disk.journal.task(current.run_id, row.task_id))
