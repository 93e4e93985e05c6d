"""Who may run a record, when several operators work on one table: claimed before it is paid for.

Feishu has no compare-and-set, so claims follow Fischer's rule of mutual exclusion with a time bound, the window W:

    1  read the record; it must be in the ready state
    2  write the running value, and our mark into the result column; from the start of 1 to the answer of 2 less than
       W may pass, or the claim is given up
    3  wait W
    4  read the record again: it is ours when it still bears our mark

Whoever read "ready" before our write has, by his own step 2, written within W of it, so our step 4 sees his mark
instead of ours, and of several the last one to write wins.

What is guaranteed: as long as a read after a write's answer shows that write, of all claims of one record at most one
succeeds. Only durations are measured; clocks need not agree. A claim whose write took longer than W, or got no answer
and was not seen to have arrived within W, is never counted as ours by this process: the record stays in the running
state, unpaid, until a person sets it back.

Not covered: an operator that dies between 2 and 4 and starts again goes through 2 to 4 once more on the record that
bears his own mark; should somebody else have won it in between and lost his mark to a write that was under way for
more than W when its process died, both would run it. Without a mapped result column there is no mark: then a claim
only finds out that a record is no longer ready, and two operators within the same W may both win.

Claims that come at the same time share their requests.
"""

from __future__ import annotations

import platform
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import anyio

from cozebatch.feishu.base import FeishuBase, Record
from cozebatch.feishu.cells import cell_text
from cozebatch.feishu.claim_answers import refused, taken, unsafe
from cozebatch.feishu.codes import NETWORK, Kind
from cozebatch.feishu.layout import Columns, StatusValues
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import ErrorInfo, StepError

MOST_AT_ONCE = 100
"""Records that Feishu gives by id at once."""
_GATHER = 0.02
"""Seconds a claim waits for others to share its requests."""
_MOST_TRIES = 6
_PAUSE = 0.1
"""Seconds before the second try, doubled from one to the next."""
_NO_SUCH_CALL = (404, 405)


@dataclass(slots=True, eq=False)
class _Claim:
    """One record to be claimed, and how far that has come."""

    record_id: str
    mark: str
    written: float | None = None
    """When the answer to the write of our mark was there."""
    settled: bool = False
    answer: ErrorInfo | None = None
    failed: StepError | None = None

    def settle(self, answer: ErrorInfo | None) -> None:
        self.settled, self.answer = True, answer

    @property
    def open(self) -> bool:
        return not self.settled and self.failed is None


class _Together:
    """Does the same step for all claims that wait for it, in one go; whoever comes first does it for the others."""

    def __init__(self, step: Callable[[list[_Claim]], Awaitable[None]]) -> None:
        self._step = step
        self._waiting: list[_Claim] = []
        self._leading = anyio.Lock()

    async def do(self, claim: _Claim) -> None:
        self._waiting.append(claim)
        try:
            await anyio.sleep(_GATHER)
            async with self._leading:
                while claim in self._waiting:
                    others = [other for other in self._waiting if other is not claim]
                    group = [claim, *others[: MOST_AT_ONCE - 1]]
                    await self._step(group)
                    self._waiting = [other for other in self._waiting if other not in group]
        finally:
            if claim in self._waiting:
                self._waiting.remove(claim)


