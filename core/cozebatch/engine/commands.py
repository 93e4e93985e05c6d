"""What the operator may ask of a run while it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model import events
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch.planning.recovery import resume_step
from cozebatch.ports import Owe


class Commands:
    """The commands of `engine.Engine`; called from the engine's own event loop, at any time while it runs."""

    _ledger: Ledger
    _control: RunState
    _outbox: Outbox
    _live: set[str]
    """Tasks with a shepherd."""
    _changed_since_report: bool

    async def pause(self) -> None:
        """Submit nothing new until `resume`; what runs goes on."""
        if "operator" not in self._control.paused:
            self._control.brake("operator", None)

    async def resume(self) -> None:
        """Go on after a pause or a brake."""
        if self._control.paused:
            self._control.resume()
            self._touch()

    async def retry(self, task_ids: Iterable[str]) -> list[str]:
        """Go on from the step that failed, without paying. Returns the ids it was done for; others need `rerun` or
        `adopt`, or have not ended."""
        done = []
        for task_id in task_ids:
            row = self._ledger.rows[task_id]
            if not row.state.is_end or (way := resume_step(row)) in (None, "paid"):
                continue
            if way == "deliver":
                await self._deliver_again(row)
            elif row.state is State.CANCELLED and task_id in self._control.slots:
                await self._ledger.move(task_id, State.RUNNING, adopted=True)  # its shepherd still watches
            elif task_id in self._live:
                continue
            elif way == "submit":
                await self._ledger.move(task_id, State.PENDING)
                self._control.enqueue(task_id, "submit")
            elif way == "watch":
                await self._ledger.move(task_id, State.RUNNING, adopted=True)
                self._control.enqueue(task_id, "watch")
            else:
                await self._ledger.move(task_id, State.DOWNLOADING)
                self._control.enqueue(task_id, "finish")
            done.append(task_id)
        self._touch()
        return done

    async def rerun(self, task_ids: Iterable[str]) -> list[str]:
        """Start a new, paid execution for tasks that have ended. Returns the ids it was done for."""
        done = []
        for task_id in task_ids:
            row = self._ledger.rows[task_id]
            if row.state.is_end and task_id not in self._live:
                await self._ledger.move(task_id, State.PENDING, failures=0, asked=True)
                self._control.enqueue(task_id, "submit")
                done.append(task_id)
        self._touch()
        return done

    async def adopt(self, task_id: str, execute_id: str) -> bool:
        """Watch this execution for that task instead of paying. False when the task has not ended."""
        row = self._ledger.rows[task_id]
        if not row.state.is_end or task_id in self._live:
            return False
        facts: dict[str, Any] = {"execute_id": execute_id, "has_output": False, "execution_failed": False}
        facts |= {"attempts": max(1, row.attempts), "debug_url": None}
        if row.state is not State.HELD:
            await self._ledger.move(task_id, State.PENDING)
        await self._ledger.move(task_id, State.RUNNING, adopted=True, **facts)
        self._control.enqueue(task_id, "watch")
        self._touch()
        return True

    async def cancel(self, task_ids: Iterable[str]) -> None:
        """Give tasks up. An execution in flight cannot be stopped: it is watched for its slot, its result kept.

        Raises `JournalError`; a task whose cancelling could not be written goes on.
        """
        control = self._control
        for task_id in task_ids:
            row = self._ledger.rows[task_id]
            if row.state is State.HELD and task_id not in self._live:  # given up, without anything being found out
                await self._ledger.move(task_id, State.CANCELLED)
            if row.state.is_end or row.state is State.WRITING_BACK:
                continue
            if task_id not in self._live:
                entry = control.withdraw(task_id)  # first: nobody may begin it while the move is written
                try:
                    await self._ledger.move(task_id, State.CANCELLED)
                except JournalError:
                    if entry is not None:
                        control.enqueue(task_id, entry, front=True)
                    raise
            elif task_id in control.scopes:
                control.scopes[task_id].cancel()
            else:
                control.cancelled.add(task_id)
                if task_id in control.polls_wanted:
                    control.polls_wanted[task_id].set()
        self._touch()

    async def set_limit(self, stage: Stage, limit: int) -> None:
        """Change the operator's limit. Lowering drains, never kills."""
        limit = max(1, limit)
        control = self._control
        if stage is Stage.COZE:
            control.limit.user_limit = limit
            control.tell_coze_limit("operator")
        else:
            control.synthesis_limiter.set_limit(limit)
            self._ledger.publish(
                events.LimitChanged(
                    stage=stage, limit=limit, user_limit=limit, reason="operator", **self._ledger.stamp()
                )
            )
        control.stir()

    def stop(self) -> None:
        """Drain: submit nothing more, wait for answers to requests already sent, record, and return from `run`."""
        self._control.draining = True
        self._control.stir()

    async def _deliver_again(self, row: Row) -> None:
        paths = [path for path in (row.video_path, row.draft_path) if path]
        delivery = self._outbox.draft(row, "done", "\n".join(paths))
        if delivery is not None:
            await self._ledger.move(row.task_id, State.WRITING_BACK, Owe(delivery))
            self._outbox.add(delivery)

    def _touch(self) -> None:
        self._changed_since_report = True
        self._control.stir()
