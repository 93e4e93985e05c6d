"""The free half of a task's way: fetch, synthesize, complete. All of it may be repeated."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from cozebatch.engine.lifecycle.task_step import Walker
from cozebatch.model.errors import ErrorInfo, StepError
from cozebatch.model.task import State
from cozebatch.policy.retry import Again, PauseBatch, Step
from cozebatch.ports import Job, Media, Product


class Making(Walker):
    """From Coze's output on disk to a proven film."""

    async def _finish(self) -> None:
        if self.row.state is State.DONE or self.row.state is State.WRITING_BACK:
            return
        synthesizer = self.adapters.synthesizer
        if synthesizer is None:
            await self._complete(Product())
            return
        job = await self._job()
        if self.row.state is not State.DOWNLOADING:
            await self._move(State.DOWNLOADING)
        media = await self._fetch(job)
        if media is None:
            return
        product = await self._synthesize(job, media)
        if product is None:
            return
        await self._complete(product)
        await synthesizer.discard(job.run_id, job.task.task_id)

    async def _job(self) -> Job:
        row = self.row
        task = await self.ledger.task(self.task_id)
        stored = await self.ledger.journal.output(row.execute_id) if row.execute_id else None
        output = self.adapters.parse_output(stored or "")
        return Job(self.ledger.run.run_id, task, output, submitted_at=row.submitted_at or 0.0)

    async def _fetch(self, job: Job) -> Media | None:
        assert self.adapters.synthesizer is not None
        tries = 0
        while True:
            try:
                async with self.control.downloads:
                    return await self.adapters.synthesizer.fetch(job, self._progress("download"))
            except StepError as failed:
                tries += 1
                if not await self._step_failed(Step.DOWNLOAD, failed, tries):
                    return None

    async def _synthesize(self, job: Job, media: Media) -> Product | None:
        assert self.adapters.synthesizer is not None
        tries = 0
        error: ErrorInfo | None = None
        while True:
            await self._move(State.QUEUED, error=error)
            try:
                async with self.control.synthesis_limiter.place():
                    await self._move(State.SYNTHESIZING)
                    return await self.adapters.synthesizer.synthesize(job, media, self._progress("synthesis"))
            except StepError as failed:
                tries += 1
                error = failed.info
                if not await self._step_failed(Step.SYNTHESIS, failed, tries):
                    return None

    async def _step_failed(self, step: Step, failed: StepError, tries: int) -> bool:
        """True when the step is to be tried again, the wait being over."""
        decision = self.control.retry.step_failed(failed.info, tries)
        if isinstance(decision, Again):
            delay = max(decision.delay, failed.retry_after or 0.0)
            if step is Step.DOWNLOAD:
                self.ledger.retrying(self.task_id, step, failed.info, delay)
            await anyio.sleep(delay)
            return True
        if isinstance(decision, PauseBatch):
            if self.row.state is State.SYNTHESIZING:
                await self._move(State.QUEUED, error=failed.info)
            self.control.park(self.task_id, "finish")
            self.control.brake(decision.reason, failed.info)
        else:
            await self._fail(failed.info)
        return False

    def _progress(self, stage: str) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            self.ledger.progress(self.task_id, stage, round(min(1.0, max(0.0, fraction)), 3))

        return report
