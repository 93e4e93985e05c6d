"""One task's way through a run, from the slot it was given to its end.

It reads top to bottom like docs/contract.md §4: submit, watch, fetch, synthesize, write back. Every step first puts
down what it is about to do, then does it, then puts down what came of it; so a crash between any two lines loses
nothing and pays for nothing twice.
"""

from __future__ import annotations

import anyio

from cozebatch.engine.lifecycle.poll import Watching
from cozebatch.engine.lifecycle.produce import Making
from cozebatch.engine.lifecycle.submit import unanswered
from cozebatch.engine.run_state import StartStep
from cozebatch.model.errors import Category, ErrorInfo, JournalError
from cozebatch.model.task import State
from cozebatch.model.text import Text


class Shepherd(Watching, Making):
    """Walks one task. `walk` never raises for what concerns this task alone."""

    async def walk(self, entry: StartStep) -> None:
        self._entry = entry
        try:
            if entry != "finish" and not await self._execute(entry):
                return
            with anyio.CancelScope() as scope:
                self.control.scopes[self.task_id] = scope
                await self._finish()
            if scope.cancelled_caught:
                await self._move(State.CANCELLED)
        except JournalError as error:
            self._journal_failed(error)
        except Exception as error:  # noqa: BLE001 - a bug must end one task, not the batch
            await self._broke(error)
        finally:
            self.control.scopes.pop(self.task_id, None)
            self.control.cancelled.discard(self.task_id)

    async def _execute(self, entry: StartStep) -> bool:
        """True when Coze's output is on disk and the way goes on."""
        try:
            if entry == "submit":
                if not await self._submit():
                    return False
            else:
                await self._adopt()
            return await self._watch()
        finally:
            self.control.release(self.task_id)

    async def _broke(self, error: Exception) -> None:
        """A bug of ours ends this task, visibly, and no other."""
        self._log_traceback(error)
        told = Text.same(f"{type(error).__name__}: {error}")
        if self.row.state is State.SUBMITTING:  # something may have been sent
            await self._unanswered(unanswered(told))
        elif self.row.state is not State.WRITING_BACK and not self.row.state.is_end:
            await self._fail(ErrorInfo(Category.INTERNAL, told))
