"""What pauses the whole batch: the operator, credentials, quota, a full disk, wrong requests, a journal that fails.

While any reason holds, nothing new is submitted; executions in flight are watched to their end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cozebatch.engine.ledger import Ledger
from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo, JournalError
from cozebatch.model.text import Text

SAME_REFUSAL = 3
"""Tasks refused with one and the same code, before any was accepted, that pause the batch."""

OVER_QUOTA = 600.0
"""Seconds of running time without an acceptance after which a quota that is told by HTTP 429 pauses the batch
(docs/contract.md §4)."""

OPERATOR = "operator"
JOURNAL = "journal"


class Pauses:
    """The board holds the reasons; this decides when they come and go. `on_resume` lets suspended tasks go on."""

    def __init__(self, ledger: Ledger, notify: Callable[[], None], on_resume: Callable[[], None]) -> None:
        self._ledger = ledger
        self._notify = notify
        self._on_resume = on_resume
        self._refused_codes: Counter[str | None] = Counter()
        self._accepted_any = False
        self._over_quota_since: float | None = None
        self._unwritten = 0
        """Task runs that hold on to a change which the disk refuses."""
        ledger.after_each_write(self._journal_works)

    def __bool__(self) -> bool:
        return bool(self.reasons)

    @property
    def reasons(self) -> Mapping[str, ErrorInfo | None]:
        return self._ledger.board.paused

    @property
    def needs_a_person(self) -> bool:
        """Whether anything but the operator's own pause stopped the batch."""
        return bool(set(self.reasons) - {OPERATOR})

    def pause(self, reason: str, error: ErrorInfo | None = None) -> None:
        if reason not in self.reasons:
            self._ledger.publish(events.Paused(reason=reason, error=error, **self._ledger.stamp()))
        self._notify()

    def resume(self) -> None:
        """Every reason is over."""
        self._refused_codes.clear()
        self._over_quota_since = None
        self._ledger.publish(events.Resumed(**self._ledger.stamp()))
        self._on_resume()
        self._notify()

    def journal_failed(self, error: JournalError) -> None:
        """Nothing may be paid for that could not be written down."""
        self.pause(JOURNAL, _journal_pause(error))

    @contextmanager
    def unwritten_change(self) -> Iterator[None]:
        """A change waits for the disk: a write that succeeds meanwhile does not end the pause."""
        self._unwritten += 1
        try:
            yield
        finally:
            self._unwritten -= 1
        self._journal_works()

    @property
    def accepted_any(self) -> bool:
        """Whether Coze has accepted a submission of this process: then requests are not wrong in general."""
        return self._accepted_any

    def accepted(self) -> None:
        """Coze accepted a submission."""
        self._accepted_any = True
        self._over_quota_since = None

    def doubted(self, error: ErrorInfo) -> None:
        """A request was refused as wrong before any was accepted: the same on several tasks is the batch's fault."""
        self._refused_codes[error.code] += 1
        if self._refused_codes[error.code] >= SAME_REFUSAL:
            self.pause("invalid_request", error)

    def throttled(self, error: ErrorInfo) -> None:
        """Over a limit. If Coze names a quota, and accepts nothing for long, it is no limit that passes."""
        if error.scope != "batch":
            return
        now = self._ledger.clock.now()
        if self._over_quota_since is None:
            self._over_quota_since = now
        elif now - self._over_quota_since >= OVER_QUOTA:
            self.pause(Category.QUOTA.value, error)

    def _journal_works(self) -> None:
        """Resume if only the journal had stopped the batch and no change still waits for the disk: a disk that is
        nearly full takes a small write and refuses the next."""
        if not self._unwritten and set(self.reasons) == {JOURNAL}:
            self.resume()


def _journal_pause(error: JournalError) -> ErrorInfo:
    return ErrorInfo(
        Category.INTERNAL,
        error.text,
        hint=Text(
            "能写入后会自动继续；也可以退出，清理后再运行同一命令。",
            "The batch continues by itself once the state file can be written. Or quit, make room, and run the same "
            "command again.",
        ),
    )