class Claims:
    """Claims records of one table. `writing` is held around every write of the table; `window` is W, in seconds."""

    def __init__(
        self,
        base: FeishuBase,
        table_id: str,
        columns: Columns,
        values: StatusValues,
        *,
        ready: tuple[str, ...],
        owner: str,
        window: float,
        writing: anyio.Lock,
    ) -> None:
        self._base = base
        self._table_id = table_id
        self._columns = columns
        self._values = values
        self._ready = ready
        self._owner = owner
        self._window = window
        self._writing = writing
        self._marking = _Together(self._mark)
        self._looking = _Together(self._look)
        self._known: dict[str, _Claim] = {}
        """Claims of this process that were written in time, won or not looked at yet."""
        self._unsafe: set[str] = set()
        """Records that a write of ours may have reached too late to tell whose they are."""
        self._by_search = False

    async def claim(self, record_id: str) -> ErrorInfo | None:
        """None when the record is ours; else why it is not. Raises `StepError` when that could not be found out."""
        if record_id in self._unsafe:
            return unsafe()
        claim = self._known.get(record_id) or _Claim(record_id, f"#{self._owner}.{secrets.token_hex(4)}")
        claim.failed = None
        if claim.open and claim.written is None:
            await self._marking.do(claim)
        if claim.open and claim.written is not None:
            await anyio.sleep(max(0.0, claim.written + self._window - anyio.current_time()))
            await self._looking.do(claim)
        if claim.failed is not None:
            raise claim.failed
        if claim.answer is not None:
            self._known.pop(record_id, None)
        return claim.answer

    async def _mark(self, group: list[_Claim]) -> None:
        """Steps 1 and 2 for a group: afterwards each claim is written, settled or failed."""
        for attempt in range(1, _MOST_TRIES + 1):
            todo = [claim for claim in group if claim.open and claim.written is None]
            if not todo:
                return
            error = await self._mark_once(todo)
            if error is None:
                return
            if error.kind is Kind.RECORD and len(todo) > 1:
                # One of them is gone: each for itself. The next reading leaves out the one that is.
                for claim in todo:
                    await self._mark([claim])
                return
            if not error.kind.may_pass or attempt == _MOST_TRIES:
                for claim in todo:
                    claim.failed = refused(error)
                return
            await anyio.sleep(max(_PAUSE * 2 ** (attempt - 1), error.retry_after or 0.0))

    async def _mark_once(self, claims: list[_Claim]) -> FeishuError | None:
        """Read and write once. The error when surely nothing was written; None when every claim knows where it is."""
        outcome: FeishuError | None = None
        # Not to be interrupted between sending and knowing; it ends by itself within the window.
        async with self._writing:
            with anyio.CancelScope(shield=True):
                began = anyio.current_time()
                try:
                    with anyio.fail_after(self._window):
                        found = await self._read([claim.record_id for claim in claims])
                except (FeishuError, TimeoutError) as error:
                    outcome = _as_feishu(error)
                else:
                    contenders = [claim for claim in claims if self._may_write(claim, found.get(claim.record_id))]
                    if contenders:
                        outcome = await self._write(contenders, began)
        return outcome

    async def _write(self, claims: list[_Claim], began: float) -> FeishuError | None:
        deadline = began + self._window
        changes = [(claim.record_id, self._fields(claim)) for claim in claims]
        try:
            with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
                await self._base.update(self._table_id, changes)
        except (FeishuError, TimeoutError) as raised:
            error = _as_feishu(raised)
            if not error.kind.is_unclear:
                return error
            marked = await self._marked(claims, deadline)
        else:
            marked = claims
        now = anyio.current_time()
        for claim in claims:
            if claim in marked and now < deadline:
                claim.written = now
                self._known[claim.record_id] = claim
            else:
                self._unsafe.add(claim.record_id)
                claim.settle(unsafe())
        return None

    async def _marked(self, claims: list[_Claim], deadline: float) -> list[_Claim]:
        """After a write without a clear answer: those whose mark stands there all the same, seen before `deadline`."""
        if self._columns.result is None:
            return []
        try:
            with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
                found = await self._read([claim.record_id for claim in claims])
        except (FeishuError, TimeoutError):
            return []
        return [claim for claim in claims if claim.mark in self._result(found.get(claim.record_id))]

    async def _look(self, group: list[_Claim]) -> None:
        """Step 4 for a group."""
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                found = await self._read([claim.record_id for claim in group])
                break
            except FeishuError as error:
                if not error.kind.may_pass or attempt == _MOST_TRIES:
                    for claim in group:
                        claim.failed = refused(error)
                    return
                wait = max(_PAUSE * 2 ** (attempt - 1), error.retry_after or 0.0)
            await anyio.sleep(wait)
        for claim in group:
            record = found.get(claim.record_id)
            ours = self._columns.result is None or claim.mark in self._result(record)
            if record is not None and self._status(record) == self._values.running and ours:
                claim.settle(None)
            else:
                claim.settle(taken(self._status(record) if record is not None else None))

    def _may_write(self, claim: _Claim, record: Record | None) -> bool:
        """Step 1: whether the record is in the ready state, or bears a mark of ours from an earlier process."""
        if record is None:
            claim.settle(taken(None))
            return False
        status = self._status(record)
        others = (self._values.running, self._values.done, self._values.failed)
        is_ready = status in self._ready if self._ready else status not in others
        is_ours = status == self._values.running and f"#{self._owner}." in self._result(record)
        if is_ready or is_ours:
            return True
        claim.settle(taken(status))
        return False

    async def _read(self, record_ids: list[str]) -> dict[str, Record]:
        """The records as they are now, by id; those that are gone are missing."""
        if not self._by_search:
            try:
                return {record.record_id: record for record in await self._base.get(self._table_id, record_ids)}
            except FeishuError as error:
                if error.status not in _NO_SUCH_CALL:
                    raise
                # A gateway in between that lets only some calls through.
                self._by_search = True
        values = [value for value in (*self._ready, self._values.running) if value is not None]
        status = self._columns.status
        conditions = [{"field_name": status, "operator": "is", "value": [value]} for value in values]
        columns = [column for column in (status, self._columns.result) if column is not None]
        found = await self._base.search_all(
            self._table_id,
            columns=columns,
            filter={"conjunction": "or", "conditions": conditions} if self._ready else None,
        )
        return {record.record_id: record for record in found if record.record_id in record_ids}

    def _fields(self, claim: _Claim) -> Mapping[str, str | None]:
        fields: dict[str, str | None] = {}
        if self._columns.status is not None:
            fields[self._columns.status] = self._values.running
        if self._columns.result is not None:
            when = datetime.now().astimezone().strftime("%m-%d %H:%M:%S")
            fields[self._columns.result] = f"{platform.node() or 'cozebatch'} {when} 认领 / claimed {claim.mark}"
        return fields

    def _status(self, record: Record) -> str:
        return "" if self._columns.status is None else cell_text(record.cells.get(self._columns.status)).strip()

    def _result(self, record: Record | None) -> str:
        if record is None or self._columns.result is None:
            return ""
        return cell_text(record.cells.get(self._columns.result))


def _as_feishu(error: FeishuError | TimeoutError) -> FeishuError:
    return error if isinstance(error, FeishuError) else FeishuError(NETWORK, wording="no answer in time")
