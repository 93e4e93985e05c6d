"""Faults to be planted into the library, each a small change that breaks a rule about money, results, or the limit.

`old` stands exactly once in its file; when it does no longer, planting it is an error, so that this list cannot rot.
"""

from __future__ import annotations

from support.planted_fault import Planted
from support.planted_table_faults import TABLE_FAULTS

FAULTS = (
    # The record
    Planted(
        "no intent written",
        "a submission is on disk before it leaves",
        "engine/ledger.py",
        "                    await self.journal.write(PutRow(row), *changes, PutRun(self._record()))\n"
        "                self._written()\n                self.publish_move(",
        "                    if after is not State.SUBMITTING:\n"
        "                        await self.journal.write(PutRow(row), *changes, PutRun(self._record()))\n"
        "                self._written()\n                self.publish_move(",
    ),
    Planted(
        "a crash while sending is forgotten",
        "an execution that may exist is not started again unasked",
        "planning/decisions.py",
        "            held = replace(row, attempts=row.attempts + 1, state=State.HELD, error=CRASHED_WHILE_SENDING)\n"
        "            held = replace(held, unanswered=True)\n"
        "            return Planned(task, held, Action.HOLD, error=CRASHED_WHILE_SENDING)\n",
        "            return Planned(task, replace(row, state=State.PENDING), Action.SUBMIT)\n",
    ),
    Planted(
        "the accepted id is written only if the disk takes it at once",
        "what Coze accepted is never forgotten",
        "engine/lifecycle/submit.py",
        "        await self._context.move_persistently(State.RUNNING, change, attempts=attempts, **facts)\n",
        "        await self._context.move(State.RUNNING, change, attempts=attempts, **facts)\n",
    ),
    Planted(
        "the result is not stored",
        "nothing is done without its result on disk",
        "engine/lifecycle/store_result.py",
        '            PutOutput(row.execute_id, result.output or ""),\n',
        "",
    ),
    Planted(
        "write returns before the commit",
        "what was written is durable",
        "journal/sqlite.py",
        "        await pending.done.wait()\n        if pending.error is not None:\n            raise pending.error\n",
        "        await anyio.sleep(0)\n",
    ),
    Planted(
        "a move is published although the disk refused it",
        "no state is shown that is not so",
        "engine/ledger.py",
        "                    await self.journal.write(PutRow(row), *changes, PutRun(self._record()))\n"
        "                self._written()\n                self.publish_move(",
        "                    try:\n"
        "                        await self.journal.write(PutRow(row), *changes, PutRun(self._record()))\n"
        "                    except JournalError:\n"
        "                        pass\n"
        "                self._written()\n                self.publish_move(",
    ),
    # Planning
    Planted(
        "rows that the source does not list are forgotten",
        "a continued run keeps what it has",
        "batch/earlier.py",
        "            found.past[task_id] = past\n\n    async def _hidden(",
        "            pass\n\n    async def _hidden(",
    ),
    Planted(
        "nothing is recognised by content",
        "a renamed file pays nothing",
        "planning/recognition.py",
        "        for digest, free in groups.items():\n",
        "        for digest, free in list(groups.items())[:0]:\n",
    ),
    Planted(
        "the clock orders the executions of a row",
        "a lost execution is looked for before another is paid",
        "journal/memory.py",
        "            return places.get(e.run_id, e.sent_at), e.number, e.sent_at\n",
        "            return 0.0, 0, e.sent_at\n",
    ),
    Planted(
        "equal rows share one execution",
        "each execution serves one row",
        "planning/recognition.py",
        "        best = sorted(free, key=order)[: len(rows)]\n",
        "        best = (sorted(free, key=order) * len(rows))[: len(rows)]\n",
    ),
    Planted(
        "done rows are wanted again whatever their cell shows",
        "a finished row is paid again only when it was set back",
        "feishu/layout.py",
        "        return next((outcome for outcome in OUTCOMES if cell and cell ==",
        "        return next((outcome for outcome in OUTCOMES if not cell and cell ==",
    ),
    Planted(
        "a result whose film failed is not used",
        "a retry goes back only to the step that failed",
        "planning/later_run.py",
        '            if step == "finish":\n',
        '            if step == "finish" and False:\n',
    ),
    Planted(
        "what another file has taken over is settled unseen",
        "each execution serves one row",
        "batch/listing.py",
        "            if past is None or past.row.execute_id in elsewhere:\n",
        "            if past is None:\n",
    ),
    Planted(
        "untouched rows are not looked for on record",
        "the record is asked before anything is paid for",
        "batch/listing.py",
        "            if task_id in known or (free and digest_of(task) in free):\n",
        "            if task_id in known:\n",
    ),
    # Questions
    Planted(
        "an answer is sent again without a look",
        "an answer is never sent twice blindly",
        "engine/lifecycle/question.py",
        "                case Unanswered():\n                    await self._wait(answer.error, sent, None)\n",
        "                case Unanswered():\n"
        "                    if isinstance(await self._send(asked), Accepted):\n"
        "                        return True\n",
    ),
    Planted(
        "a waiting execution is taken for none",
        "what waits for an answer is not paid for again",
        "planning/later_run.py",
        "        if old.waits:\n",
        "        if old.waits:\n            return self._anew()\n        if old.waits:\n",
    ),
    # Files in
    Planted(
        "submitted before its files are uploaded",
        "a file is with Coze before its submission is on record as sent",
        "engine/lifecycle/submit.py",
        "        if not await self._upload.uploaded(task):\n            return False\n",
        "",
    ),
    Planted(
        "a file that Coze dropped is given up",
        "an upload that Coze refuses is made once more",
        "engine/lifecycle/upload.py",
        "        if not stale:\n            return None\n",
        "        if stale:\n            return None\n",
    ),
    # The same script again
    Planted(
        "reuse is counted as paid",
        "the record says that an execution was paid once",
        "planning/reuse.py",
        '        "reused",\n        now,\n',
        '        "succeeded",\n        now,\n',
    ),
    # The limit
    Planted(
        "no limit",
        "never more in flight than the limit",
        "engine/slots.py",
        "        return len(self._holders) < self._limit.limit and anyio.current_time() >= self._limit.open_at\n",
        "        return anyio.current_time() >= self._limit.open_at\n",
    ),
    Planted(
        "slot released early",
        "a slot is held until the execution has ended",
        "engine/lifecycle/submit.py",
        "        self._state.pauses.accepted()\n",
        "        self._state.pauses.accepted()\n        self._state.slots.release(self._context.task_id)\n",
    ),
    Planted(
        "adopt without a slot",
        "adopted executions count against the limit",
        "engine/admission.py",
        '            if step == "watch":\n                slots.take(task_id)\n',
        "",
    ),
    Planted(
        "left-out executions lose their seat",
        "executions of tasks that were left out count against the limit",
        "batch/batch.py",
        "            orphans=plan.orphans,\n",
        "            orphans=(),\n",
    ),
    Planted(
        "what is lost frees its slot",
        "unknown for a while is not ended",
        "engine/lifecycle/task_run.py",
        "        if (execution := self._record.in_flight) is not None:\n",
        "        if (execution := self._record.in_flight) is not None and False:\n",
    ),
    Planted(
        "an orphan that cannot be polled is given up",
        "polls that fail free no slot",
        "engine/orphans.py",
        "                failed_in_a_row += 1\n                wait = failed.retry_after\n",
        "                failed_in_a_row += 1\n"
        "                if failed_in_a_row >= 3:\n                    return None\n"
        "                wait = failed.retry_after\n",
    ),
    Planted(
        "the limit is raised at every acceptance",
        "never more in flight than the operator's limit",
        "policy/concurrency.py",
        "        return self.user_limit if self._ceiling is None else min(self.user_limit, self._ceiling)\n",
        "        return self.user_limit if self._ceiling is None else max(self.user_limit, self._ceiling)\n",
    ),
    Planted(
        "the stretch never doubles",
        "a firm limit is not knocked at all night",
        "policy/concurrency.py",
        "min(LONGEST_STRETCH, self._stretch * 2)",
        "min(LONGEST_STRETCH, self._stretch)",
    ),
    Planted(
        "slow_down does nothing",
        "Coze is asked more slowly when it says so",
        "engine/rate_limiter.py",
        "        self.rate = max(SLOWEST, self.rate / 2)\n",
        "",
    ),
    # Retries
    Planted(
        "a back-off of zero",
        "what failed waits before it is tried again",
        "policy/retry.py",
        "        return self.rng.uniform(0.0, min(cap, base * 2.0 ** min(tries - 1, 16)))\n",
        "        return 0.0\n",
    ),
    Planted(
        "retries without end",
        "at most max_retries executions after one that failed",
        "policy/retry.py",
        "        if failures > self.max_retries or error.category in CANNOT_PASS:\n",
        "        if error.category in CANNOT_PASS:\n",
    ),
    Planted(
        "what is unanswered is sent again",
        "an execution that may exist is not started again unasked",
        "policy/retry.py",
        '        if self.on_unknown_submit == "hold" or failures > self.max_retries:\n',
        "        if failures > self.max_retries:\n",
    ),
    Planted(
        "resubmit without end",
        "resubmit starts at most 1 + max_retries executions",
        "policy/retry.py",
        '        if self.on_unknown_submit == "hold" or failures > self.max_retries:\n',
        '        if self.on_unknown_submit == "hold":\n',
    ),
    Planted(
        "a trouble of configuration fails the task",
        "the batch stops itself instead",
        "policy/retry.py",
        '    return error.scope == "batch" or error.category in PAUSES_BATCH\n',
        "    return error.category in PAUSES_BATCH\n",
    ),
    Planted(
        "lost after one look",
        "lost is what Coze has not known for 60 s in a row",
        "engine/lifecycle/poll.py",
        "        return min(age, unknown_for) < NOT_YET_KNOWN\n",
        "        return age < NOT_YET_KNOWN\n",
    ),
    # Commands
    Planted(
        "a retry pays unasked",
        "no retry starts an execution without having asked",
        "engine/commands.py",
        "(may_pay and needs_new_execution(row) and await self._rerun(row))",
        "(needs_new_execution(row) and await self._rerun(row))",
    ),
    Planted(
        "a run stays finished when something is started in it",
        "a kill after that is continued",
        "engine/ledger.py",
        '        self.run = replace(self.run, status="open", finished_at=None)\n        self._reopened += 1\n',
        "        self._reopened += 1\n",
    ),
    Planted(
        "adopt believes whatever it is told",
        "an execution that another task has is refused",
        "engine/adoption.py",
        "        if recorded.execute_id != execute_id and recorded.key != key:\n            continue\n",
        "        continue\n",
    ),
    Planted(
        "adopt does not ask Coze",
        "an execution that Coze does not know is refused",
        "engine/adoption.py",
        '    if result.status == "unknown":\n',
        "    if False:\n",
    ),
    *TABLE_FAULTS,
)
