"""Who may run a record when several operators work on one table: each claims it before paying for it.

Feishu has no compare-and-set. Claims follow Fischer's rule of mutual exclusion with a time bound, the window W:

    1  Read the record. It must be free: in the ready state.
    2  Write the running value, and a new random mark into the result column. The mark counts only if we know that it
       stands there less than W after a read that showed the record free: by the answer to the write, or by seeing it.
    3  Wait W.
    4  Read the record again. It is ours if the mark that counts still stands there.

Why two operators never both win, with P's mark written first and Q's second: P saw his mark W after it counted, so Q's
mark arrived later than that. Q's mark counts, so Q read the record as free less than W before it arrived, which is
after P's mark had arrived. But then the record was not free, and Q did not write.

A write may be lost, or arrive late. Therefore we look at the record while a write is under way:

- It still shows free: the time of step 2 begins anew, and after a lost write we write again, with a new mark. The old
  mark does no harm: if it arrives after all, somebody who waits in step 3 sees it and gives up.
- It shows a mark of ours, and less than W ago it was free or bore a mark of ours: nobody can have won in between, since
  winning takes W. The mark counts.
- It shows a mark of ours, but for W or longer we could not look: somebody may have won, and our late write may have
  hidden his mark. We do not pay. This is a problem that is told.
- It is somebody else's before our write has arrived: it is not ours. We go on looking, and when our write arrives after
  all and hides what he wrote, we write that back as we saw it last.

What is guaranteed: as long as a read after a write's answer shows that write, at most one of all claims of a record
succeeds until a person sets the record back. Only durations are measured; clocks need not agree.

A mark begins with the random id that is kept in the state folder, so machines made from one image are told apart. The
name of its claim follows, which is on disk before the mark is written. When somebody else has the record, a late write
of ours may still hide his mark. Then the claim is lost and its name is not used again: the next start does not take
that mark for a claim that goes on. It does not pay and tells the problem, until somebody sets the record back.

Not guaranteed: what somebody else wrote between our last look, at most W/4 before our late write, and its arrival is
lost by that write. After a crash in steps 2 to 4, the next start goes on with the mark that its own earlier process
left (steps 3 and 4). If that process died with a write under way for more than W, if somebody else won meanwhile, and
if the write then arrived and hid his mark, both run the record. Without a mapped result column there is no mark: a
claim then only finds out whether the record is still free, and two operators within the same W may both win.

A won claim is not believed for ever: before another execution of the same record its mark is read again, since a person
may have set the record back and a colleague may have it now. Claims that come at the same time share their requests.
"""

from __future__ import annotations

import anyio

from cozebatch.feishu.base import Record
from cozebatch.feishu.claim_answers import hiding, late_mark, refused, taken, unsettled
from cozebatch.feishu.claim_records import ClaimRecords
from cozebatch.feishu.claim_state import Claim, Together
from cozebatch.feishu.codes import NETWORK, Kind
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import ErrorInfo, LostClaimError

PATIENCE = 60.0
"""Seconds for which one claim tries again by itself."""
_MOST_TRIES = 6
_PAUSE = 0.1
"""Seconds before the second try, doubled from one to the next."""
_LOOKS_A_WINDOW = 4
"""Looks at a record in one window while a write of ours may still arrive."""
_LONGEST_WRITE = 4
"""Windows that a write may take before we no longer wait for its answer."""


