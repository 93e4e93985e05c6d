"""Brings the files of a task to Coze, before its submission is on record as sent: each content once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import assert_never

from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model.errors import Category, JournalError, StepError
from cozebatch.model.file_ref import FileRef
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.policy.retry import Again, Fail, PauseBatch
from cozebatch.ports import PutUpload, Upload

KEPT = 80 * 86400.0
"""Seconds for which an upload counts: Coze keeps a file for 3 months (docs/coze.md)."""

UPLOADED_AGAIN = Text(
    "扣子已经没有之前上传的文件：重新上传（免费），再提交。没有扣费。",
    "Coze does not have a file that was uploaded earlier: it is uploaded again (free), then submitted. Not charged.",
)


class UploadStep:
    """From names of content to file ids. Uploads cost nothing."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._state = context.state

    async def uploaded(self, task: Task) -> bool:
        """True when Coze has every file of the task; else it has been moved or is back in line."""
        context = self._context
        for ref in context.adapters.service.files_of(task):
            if ref.bad:
                await context.fail(ref.error)
                return False
            async with self._state.uploads.turn(ref.key):
                if await self._is_known(ref.key):
                    continue
                try:
                    await self._bring(ref)
                except StepError as failed:
                    await self._failed(failed)
                    return False
        return True

    async def forgotten(self, task: Task, refused: Collection[str]) -> Sequence[PutUpload] | None:
        """Coze refused the task's submission for these file ids: what forgets them on record, so that their contents
        are uploaded again. None where that was done before, and helps nothing."""
        context = self._context
        stale = self._state.uploads.refuse(refused)
        if not stale:
            return None
        changes = []
        try:
            for ref in context.adapters.service.files_of(task):
                known = await context.ledger.journal.upload(ref.key)
                if known is not None and known.file_id in stale:
                    changes.append(PutUpload(replace(known, file_id="")))
        except JournalError as error:  # this process sends them no more; the next one learns it as this one did
            context.ledger.note("error", error.text, context.task_id)
        context.ledger.note("warning", UPLOADED_AGAIN, context.task_id)
        return changes

    async def _bring(self, ref: FileRef) -> None:
        """Raises `StepError`."""
        async with self._context.adapters.service.brought(ref) as content:
            if not ref.token:
                await self._content(content)
                return
            async with self._state.uploads.turn(content.sha256):
                upload = await self._content(content)
            await self._keep(replace(upload, sha256=ref.key))

    async def _is_known(self, key: str) -> bool:
        if self._state.uploads.is_good(self._context.adapters.service.file_id(key)):
            return True
        return await self._on_record(key) is not None

    async def _on_record(self, key: str) -> Upload | None:
        """What is on record for a content, unless Coze has dropped it since, or said so."""
        context = self._context
        known = await context.ledger.journal.upload(key)
        if known is None or context.ledger.clock.wall() - known.at >= KEPT:
            return None
        if not self._state.uploads.is_good(known.file_id):
            return None
        context.adapters.service.learn_file(key, known.file_id)
        return known

    async def _content(self, ref: FileRef) -> Upload:
        """Upload a content unless that was done before, whatever it was called then. Raises `StepError`."""
        known = await self._on_record(ref.sha256)
        if known is not None:
            return known
        await self._state.rate_limiter.acquire(urgent=True)
        self._state.rate_limiter.count_sent()
        file_id = await self._context.adapters.service.upload(ref)
        self._state.uploads.made(file_id)
        upload = Upload(ref.sha256, file_id, ref.size, self._context.ledger.clock.wall())
        await self._keep(upload)
        return upload

    async def _keep(self, upload: Upload) -> None:
        await self._context.ledger.write(PutUpload(upload))
        self._context.adapters.service.learn_file(upload.sha256, upload.file_id)

    async def _failed(self, failed: StepError) -> None:
        context = self._context
        if failed.info.category is Category.SOURCE:
            await context.fail(failed.info)
            return
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
