"""What a run would do, before anything is sent or paid: all that a front shows, and nothing of the tasks' texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cozebatch.model.sanitize import clean
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.leftovers import Leftover, leftovers
from cozebatch.planning.planned import LAST_DAYS, Action, Planned, days_left, expiring, is_expired
from cozebatch.ports import Delivery, RunRecord

_RUNS = frozenset({Action.SUBMIT, Action.WATCH, Action.FINISH, Action.HOLD})

MOST_NAMED = 20
"""Rows that a sentence names."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A line of the preview. `reason`: why the task is skipped or held. `expired`: Coze will hardly have the result of
    its execution any more."""

    task_id: str
    title: str
    action: Action
    state: State
    execute_id: str | None = None
    expired: bool = False
    days_left: int | None = None
    """Days for which Coze still has the result of its execution, where that was never fetched and they are few."""
    reason: Text | None = None
    recognized: bool = False
    """By its parameters: it is served by what was paid for as another row."""
    account_id: str = ""
    waits: bool = False
    """Its execution waits for an answer."""
    reusable: bool = False
    """Its parameters were paid for as another row's within the last days: that result may be used, free."""
    edited: bool = False
    """It is run with the title and script that the operator gave it here, not with those of the source."""

    @classmethod
    def of(cls, planned: Planned, now: float) -> PlannedTask:
        """`now` in Unix seconds."""
        if isinstance(planned.made, int) and isinstance(planned.task, Task):
            task = planned.task
            return cls(
                task.task_id,
                task.title,
                planned.action,
                State.PENDING,
                account_id=task.account_id,
                edited=task.edited,
            )
        row, error = planned.row, planned.error
        return cls(
            row.task_id,
            row.title,
            planned.action,
            row.state,
            row.execute_id,
            is_expired(row, now),
            _few_days(planned, now),
            planned.note or (error.message if error is not None else None),
            planned.recognized,
            row.account_id,
            row.waits,
            False,
            isinstance(planned.task, Task) and planned.task.edited and planned.action in _RUNS,
        )


def _few_days(planned: Planned, now: float) -> int | None:
    unfetched = planned.action is Action.WATCH or planned.row.state is State.HELD
    left = days_left(planned.row, now) if unfetched else None
    return left if left is not None and left < LAST_DAYS and not is_expired(planned.row, now) else None


