"""What all tasks of a run share. Each fact has one owner with methods; this composes the owners.

`Slots` knows who holds a Coze slot, `AdmissionQueue` who waits, `Pauses` why nothing is submitted, `Cancellations`
whom the operator gave up, `PollWaits` when executions are polled next, `Submissions` what is on the wire, `Spending`
how much more may be paid for, `Uploads` which file ids Coze refuses, `Orphans` which executions in flight no task run
watches.
"""

from __future__ import annotations

import random

import anyio

from cozebatch.engine.activity import Activity
from cozebatch.engine.admission_queue import AdmissionQueue
from cozebatch.engine.answers import GivenAnswers
from cozebatch.engine.cancellations import Cancellations
from cozebatch.engine.ledger import Ledger
from cozebatch.engine.options import Adapters, Options
from cozebatch.engine.orphans import Orphans
from cozebatch.engine.pauses import OPERATOR, Pauses
from cozebatch.engine.poll_waits import PollWaits
from cozebatch.engine.rate_limiter import RateLimiter
from cozebatch.engine.slots import Slots
from cozebatch.engine.spending import Spending
from cozebatch.engine.submissions import Submissions
from cozebatch.engine.synthesis_limiter import ConcurrencyLimiter
from cozebatch.engine.uploads import Uploads
from cozebatch.model.allowance import SPENT
from cozebatch.policy.retry import RetryPolicy
from cozebatch.ports import ElasticSynthesizer

DOWNLOADS_AT_ONCE = 8


class RunState:
    """Lives on the engine's event loop. Its own fact is whether the run drains; all others belong to its parts."""

    def __init__(self, ledger: Ledger, adapters: Adapters, options: Options) -> None:
        self.ledger = ledger
        self.adapters = adapters
        self.options = options
        self.retry = RetryPolicy(options.max_retries, options.on_unknown_submit, random.Random(options.seed))
        self.activity = Activity()
        self.rate_limiter = RateLimiter(options.request_rate)
        elastic = isinstance(adapters.synthesizer, ElasticSynthesizer)
        self.synthesis_limiter = ConcurrencyLimiter(options.max_synthesis, 0 if elastic else None)
        self.downloads = anyio.CapacityLimiter(DOWNLOADS_AT_ONCE)
        notify = self.activity.notify
        self.slots = Slots(ledger, options.max_coze, notify, learned=options.learned_limit)
        self.queue = AdmissionQueue(notify)
        self.pauses = Pauses(ledger, notify, self.queue.release_suspended)
        self.cancellations = Cancellations()
        self.poll_waits = PollWaits()
        self.given_answers = GivenAnswers()
        self.uploads = Uploads()
        self.submissions = Submissions(ledger, notify)
        self.spending = Spending(ledger, self.pauses, self.submissions, notify)
        self.orphans = Orphans(ledger, adapters, self.slots, self.rate_limiter, self.retry, options.execution_timeout)
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the run is to end as soon as answers to requests already sent are on disk."""
        return self._draining

    def start_draining(self) -> None:
        self._draining = True
        self.activity.notify()

    @property
    def may_submit(self) -> bool:
        return not self._draining and not self.pauses

    @property
    def may_ask(self) -> bool:
        """Whether waiting executions may be looked at and answered, which pays for nothing: also while the operator
        lets nothing new be submitted."""
        return not self._draining and set(self.pauses.reasons) <= {OPERATOR, *SPENT}

    @property
    def may_send(self) -> bool:
        """Whether a task that was let in to submit may still do so now: a moment later than `may_submit`."""
        return self.may_submit and not self.spending.is_over
