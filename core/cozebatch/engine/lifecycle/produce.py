"""The free half of a task run: download the media, wait for a synthesis worker, make the film. All may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import anyio

from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model.errors import ErrorInfo, StepError
from cozebatch.model.task import State
from cozebatch.policy.retry import Again, Fail, PauseBatch, Step
from cozebatch.ports import Job, Media, Product, Synthesizer


class ProduceStep:
    """From Coze's output on disk to a proven film."""

    def __init__(self, context: TaskContext, synthesizer: Synthesizer) -> None:
        self._context = context
        self._state = context.state
        self._synthesizer = synthesizer

    async def job(self) -> Job:
        """What is to be made, read from the journal. Raises `JournalError`."""
        context, row = self._context, self._context.row
        task = await context.task()
        stored = await context.ledger.journal.output(row.execute_id) if row.execute_id else None
        output = context.adapters.parse_output(stored or "")
        return Job(context.ledger.run.run_id, task, output, submitted_at=row.submitted_at or 0.0)

    async def download(self, job: Job) -> Media | None:
        """The job's media on this machine. None if that failed; then the task has been moved or suspended."""
        if self._context.row.state is not State.DOWNLOADING:
            await self._context.move(State.DOWNLOADING)
        tries = 0
        while True:
            try:
                async with self._state.downloads:
                    return await self._synthesizer.fetch(job, self._progress("download"))
            except StepError as failed:
                tries += 1
                if not await self._try_again(Step.DOWNLOAD, failed, tries):
                    return None

    async def synthesize(self, job: Job, media: Media) -> Product | None:
        """Queue for a worker and make the film. None if that failed; then the task has been moved or suspended."""
        tries = 0
        error: ErrorInfo | None = None
        while True:
            await self._context.move(State.QUEUED, error=error)
            try:
                async with self._state.synthesis_limiter.place():
                    await self._context.move(State.SYNTHESIZING)
                    return await self._synthesizer.synthesize(job, media, self._progress("synthesis"))
            except StepError as failed:
                tries += 1
                error = failed.info
                if not await self._try_again(Step.SYNTHESIS, failed, tries):
                    return None

    async def discard(self, job: Job) -> None:
        """The film is done: drop the media kept for it."""
        await self._synthesizer.discard(job.run_id, job.task.task_id)

    async def _try_again(self, step: Step, failed: StepError, tries: int) -> bool:
        """True when the step is to be tried again; the wait is over then."""
        context, error = self._context, failed.info
        decision = self._state.retry.step_failed(error, tries)
        match decision:
            case Again():
                delay = max(decision.delay, failed.retry_after or 0.0)
                if step is Step.DOWNLOAD:
                    context.ledger.retrying(context.task_id, step, error, delay)
                await anyio.sleep(delay)
                return True
            case PauseBatch():
                if context.row.state is State.SYNTHESIZING:
                    await context.move(State.QUEUED, error=error)
                self._state.queue.suspend(context.task_id, "finish")
                self._state.pauses.pause(decision.reason, error)
            case Fail():
                await context.fail(error)
            case _:
                assert_never(decision)
        return False

    def _progress(self, stage: str) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            self._context.ledger.progress(self._context.task_id, stage, round(min(1.0, max(0.0, fraction)), 3))

        return report