@dataclass(frozen=True, slots=True)
class Preview:
    """What `Batch.prepare` found. `Batch.run` takes it back to run exactly this."""

    run: RunRecord
    continuing: bool
    tasks: Sequence[PlannedTask]
    owed: int = 0
    """Write-backs that earlier runs left undelivered."""
    leftovers: Sequence[Leftover] = ()
    """What earlier runs left, with what happens to it by itself (`planning.leftovers.DEFAULTS`)."""
    partial: bool = False
    """Other tasks of the run are left out: it is to be continued."""
    origin: str = ""
    """Where the tasks come from and what was asked for there, as a person would say it."""
    journal_incomplete: bool = False
    """The journal was damaged: what it does not know may have been paid for."""
    trial: int | None = None
    """Only so many new executions are started before a person says to go on; None for all."""
    reuse: bool = False
    """Rows whose parameters were paid for as another row's have that result; else they are paid for."""
    left_out: frozenset[str] = frozenset()
    """Tasks that the operator left out: they stay for another run."""
    excluded_in_vain: Sequence[str] = ()
    """What --exclude names and the source does not have."""
    actions: Mapping[Action, int] = field(init=False)
    """How many tasks there are of each action."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "actions", Counter(task.action for task in self.tasks))

    @property
    def recognized(self) -> Text | None:
        """How many rows were recognized by their content, and which; None where there are none."""
        ids = [task.task_id for task in self.tasks if task.recognized]
        if not ids:
            return None
        return Text(
            "按内容认出 {count} 个任务，用以前付过费的执行，不再扣费：{named}。",
            "{count} task(s) recognized by content, served by what was paid for earlier, free: {named}.",
        ).filled(count=len(ids), named=_named(ids))

    @property
    def edited(self) -> Text | None:
        """How many rows are run with a script that was edited here, and which; None where there are none."""
        ids = [task.task_id for task in self.tasks if task.edited]
        if not ids:
            return None
        return Text(
            "{count} 个任务用在这里改过的文案，来源里还是原来的：{named}。",
            "{count} task(s) with a script edited here; the source still has the earlier one: {named}.",
        ).filled(count=len(ids), named=_named(ids))

    @property
    def misnamed(self) -> Text | None:
        """What --exclude names in vain: with a misspelt id a task is paid for that was to be left out. None if all are
        known."""
        if not self.excluded_in_vain:
            return None
        return Text(
            "--exclude 里有来源没有的任务：{named}。请核对，别让它们照样执行。",
            "--exclude names tasks that the source does not have: {named}. Check them, or a task may run that you "
            "meant to leave out.",
        ).filled(named=_named(self.excluded_in_vain))

    @property
    def expiring(self) -> Text | None:
        """How many results Coze will drop within days, and when the first of them; None where there are none."""
        return expiring([task.days_left for task in self.tasks if task.days_left is not None])

    @property
    def new_executions(self) -> int:
        """How many executions would be paid for, retries aside."""
        most = [number for number in (self.trial, self.run.allowance.left) if number is not None]
        return min([*most, self.actions.get(Action.SUBMIT, 0)])

    @property
    def reserved(self) -> int:
        """How many a trial leaves for later."""
        number = self.actions.get(Action.SUBMIT, 0)
        return 0 if self.trial is None else max(0, number - self.trial)

    @property
    def has_work(self) -> bool:
        working = (Action.SUBMIT, Action.WATCH, Action.FINISH, Action.DELIVER)
        return (
            self.owed > 0
            or any(task.waits for task in self.tasks)
            or any(self.actions.get(action, 0) for action in working)
        )

    @property
    def same_script(self) -> Text | None:
        """How many rows say what was paid for as another row's, and what becomes of them; None where there are none."""
        if not self.reusable:
            return None
        if self.reuse:
            return Text(
                "{count} 个任务的参数 7 天内付过费：用那次的结果，免费。",
                "{count} task(s) with parameters paid for within 7 days: those results are used, free.",
            ).filled(count=self.reusable)
        return Text(
            "{count} 个任务的参数 7 天内给别的任务付过费：现在会再付一次，也可以用那次的结果（免费）。",
            "{count} task(s) with parameters paid for as another task's within 7 days: paid for again, unless those "
            "results are used (free).",
        ).filled(count=self.reusable)

    @property
    def reusable(self) -> int:
        """How many rows that would be paid for may have another row's result."""
        return sum(task.reusable for task in self.tasks)

    def reusing(self, reuse: bool) -> Preview:
        """The same with the other choice for those rows."""
        action = Action.FINISH if reuse else Action.SUBMIT
        return replace(
            self,
            reuse=reuse,
            tasks=tuple(replace(task, action=action) if task.reusable else task for task in self.tasks),
        )

    def canary(self, count: int) -> Preview:
        """The same, beginning with a trial of `count` new executions. The others are of this run too."""
        return replace(self, trial=count)

    def without(self, task_ids: Collection[str]) -> Preview:
        """The same without those of these tasks that would be paid for; the run is to be continued with them."""
        left_out = {t.task_id for t in self.tasks if t.action is Action.SUBMIT and t.task_id in task_ids}
        kept = tuple(t for t in self.tasks if t.task_id not in left_out)
        return replace(
            self, tasks=kept, partial=self.partial or bool(left_out), left_out=self.left_out | frozenset(left_out)
        )


def preview_of(
    run: RunRecord,
    planned: Sequence[Planned],
    owed: Sequence[Delivery],
    *,
    now: float,
    continuing: bool,
    partial: bool,
    origin: str,
    journal_incomplete: bool,
    reusable: Collection[str] = (),
    excluded_in_vain: Sequence[str] = (),
) -> Preview:
    """The preview of a plan; `now` in Unix seconds."""
    return Preview(
        run,
        continuing,
        tuple(
            replace(PlannedTask.of(p, now), reusable=True) if p.task_id in reusable else PlannedTask.of(p, now)
            for p in planned
        ),
        owed=len(owed),
        leftovers=leftovers(planned, owed, now),
        partial=partial,
        origin=origin,
        journal_incomplete=journal_incomplete,
        excluded_in_vain=excluded_in_vain,
    )


def _named(task_ids: Sequence[str]) -> Text:
    shown, more = [clean(task_id, 40) for task_id in task_ids[:MOST_NAMED]], len(task_ids) > MOST_NAMED
    return Text("、".join(shown) + (" 等" if more else ""), ", ".join(shown) + (" and more" if more else ""))