class Claims:
    """Claims records of one table. `writing` is held around every write of the table; `window` is W, in seconds."""

    def __init__(self, records: ClaimRecords, *, window: float, writing: anyio.Lock) -> None:
        self._records = records
        self._window = window
        self._writing = writing
        self._marking = Together(self._mark)
        self._looking = Together(self._look)
        self._known: dict[str, Claim] = {}
        """Claims of this process that were won, or are not settled yet."""

    async def claim(self, record_id: str, *, name: str = "", asked: bool = False) -> ErrorInfo | None:
        """None when the record is ours; else why it is not. Raises `StepError` when that could not be found out: then
        it may be asked again, and goes on where it was. `LostClaimError`: only with another name.

        `asked`: a person asked for a new execution, so only a record that somebody else has is refused.
        """
        claim = self._known.setdefault(record_id, Claim(record_id, name))
        claim.begin(asked=asked)
        give_up = anyio.current_time() + PATIENCE
        while claim.open:
            if claim.counting is None:
                await self._marking.do(claim)
            else:
                await anyio.sleep(max(0.0, self._next_look(claim) - anyio.current_time()))
                await self._looking.do(claim)
            if claim.open and anyio.current_time() >= give_up:
                claim.failed = unsettled()
        if claim.failed is not None:
            raise claim.failed
        if claim.answer is not None:
            self._known.pop(record_id, None)
            if claim.overdue:  # told as a problem: a mark of ours hides another, or still may
                raise LostClaimError(claim.answer if claim.hides else unsettled().info)
        return claim.answer

    def forget(self, record_id: str) -> None:
        """An outcome was written over our mark: the record is anybody's again."""
        self._known.pop(record_id, None)

    def _next_look(self, claim: Claim) -> float:
        """When to read the record again: at the window's end, or sooner while older marks may still arrive."""
        end = claim.counts_since + self._window
        if len(claim.marks) <= 1:
            return end
        return min(end, anyio.current_time() + self._window / _LOOKS_A_WINDOW)

    async def _mark(self, group: list[Claim]) -> None:
        """Steps 1 and 2 for a group: try until each claim is marked, settled or failed, but only a few times."""
        for attempt in range(1, _MOST_TRIES + 1):
            todo = [claim for claim in group if claim.unmarked]
            if not todo:
                return
            error = await self._mark_once(todo)
            wait = _PAUSE * 2 ** (attempt - 1)
            if error is not None:
                if error.kind is Kind.RECORD and len(todo) > 1:
                    # One of them is gone: each for itself. The next reading leaves out the one that is.
                    for claim in todo:
                        await self._mark([claim])
                    return
                if not error.kind.may_pass or attempt == _MOST_TRIES:
                    for claim in todo:
                        claim.failed = refused(error)
                    return
                wait = max(wait, error.retry_after or 0.0)
            if any(claim.unmarked for claim in todo):
                await anyio.sleep(wait)

    async def _mark_once(self, claims: list[Claim]) -> FeishuError | None:
        """Read and write once. The error when surely nothing was written."""
        outcome: FeishuError | None = None
        # Not to be interrupted between sending and knowing; it ends by itself after a few windows.
        async with self._writing:
            with anyio.CancelScope(shield=True):
                began = anyio.current_time()
                try:
                    with anyio.fail_after(self._window):
                        found = await self._records.read([claim.record_id for claim in claims])
                except (FeishuError, TimeoutError) as error:
                    outcome = _as_feishu(error)
                else:
                    free = [claim for claim in claims if self._is_free(claim, found.get(claim.record_id), began)]
                    if free:
                        outcome = await self._write(free)
        return outcome

    async def _write(self, claims: list[Claim]) -> FeishuError | None:
        """Write a new mark for each, and watch the records meanwhile. The error when surely nothing was written."""
        for claim in claims:
            claim.marks.append(self._records.new_mark(claim.name))
        error: FeishuError | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, claims)
            try:
                with anyio.fail_after(self._window * _LONGEST_WRITE):
                    await self._records.mark({claim.record_id: claim.marks[-1] for claim in claims})
            except (FeishuError, TimeoutError) as raised:
                error = _as_feishu(raised)
            else:
                now = anyio.current_time()
                for claim in claims:
                    if claim.unmarked and now - claim.sure_at < self._window:
                        claim.count(claim.marks[-1], now)
            group.cancel_scope.cancel()
        if error is not None and not error.kind.is_unclear:
            for claim in claims:
                claim.marks.pop()
            return error
        for claim in claims:
            claim.overdue = claim.overdue or error is not None
        await self._see([claim for claim in claims if claim.unmarked or claim.seen is not None])
        await self._uncover([claim for claim in claims if claim.hides])
        return None

    async def _watch(self, claims: list[Claim]) -> None:
        """See whether the records are still free, bear our marks, or are somebody else's, until cancelled."""
        while True:
            await anyio.sleep(self._window / _LOOKS_A_WINDOW)
            await self._see([claim for claim in claims if claim.unmarked or claim.seen is not None])

    async def _see(self, claims: list[Claim]) -> None:
        """Look at the records once, if Feishu answers."""
        if not claims:
            return
        began = anyio.current_time()
        try:
            with anyio.fail_after(self._window):
                found = await self._records.read([claim.record_id for claim in claims])
        except (FeishuError, TimeoutError):
            return
        for claim in claims:
            record = found.get(claim.record_id)
            if claim.unmarked:
                self._is_free(claim, record, began)
            if record is not None and not claim.open:
                claim.hides = claim.seen is not None and self._records.find_mark(record, claim.marks) is not None
                if not claim.hides:
                    claim.seen = record

    async def _uncover(self, claims: list[Claim]) -> None:
        """Our write came after somebody else's and hides it: write back what was seen there last."""
        seen = [claim.seen for claim in claims if claim.seen is not None]
        if not seen:
            return
        try:
            with anyio.fail_after(self._window * _LONGEST_WRITE):
                await self._records.restore(seen)
        except (FeishuError, TimeoutError):
            for claim in claims:
                claim.overdue = True
                claim.settle(hiding())

    async def _look(self, group: list[Claim]) -> None:
        """Step 4 for a group."""
        for attempt in range(1, _MOST_TRIES + 1):
            began = anyio.current_time()
            try:
                found = await self._records.read([claim.record_id for claim in group])
                break
            except FeishuError as error:
                if not error.kind.may_pass or attempt == _MOST_TRIES:
                    for claim in group:
                        claim.failed = refused(error)
                    return
                wait = max(_PAUSE * 2 ** (attempt - 1), error.retry_after or 0.0)
            await anyio.sleep(wait)
        for claim in group:
            self._is_free(claim, found.get(claim.record_id), began)

    def _is_free(self, claim: Claim, record: Record | None, began: float) -> bool:
        """What a read of the record, asked for at `began`, means for its claim. True if our mark may be written."""
        if record is None:
            claim.settle(taken(None))
            return False
        status = self._records.status(record)
        if status == self._records.running:
            mark = self._mark_of_ours(claim, record)
            if mark is None and self._records.earlier_mark(record) is not None:
                claim.failed = late_mark()
            elif mark is None:
                claim.settle(taken(status))
            else:
                self._saw_mark(claim, mark, began)
            return False
        if not (claim.asked or self._records.is_ready(status)):
            claim.settle(taken(status))
            return False
        claim.sure_at, claim.counting, claim.won = began, None, None
        return True

    def _saw_mark(self, claim: Claim, mark: str, began: float) -> None:
        """Our mark stood there in a read that was asked for at `began`."""
        now = anyio.current_time()
        if mark == claim.won:
            claim.settle(None)
        elif mark == claim.counting:
            claim.sure_at = began
            if began >= claim.counts_since + self._window:
                claim.won = mark
                claim.settle(None)
        elif now - claim.sure_at < self._window:
            claim.count(mark, now)
            claim.sure_at = began
        else:
            claim.failed = unsettled()

    def _mark_of_ours(self, claim: Claim, record: Record) -> str | None:
        """The mark of ours that a record in the running state bears; None where it bears none."""
        found = self._records.find_mark(record, claim.marks)
        if found is None and not claim.marks:
            found = self._records.earlier_mark(record, "" if claim.asked else claim.name)
            if found is not None:
                claim.marks.append(found)
                claim.count(found, anyio.current_time())
        return found


def _as_feishu(error: FeishuError | TimeoutError) -> FeishuError:
    return error if isinstance(error, FeishuError) else FeishuError(NETWORK, wording="no answer in time")
