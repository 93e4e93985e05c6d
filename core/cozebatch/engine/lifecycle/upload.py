"""Brings the files of a task to Coze, before its submission is on record as sent: each content once."""

from __future__ import annotations

from typing import assert_never

import anyio

from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model.errors import StepError
from cozebatch.model.file_ref import FileRef
from cozebatch.model.task import Task
from cozebatch.policy.retry import Again, Fail, PauseBatch
from cozebatch.ports import PutUpload, Upload

KEPT = 80 * 86400.0
"""Seconds for which an upload counts: Coze keeps a file for 3 months (docs/coze.md)."""


class UploadStep:
    """From names of content to file ids. Uploads cost nothing."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._state = context.state

    async def uploaded(self, task: Task) -> bool:
        """True when Coze has every file of the task; else it has been moved or is back in line."""
        context, service = self._context, self._context.adapters.service
        for ref in service.files_of(task):
            if ref.bad:
                await context.fail(ref.error)
                return False
            if service.has_file(ref.sha256):
                continue
            known = await context.ledger.journal.upload(ref.sha256)
            if known is not None and context.ledger.clock.wall() - known.at < KEPT:
                service.learn_file(ref.sha256, known.file_id)
                continue
            async with self._state.upload_turns.setdefault(ref.sha256, anyio.Lock()):
                if not service.has_file(ref.sha256) and not await self._upload(ref):
                    return False
        return True

    async def _upload(self, ref: FileRef) -> bool:
        context, service = self._context, self._context.adapters.service
        await self._state.rate_limiter.acquire(urgent=True)
        self._state.rate_limiter.count_sent()
        try:
            file_id = await service.upload(ref)
        except StepError as failed:
            await self._failed(failed)
            return False
        upload = Upload(ref.sha256, file_id, ref.size, context.ledger.clock.wall())
        await context.ledger.write(PutUpload(upload))
        service.learn_file(ref.sha256, file_id)
        return True

    async def _failed(self, failed: StepError) -> None:
        context = self._context
        refusals = self._state.submissions.refused(context.task_id)
        decision = self._state.retry.submission_refused(failed.info, refusals.count, refusals.waited)
        match decision:
            case Again():
                context.ledger.retrying(context.task_id, "upload", failed.info, decision.delay)
                self._state.queue.add_later(context.task_id, "submit", max(decision.delay, failed.retry_after or 0.0))
            case PauseBatch():
                self._state.pauses.pause(decision.reason, failed.info)
                self._state.queue.add(context.task_id, "submit", front=True)
            case Fail():
                self._state.submissions.forget_refusals(context.task_id)
                await context.fail(failed.info)
            case _:
                assert_never(decision)
