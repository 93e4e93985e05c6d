"""Puts on disk what an execution came to: Coze's whole output, or its failure."""

from __future__ import annotations

import math
from typing import Any, assert_never

from cozebatch.engine.lifecycle.execution_record import ExecutionRecord
from cozebatch.engine.lifecycle.poll import EndedExecution
from cozebatch.engine.lifecycle.question import on_record
from cozebatch.engine.lifecycle.submit import SubmitStep
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.question import Question
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.policy.execution_end import execution_end
from cozebatch.policy.retry import Again, Fail, PauseBatch
from cozebatch.ports import Change, PollResult, Product, PutExecution, PutOutput

WORKFLOW_FAILED = ErrorInfo(Category.WORKFLOW_FAILED, Text("工作流失败。", "The workflow failed."))


class StoreStep:
    """From the end of an execution to its result on disk; what Coze failed may go back in line."""

    def __init__(self, context: TaskContext, record: ExecutionRecord, submit: SubmitStep) -> None:
        self._context = context
        self._state = context.state
        self._record = record
        self._submit = submit

    async def store(self, ended: EndedExecution) -> bool:
        """Write down what the execution came to. True if its output is on disk and a film is to be made of it."""
        context, result, seconds = self._context, ended.result, ended.seconds
        row, wall = context.row, context.ledger.clock.wall()
        interrupted_clock = row.adopted or self._record.clock_jumped  # our own clock did not run all the time
        end = execution_end(
            updated_at=result.updated_at,
            answered_at=result.answered_at,
            noticed_at=wall,
            submitted_at=row.submitted_at,
            unseen=math.inf if interrupted_clock else ended.unseen,
        )
        seconds = max(0.0, seconds - (end.lag or 0.0))
        facts: dict[str, Any] = {
            "coze_finished_at": end.at,
            "coze_seconds": seconds,
            "debug_url": result.debug_url or row.debug_url,
            "tokens_in": row.tokens_in + result.tokens_in,
            "tokens_out": row.tokens_out + result.tokens_out,
            "tokens": row.tokens + result.tokens,
        }
        if interrupted_clock:
            by_wall = 0.0 if row.submitted_at is None else max(0.0, end.at - row.submitted_at)
            ours = by_wall if row.adopted else max(seconds, by_wall)
            by_coze = result.seconds if end.lag is not None else None
            facts["coze_seconds"] = seconds = ours if by_coze is None else by_coze
        if result.status == "succeeded" and result.error is None:
            return await self._succeeded(result, facts | {"lag_seconds": end.lag}, seconds)
        if result.status == "interrupted":
            await self._asks(result)
            return False
        if result.status == "succeeded":
            await self._of_no_use(result, facts, seconds)
            return False
        await self._did_not_succeed(result, facts, seconds)
        return False

    async def _succeeded(self, result: PollResult, facts: dict[str, Any], seconds: float) -> bool:
        context, row = self._context, self._context.row
        assert row.execute_id is not None
        measured = row.resumed_at is None  # else it waited for a person, nobody knows how long the next one does
        if measured:
            context.adapters.pacing.observe(seconds)
        ended_at = facts["coze_finished_at"]
        changes: list[Change] = [
            PutOutput(row.execute_id, result.output or ""),
            self._record.update(
                status="succeeded", ended_at=ended_at, seconds=seconds if measured else None, logid=result.logid
            ),
        ]
        facts |= {"has_output": True}
        if row.state is not State.RUNNING:  # cancelled meanwhile: the result was paid for and is kept
            await context.ledger.amend(row.task_id, *changes, has_output=True, tokens=facts["tokens"])
            return False
        if context.adapters.synthesizer is None:
            await context.persist(lambda: context.complete(Product(), *changes, **facts))
            return False
        await context.move_persistently(State.DOWNLOADING, *changes, **facts)
        return True

    async def _of_no_use(self, result: PollResult, facts: dict[str, Any], seconds: float) -> None:
        """It was paid for and succeeded, but its output cannot be had or says nothing. The output is left with Coze: a
        retry asks for it again, which is free."""
        context, error = self._context, result.error
        context.adapters.pacing.observe(seconds)
        change = self._record.update(
            status="succeeded", ended_at=facts["coze_finished_at"], seconds=seconds, error=error, logid=result.logid
        )
        if context.row.state is not State.RUNNING:  # cancelled meanwhile
            await context.ledger.amend(context.task_id, change, tokens=facts["tokens"])
        else:
            assert error is not None
            await context.fail(error, change, **facts)

    async def _did_not_succeed(self, result: PollResult, facts: dict[str, Any], seconds: float) -> None:
        context, error = self._context, result.error or WORKFLOW_FAILED
        change = self._record.update(
            status="failed",
            ended_at=facts["coze_finished_at"],
            seconds=seconds,
            error=error,
            logid=result.logid,
        )
        if context.row.state is not State.RUNNING:  # cancelled meanwhile
            await context.ledger.amend(context.task_id, change, execution_failed=True, error=error)
        else:
            await self._failed(error, change, facts | {"execution_failed": True})

    async def _asks(self, result: PollResult) -> None:
        """It waits for a person: held, with the question on record. It is paid for and has not ended."""
        context = self._context
        question = result.question or Question()
        _, changes = await on_record(context, self._record, question)
        change = self._record.update(status="interrupted", logid=result.logid)
        if context.row.state is not State.RUNNING:  # cancelled meanwhile
            await context.ledger.amend(context.task_id, *changes, change)
        else:
            await context.move_persistently(
                State.HELD,
                *changes,
                change,
                question=question,
                error=result.error,
                debug_url=result.debug_url or context.row.debug_url,
            )

    async def _failed(self, error: ErrorInfo, change: PutExecution, facts: dict[str, Any]) -> None:
        """Coze itself reported a failure: another execution costs again, and is started only as often as allowed."""
        failures = self._context.row.failures + 1
        decision = self._state.retry.execution_failed(error, failures)
        match decision:
            case Again():
                await self._submit.back_in_line(error, change, delay=decision.delay, failures=failures, **facts)
            case PauseBatch():
                self._state.pauses.pause(decision.reason, error)
                await self._submit.back_in_line(error, change, delay=None, failures=failures, **facts)
            case Fail():
                await self._context.fail(error, change, failures=failures, **facts)
            case _:
                assert_never(decision)
