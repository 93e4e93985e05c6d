"""One task's way through a run, from the slot it was given to its end.

It reads top to bottom like CONTRACT §4: submit, watch, fetch, synthesize, write back. Every step first puts down what
it is about to do, then does it, then puts down what came of it; so a crash between any two lines loses nothing and
pays for nothing twice.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio

from cozebatch import events
from cozebatch.engine.control import Control, Entry
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.recovery import EXPIRED, is_expired
from cozebatch.errors import Category, ErrorInfo, JournalError, StepError
from cozebatch.ports import (
    Accepted,
    Change,
    Execution,
    Job,
    Look,
    Media,
    Owe,
    Product,
    PutExecution,
    PutOutput,
    PutRow,
    Refused,
    Submission,
    Unanswered,
)
from cozebatch.retry import Again, Brake, Decision, Hold, Step
from cozebatch.rows import Row
from cozebatch.task import State, Task
from cozebatch.texts import Text

NOT_YET_KNOWN = 60.0
"""Seconds after a submission during which Coze may not know the execution yet (reference/coze.md, 4314)."""

NOT_KNOWN = ErrorInfo(
    Category.EXECUTION_LOST, Text("Coze 已查不到这次执行。", "Coze does not know this execution any more.")
)
TOO_LONG = ErrorInfo(
    Category.EXECUTION_LOST,
    Text("执行超过了 execution_timeout。", "The execution ran longer than execution_timeout."),
)


class Shepherd:
    """Walks one task. `walk` never raises for what concerns this task alone."""

    def __init__(self, task_id: str, control: Control, outbox: Outbox) -> None:
        self.task_id = task_id
        self.control = control
        self.ledger = control.ledger
        self.tools = control.tools
        self.outbox = outbox
        self._execution: Execution | None = None
        self._entry: Entry = "submit"
        self._jumps = control.jumps

    @property
    def row(self) -> Row:
        return self.ledger.rows[self.task_id]

    async def walk(self, entry: Entry) -> None:
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

    # The part that costs money: it holds a Coze slot from before the submission until the execution has ended.

    async def _execute(self, entry: Entry) -> bool:
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

    async def _submit(self) -> bool:
        task = await self.ledger.task(self.task_id)
        if not await self._claim(task):
            return False
        await self.control.budget.acquire(urgent=True)
        if await self._cancelled_here():
            return False
        if not self.control.may_submit:
            self.control.enqueue(self.task_id, "submit", front=True)
            return False
        self.control.submitting.add(self.task_id)
        try:
            return await self._submit_once(task)
        finally:
            self.control.submitting.discard(self.task_id)
            self.control.stir()

    async def _submit_once(self, task: Task) -> bool:
        number = self.row.submissions + 1
        intent = Execution(self.task_id, number, "sent", sent_at=self.ledger.clock.wall())
        self.ledger.board.counters.submissions += 1  # before the write, which takes the counters along
        try:
            await self._move(State.SUBMITTING, PutExecution(intent), attempt=self.row.attempts + 1, submissions=number)
        except JournalError:
            self.ledger.board.counters.submissions -= 1
            raise
        self._execution = intent
        self._jumps = self.control.jumps
        sent_at = anyio.current_time()
        answer = await self._send(task)
        match answer:
            case Accepted():
                return await self._accepted(answer)
            case Refused() if answer.error.category is Category.THROTTLED:
                self.control.throttle(sent_at=sent_at, retry_after=answer.retry_after)
                await self._back_in_line(answer.error, self._note(status="refused", error=answer.error), delay=None)
            case Refused():
                await self._refused(answer)
            case Unanswered():
                await self._unanswered(answer.error)
        return False

    async def _claim(self, task: Task) -> bool:
        """Mark the record as running, where that is wanted, before anything is paid."""
        sink = self.tools.sink
        if sink is None or task.record_id is None or self.row.asked or not sink.writes("running"):
            return True
        try:
            taken = await sink.claim(task)
        except StepError as failed:
            refusals = self.control.count_refusal(self.task_id)
            decision = self.control.retry.submission_refused(
                failed.info, refusals.count, self.ledger.clock.now() - refusals.since
            )
            if isinstance(decision, Again):
                self.ledger.retrying(self.task_id, "claim", failed.info, decision.delay)
                self.control.enqueue_later(self.task_id, "submit", max(decision.delay, failed.retry_after or 0.0))
            else:
                await self._fail(failed.info)
            return False
        if taken is not None:
            await self._move(State.SKIPPED, note=taken.message)
            return False
        return True

    async def _send(self, task: Task) -> Submission:
        """Send the one request. Nothing interrupts it but the last seconds of a drain."""
        self.control.requests += 1
        with anyio.CancelScope(shield=True) as scope:
            self.control.sending.add(scope)
            try:
                return await self.tools.service.submit(task)
            except Exception as error:  # noqa: BLE001 - a bug of ours: what the service did is not known
                self._log_traceback(error)
                return Unanswered(_unanswered(Text.same(f"{type(error).__name__}: {error}")))
            finally:
                self.control.sending.discard(scope)
        return Unanswered(
            _unanswered(Text("程序退出时还没收到回答。", "No answer had come when the program was interrupted."))
        )

    async def _accepted(self, answer: Accepted) -> bool:
        note = self._note(
            status="running", execute_id=answer.execute_id, debug_url=answer.debug_url, logid=answer.logid
        )
        self.control.note_accepted(self.task_id)
        await self._insist(
            State.RUNNING,
            note,
            execute_id=answer.execute_id,
            debug_url=answer.debug_url,
            attempts=self.row.attempts + 1,
        )
        return True

    async def _refused(self, answer: Refused) -> None:
        refusals = self.control.count_refusal(self.task_id)
        decision = self.control.retry.submission_refused(
            answer.error, refusals.count, self.ledger.clock.now() - refusals.since
        )
        note = self._note(status="refused", error=answer.error)
        if isinstance(decision, Again):
            await self._back_in_line(answer.error, note, delay=max(decision.delay, answer.retry_after or 0.0))
        elif isinstance(decision, Brake):
            self.control.brake(decision.reason, answer.error)
            await self._back_in_line(answer.error, note, delay=None)
        else:
            self.control.refusals.pop(self.task_id, None)
            if answer.error.category is Category.INVALID_REQUEST:
                self.control.note_refused_for_good(answer.error)
            await self._fail(answer.error, note)

    async def _unanswered(self, error: ErrorInfo) -> None:
        """An execution may have been started: it counts as one, whoever decides what comes next."""
        note = self._note(status="unanswered", error=error)
        attempts = self.row.attempts + 1
        decision = self.control.retry.submission_unanswered()
        if isinstance(decision, Hold):
            await self._insist(State.HELD, note, error=error, attempts=attempts, unanswered=True)
        else:
            assert isinstance(decision, Again)
            await self._back_in_line(error, note, delay=decision.delay, attempts=attempts)

    async def _back_in_line(self, error: ErrorInfo, note: PutExecution, *, delay: float | None, **facts: Any) -> None:
        """Back to `pending`: at once to the front of the line, or after `delay` seconds."""
        await self._insist(State.PENDING, note, error=error, **facts)
        if await self._cancelled_here():
            return
        if delay is None:
            self.control.enqueue(self.task_id, "submit", front=True)
        else:
            self.control.enqueue_later(self.task_id, "submit", delay)

    async def _adopt(self) -> None:
        """Take up an execution that an earlier process started, or that a person named."""
        self.control.executing.add(self.task_id)
        if self.row.state is not State.RUNNING:
            await self._move(State.RUNNING, adopted=True)
        past = await self.ledger.journal.executions(self.ledger.run.run_id, self.task_id)
        known = [execution for execution in past if execution.execute_id == self.row.execute_id]
        self._execution = known[-1] if known else None

    async def _watch(self) -> bool:
        """Look at the execution until it has ended. A cancelled task is watched too: its slot is in use."""
        execute_id = self.row.execute_id
        assert execute_id is not None
        started = anyio.current_time() - self._age_at_adoption()
        wait = 0.0 if self.row.adopted else self.tools.pacing.next_wait(0.0)
        failed_in_a_row = 0
        while True:
            await self._until_look(wait)
            if self.task_id in self.control.cancelled:
                self.control.cancelled.discard(self.task_id)
                if self.row.state is State.RUNNING:
                    await self._move(State.CANCELLED)
            await self.control.budget.acquire(urgent=False)
            self.ledger.board.counters.polls += 1
            self.control.requests += 1
            try:
                look = await self.tools.service.look(execute_id)
            except StepError as failed:
                failed_in_a_row += 1
                next_wait = await self._look_failed(failed, failed_in_a_row)
                if next_wait is None:
                    return False
                wait = next_wait
                continue
            failed_in_a_row = 0
            age = anyio.current_time() - started
            if self.row.adopted and look.age is not None:
                age = min(age, look.age)  # our clock may have been another one when it was submitted
            if look.status not in ("running", "unknown"):
                return await self._ended(look, age)
            if age >= self.control.options.execution_timeout or (look.status == "unknown" and age >= NOT_YET_KNOWN):
                await self._lost(look)
                return False
            wait = self.tools.pacing.next_wait(age)
            if look.status == "unknown":
                wait = min(wait, NOT_YET_KNOWN / 6)

    def _age_at_adoption(self) -> float:
        if not self.row.adopted or self.row.submitted_at is None:
            return 0.0
        return max(0.0, self.ledger.clock.wall() - self.row.submitted_at)

    async def _until_look(self, wait: float) -> None:
        wanted = anyio.Event()
        self.control.looks_wanted[self.task_id] = wanted
        try:
            with anyio.move_on_after(wait):
                await wanted.wait()
        finally:
            del self.control.looks_wanted[self.task_id]

    async def _look_failed(self, failed: StepError, in_a_row: int) -> float | None:
        """Seconds until the next look; None when the watching ended."""
        error = failed.info
        if error.category is Category.THROTTLED:
            self.control.budget.slow_down()
            wait = self.control.retry.backoff(in_a_row) if failed.retry_after is None else failed.retry_after
            self.ledger.publish(events.Throttled(retry_in=round(wait, 3), **self.ledger.stamp()))
            return wait
        decision = self.control.retry.look_failed(error, in_a_row)
        if isinstance(decision, Again):
            self.ledger.note("warning", error.message, self.task_id)
            return max(decision.delay, failed.retry_after or 0.0)
        if isinstance(decision, Brake):
            self.control.brake(decision.reason, error)
            if self.row.state is State.RUNNING:
                self.control.park(self.task_id, "watch")
        elif self.row.state is State.RUNNING:
            await self._fail(error)
        return None

    async def _lost(self, look: Look) -> None:
        if look.status != "unknown":
            error = TOO_LONG
        elif is_expired(self.row, self.ledger.clock.wall()):
            error = EXPIRED
        else:
            error = NOT_KNOWN
        error = replace(error, logid=look.logid)
        if self.row.state is State.RUNNING:
            await self._fail(error, self._note(status="lost", error=error))

    async def _ended(self, look: Look, seconds: float) -> bool:
        """Put down what the execution came to; True when the way goes on to the film."""
        row, wall = self.row, self.ledger.clock.wall()
        ended_at = look.updated_at or wall
        facts: dict[str, Any] = {
            "coze_finished_at": ended_at,
            "debug_url": look.debug_url or row.debug_url,
            "tokens_in": row.tokens_in + look.tokens_in,
            "tokens_out": row.tokens_out + look.tokens_out,
            "tokens": row.tokens + look.tokens,
        }
        if row.adopted or self._jumps != self.control.jumps:  # our own clock did not run all the time
            by_wall = 0.0 if row.submitted_at is None else max(0.0, ended_at - row.submitted_at)
            ours = by_wall if row.adopted else max(seconds, by_wall)
            facts["coze_seconds"] = seconds = ours if look.seconds is None else look.seconds
        if look.status == "succeeded":
            return await self._succeeded(look, facts, seconds, max(0.0, wall - ended_at))
        error = look.error or ErrorInfo(Category.WORKFLOW_FAILED, Text("工作流失败。", "The workflow failed."))
        note = self._note(
            status="interrupted" if look.status == "interrupted" else "failed",
            ended_at=ended_at,
            seconds=seconds,
            error=error,
            logid=look.logid,
        )
        if row.state is not State.RUNNING:  # cancelled meanwhile
            await self.ledger.write(note)
        elif look.status == "interrupted":
            await self._fail(error, note, **facts)
        else:
            facts["execution_failed"] = True
            await self._execution_failed(error, note, facts)
        return False

    async def _succeeded(self, look: Look, facts: dict[str, Any], seconds: float, lag: float) -> bool:
        row = self.row
        assert row.execute_id is not None
        self.tools.pacing.observe(seconds)
        changes: list[Change] = [PutOutput(row.execute_id, look.output or "")]
        changes.append(
            self._note(status="succeeded", ended_at=facts["coze_finished_at"], seconds=seconds, logid=look.logid)
        )
        facts |= {"has_output": True, "lag_seconds": lag}
        if row.state is not State.RUNNING:  # cancelled meanwhile: the result was paid for and is kept
            kept = replace(row, has_output=True, tokens=facts["tokens"])
            await self.ledger.write(PutRow(kept), *changes)
            self.ledger.load([kept])
            return False
        if self.tools.synthesizer is None:
            await self._insisting(lambda: self._complete(Product(), *changes, **facts))
        else:
            await self._insist(State.DOWNLOADING, *changes, **facts)
        return True

    async def _execution_failed(self, error: ErrorInfo, note: PutExecution, facts: dict[str, Any]) -> None:
        """Coze itself reported a failure: another execution costs again, and is started only as often as allowed."""
        failures = self.row.failures + 1
        decision: Decision = self.control.retry.execution_failed(error, failures)
        if isinstance(decision, Again):
            await self._back_in_line(error, note, delay=decision.delay, failures=failures, **facts)
        elif isinstance(decision, Brake):
            self.control.brake(decision.reason, error)
            await self._back_in_line(error, note, delay=None, failures=failures, **facts)
        else:
            await self._fail(error, note, failures=failures, **facts)

    # From here on everything is free and may be repeated.

    async def _finish(self) -> None:
        if self.row.state is State.DONE or self.row.state is State.WRITING_BACK:
            return
        synthesizer = self.tools.synthesizer
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
        output = self.tools.parse_output(stored or "")
        return Job(self.ledger.run.run_id, task, output, submitted_at=row.submitted_at or 0.0)

    async def _fetch(self, job: Job) -> Media | None:
        assert self.tools.synthesizer is not None
        tries = 0
        while True:
            try:
                async with self.control.downloads:
                    return await self.tools.synthesizer.fetch(job, self._progress("download"))
            except StepError as failed:
                tries += 1
                if not await self._step_failed(Step.DOWNLOAD, failed, tries):
                    return None

    async def _synthesize(self, job: Job, media: Media) -> Product | None:
        assert self.tools.synthesizer is not None
        tries = 0
        error: ErrorInfo | None = None
        while True:
            await self._move(State.QUEUED, error=error)
            try:
                async with self.control.gate.place():
                    await self._move(State.SYNTHESIZING)
                    return await self.tools.synthesizer.synthesize(job, media, self._progress("synthesis"))
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
        if isinstance(decision, Brake):
            if self.row.state is State.SYNTHESIZING:
                await self._move(State.QUEUED, error=failed.info)
            self.control.park(self.task_id, "finish")
            self.control.brake(decision.reason, failed.info)
        else:
            await self._fail(failed.info)
        return False

    async def _complete(self, product: Product, *changes: Change, **facts: Any) -> None:
        """The film exists and is proven: done, or first written back where a table waits for it."""
        facts |= {"draft_path": product.draft_path, "video_path": product.video_path}
        paths = [path for path in (product.video_path, product.draft_path) if path]
        delivery = self.outbox.draft(self.row, "done", "\n".join(paths) or product.message or "")
        if delivery is None:
            await self._move(State.DONE, *changes, **facts)
        else:
            await self._move(State.WRITING_BACK, Owe(delivery), *changes, **facts)
            self.outbox.add(delivery)

    async def _fail(self, error: ErrorInfo, *changes: Change, **facts: Any) -> None:
        delivery = self.outbox.draft(self.row, "failed", explain(error, self.control.options.lang))
        if delivery is None:
            await self._insist(State.FAILED, *changes, error=error, **facts)
        else:
            await self._insist(State.FAILED, Owe(delivery), *changes, error=error, **facts)
            self.outbox.add(delivery)

    # Moving

    async def _move(self, after: State, *changes: Change, **facts: Any) -> None:
        await self.ledger.move(self.task_id, after, *changes, **facts)

    async def _insist(self, after: State, *changes: Change, **facts: Any) -> None:
        """Move with news that must not be lost: while the disk refuses, hold on to it and try again."""

        async def move() -> None:
            await self._move(after, *changes, **facts)

        await self._insisting(move)

    async def _insisting(self, action: Callable[[], Any]) -> None:
        tries = 0
        while True:
            try:
                await action()
                return
            except JournalError as error:
                tries += 1
                if tries == 1:
                    self._journal_failed(error)
                await anyio.sleep(min(5.0, 0.2 * 2.0**tries))

    async def _cancelled_here(self) -> bool:
        """Nothing is in flight: a wish to cancel is fulfilled at once."""
        if self.task_id not in self.control.cancelled:
            return False
        self.control.cancelled.discard(self.task_id)
        await self._move(State.CANCELLED)
        return True

    def _note(self, **facts: Any) -> PutExecution:
        """What became of the execution, for the journal."""
        if self._execution is None:  # adopted by hand: nothing was sent by us
            row = self.row
            self._execution = Execution(
                self.task_id,
                row.submissions + 1,
                "running",
                sent_at=row.submitted_at or self.ledger.clock.wall(),
                execute_id=row.execute_id,
            )
        self._execution = replace(self._execution, **facts)
        return PutExecution(self._execution)

    def _progress(self, stage: str) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            self.ledger.progress(self.task_id, stage, round(min(1.0, max(0.0, fraction)), 3))

        return report

    def _journal_failed(self, error: JournalError) -> None:
        """The journal cannot be written: nothing new may be paid for, and everybody is told."""
        row = self.row
        text = error.text
        if row.execute_id:
            text = Text(f"{text.zh}（execute_id {row.execute_id}）", f"{text.en} (execute_id {row.execute_id})")
        self.ledger.note("error", text, self.task_id)
        self.control.brake("journal", ErrorInfo(Category.INTERNAL, error.text))
        if not row.state.is_end and self.task_id not in self.control.slots:
            self.control.park(self.task_id, self._entry_again())

    def _entry_again(self) -> Entry:
        """Where the way goes on after it broke off in the present state."""
        match self.row.state:
            case State.PENDING:
                return self._entry
            case State.RUNNING:
                return "watch"
            case _:
                return "finish"

    async def _broke(self, error: Exception) -> None:
        """A bug of ours ends this task, visibly, and no other."""
        self._log_traceback(error)
        told = Text.same(f"{type(error).__name__}: {error}")
        if self.row.state is State.SUBMITTING:  # something may have been sent
            await self._unanswered(_unanswered(told))
        elif self.row.state is not State.WRITING_BACK and not self.row.state.is_end:
            await self._fail(ErrorInfo(Category.INTERNAL, told))

    def _log_traceback(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        self.ledger.note("error", Text.same(text), self.task_id)


def explain(error: ErrorInfo, lang: Any) -> str:
    """A sentence for the script's author: what happened, then what to do."""
    return f"{error.message.in_(lang)} {error.hint.in_(lang)}".strip()[:1000]


def _unanswered(message: Text) -> ErrorInfo:
    return ErrorInfo(Category.UNKNOWN_SUBMIT, message)
