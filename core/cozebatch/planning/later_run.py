"""Decides about a task that an earlier, ended run left: a new run takes over what was paid for. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.decisions import (
    first_plan,
    has_same_input,
    is_of_another_script,
    is_unverified,
    overridden,
    resubmitted,
    resume_step,
    resumed,
    skip,
    was_given_up,
)
from cozebatch.planning.planned import (
    CRASHED_WHILE_SENDING,
    DONE_AS_ANOTHER,
    DONE_AS_EDITED,
    DONE_AS_IMPORTED,
    DONE_EARLIER,
    FAILURE_OWED,
    RESULT_GONE,
    SHOWN_AS_OURS,
    Action,
    OperatorOverrides,
    Planned,
    new_row,
)
from cozebatch.planning.recognition import DigestOf
from cozebatch.policy.retry import FINAL_FOR_A_ROW
from cozebatch.ports import Past


def failed_for_good(error: ErrorInfo) -> Text:
    """Why a row is not paid for again: its last execution ended in `error`, and the next one would, too."""
    return Text(
        f"同样的内容上次执行失败，再付费也一样：{error.message.zh}（改好文案再跑一次；只改了工作流就付费重做）",
        f"It failed with the same input and would fail again: {error.message.en} (change its script; if only the "
        "workflow was changed, rerun it, paid)",
    )


@dataclass(frozen=True, slots=True)
class LaterRun:
    """A new run meets what earlier ones left: work that was paid for is taken over, with the marks of the old run's
    clock left behind."""

    task: Task
    position: int
    earlier: Past
    overrides: OperatorOverrides
    source_is_authoritative: bool
    digest_of: DigestOf | None
    failures_are_told: bool = True
    """The table is told of failures: one that lists a failed task as ready again was set back by a person."""

    def plan(self) -> Planned:
        task, old = self.task, self.earlier.row
        asked = overridden(task, replace(self._kept, state=old.state), self.overrides)
        if asked is not None:
            return asked
        if is_of_another_script(old, task):
            return self._anew()
        if not old.state.is_end:
            row = replace(self._kept, state=old.state, failures=old.failures)
            return resumed(task, row, self.earlier, self.overrides)
        if old.waits:
            held = replace(self._kept, state=State.HELD, error=old.error, question=old.question)
            return Planned(task, held, Action.HOLD, error=held.error)
        if old.state is State.HELD or old.unanswered:  # given up is not found out
            if self.overrides.may_resubmit(max(1, self.earlier.started)):
                anew = self._anew()
                return replace(anew, made=resubmitted(anew.row, self.earlier))
            held = replace(self._kept, state=State.HELD, error=old.error or CRASHED_WHILE_SENDING)
            return Planned(task, held, Action.HOLD, error=held.error)
        if old.state is State.DONE:
            return self._after_done()
        return self._after_failure()

    def _after_done(self) -> Planned:
        task, old = self.task, self.earlier.row
        unverified = is_unverified(old) and old.end_clock is None  # a row that a run of ours ended is verified
        note = DONE_AS_IMPORTED if unverified else DONE_AS_ANOTHER if self.earlier.by_content else DONE_EARLIER
        if task.edited:
            note = DONE_AS_EDITED
        if self.earlier.owed:
            return self._skip(note)
        if self._shows_its_end:
            return self._skip(SHOWN_AS_OURS)
        same = has_same_input(old, task)
        if same and (unverified or not self.source_is_authoritative):
            return self._skip(note)
        if self.earlier.by_content or (not same and self._same_sent):
            if old.has_output:  # the film as the row wants it now
                return Planned(task, replace(self._kept, state=State.DOWNLOADING), Action.FINISH)
            return self._skip(note if self.earlier.by_content else RESULT_GONE)
        return self._anew()

    def _after_failure(self) -> Planned:
        """Failed or cancelled."""
        task, old = self.task, self.earlier.row
        if was_given_up(old) and task.shown in (None, "running"):
            return self._anew()
        if old.state is State.FAILED and self.earlier.owed:
            return self._skip(FAILURE_OWED)
        if old.state is State.FAILED and self._shows_its_end:
            return self._skip(SHOWN_AS_OURS)
        if has_same_input(old, task) or self._same_sent:
            step = resume_step(old)
            if step == "finish":
                return Planned(task, replace(self._kept, state=State.DOWNLOADING), Action.FINISH)
            if step == "watch":
                return Planned(task, replace(self._kept, state=State.RUNNING), Action.WATCH)
            told = self.failures_are_told and old.state is State.FAILED  # of a cancelled task the table is told nothing
            mark_is_gone = old.claimed and old.execute_id is not None and task.shown is None
            was_set_back = self.source_is_authoritative and (told or mark_is_gone)
            if step == "paid" and old.error is not None and old.error.category in FINAL_FOR_A_ROW and not was_set_back:
                return self._skip(failed_for_good(old.error))
        return self._anew()

    @property
    def _shows_its_end(self) -> bool:
        """Whether the table shows what was written for this row. A mark of a claim is no end of it where what ended was
        another row's."""
        shown = self.task.shown
        return (
            self.source_is_authoritative and shown is not None and not (self.earlier.by_content and shown == "running")
        )

    @property
    def _kept(self) -> Row:
        """The row with what was paid for."""
        old = self.earlier.row
        return replace(
            new_row(self.task, self.position),
            attempts=old.attempts,
            claimed=old.claimed,
            claim=old.claim,
            execute_id=old.execute_id,
            debug_url=old.debug_url,
            submitted_at=old.submitted_at,
            coze_finished_at=old.coze_finished_at,
            has_output=old.has_output,
            execution_failed=old.execution_failed,
            unanswered=old.unanswered,
            resumed_at=old.resumed_at,
            reused=old.reused,
        )

    @property
    def _same_sent(self) -> bool:
        """Whether exactly this was sent to Coze: what was changed since concerns the film alone."""
        sent = self.earlier.digest
        return sent is not None and self.digest_of is not None and self.digest_of(self.task) == sent

    def _anew(self) -> Planned:
        """A new, paid execution."""
        if not self.task.content.strip():
            return first_plan(self.task, self.position, self.overrides)
        old = self.earlier.row
        row = replace(new_row(self.task, self.position), attempts=old.attempts)
        if not self.earlier.by_content and old.state is not State.DONE:  # our mark may stand in the table
            row = replace(row, claimed=old.claimed, claim=old.claim)
        if was_given_up(old):
            row = replace(row, failures=old.failures, asked=old.asked)
        return Planned(self.task, row, Action.SUBMIT)

    def _skip(self, note: Text) -> Planned:
        old = self.earlier.row
        return skip(self.task, replace(self._kept, draft_path=old.draft_path, video_path=old.video_path), note)
