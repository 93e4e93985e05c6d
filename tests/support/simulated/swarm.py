"""Which kinds of trouble a schedule has. Each seed draws some, so that rare combinations meet undisturbed."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum


class Fault(StrEnum):
    CRASHES = "crashes"
    """The process dies at a journal write or at any moment."""
    DISK = "disk"
    """The journal refuses writes."""
    CLOCKS = "clocks"
    """The machine sleeps, or its clock is set."""
    LOST_ANSWERS = "lost answers"
    """Of submissions, before or after Coze accepted them."""
    REFUSALS = "refusals"
    """Of submissions: network, server, rejected content, quota, limits."""
    FAILURES = "failures"
    """Executions that Coze reports as failed."""
    FORGETTING = "forgetting"
    """Coze drops an execution for good."""
    BLINDNESS = "blindness"
    """Coze does not know an execution for a while."""
    POLLS = "polls"
    """Polls fail, some for minutes in a row."""
    ACCOUNT = "account"
    """The credentials are refused for a while."""
    CONFIGURATION = "configuration"
    """Submissions are refused for what is wrong with the configuration, for a whole start."""
    FILMS = "films"
    """Downloads and syntheses fail."""
    TABLE = "table"
    """Requests to Feishu fail or conflict."""
    LATE_WRITES = "late writes"
    """Writes to Feishu are slow, arrive after their answer was given up, or lose the answer."""
    OPERATOR = "operator"
    """Commands at any moment, overlapping."""
    OPEN_SCREEN = "open screen"
    """The screen stays open after the end: commands, kills."""
    NEW_RUNS = "new runs"
    """More starts after a run has finished."""
    EDITS = "edits"
    """Rows change between starts: columns that are sent, columns that are not; rows go."""
    RENAMES = "renames"
    """The task file has another name at the next start."""
    SORTING = "sorting"
    """Rows are re-sorted, and new ones come in at the top."""
    DUPLICATES = "duplicates"
    """Rows are copied."""
    LEFT_OUT = "left out"
    """Starts with `--exclude` or `--limit`."""
    FRESH = "fresh"
    RERUNS = "reruns"
    """Starts with `--rerun`."""
    WRONG_ADOPTS = "wrong adopts"
    """A person names an execution that does not exist, or another row's."""
    SETBACKS = "setbacks"
    """A colleague sets status cells back to ready."""
    OTHER_WORKFLOW = "other workflow"
    """`workflow_id` is changed between starts."""
    OPEN_FILTER = "open filter"
    """The table's filter is not on the status column."""
    LITTLE_ROOM = "little room"
    """The account allows fewer executions at once than the operator's limit."""
    REUSE = "reuse"
    """Starts with `--reuse`, on rows that are copied."""
    FILES_IN = "files in"
    """Rows have a file each, which must be with Coze before anything is paid; uploads fail."""
    FILMS_OUT = "films out"
    """Finished rows show their films; uploads fail, are forgotten, lose answers, find no room."""
    FILES_DROPPED = "files dropped"
    """Coze drops files between starts, and refuses what is submitted with them."""
    QUESTIONS = "questions"
    """Executions wait for a person: answered here or elsewhere; answers are lost or refused."""


QUIET: frozenset[Fault] = frozenset()
APART: Mapping[Fault, Sequence[Fault]] = {
    Fault.FILES_IN: (Fault.NEW_RUNS, Fault.CRASHES, Fault.DISK, Fault.REFUSALS),
    Fault.FILES_DROPPED: (Fault.FILES_IN, Fault.FILES_IN, Fault.NEW_RUNS, Fault.CRASHES, Fault.DISK),
    Fault.FILMS_OUT: (Fault.CRASHES, Fault.NEW_RUNS, Fault.DISK, Fault.LATE_WRITES, Fault.FILMS),
    Fault.REUSE: (Fault.DUPLICATES, Fault.DUPLICATES, Fault.NEW_RUNS, Fault.RENAMES, Fault.EDITS),
    Fault.QUESTIONS: (Fault.LOST_ANSWERS, Fault.LOST_ANSWERS, Fault.REFUSALS, Fault.OPERATOR, Fault.NEW_RUNS),
}
"""Drawn apart from the others, so that what older seeds draw stays as it was; each with what goes with it."""


OFTEN = frozenset({Fault.CRASHES, Fault.NEW_RUNS, Fault.OPERATOR, Fault.FAILURES})
"""What most others are harmless without."""


def draw(rng: random.Random) -> frozenset[Fault]:
    """The faults of one schedule: usually a handful, now and then none or all."""
    share = rng.choice([0.0, 0.15, 0.15, 0.3, 0.3, 0.5, 1.0])
    older = [f for f in Fault if f not in APART]
    return frozenset(f for f in older if rng.random() < (max(share, 0.6) if share and f in OFTEN else share))


def draw_apart(seed: int) -> frozenset[Fault]:
    """Those of the faults drawn apart that a seed has, with some that they are harmless without."""
    found: set[Fault] = set()
    for fault, others in APART.items():
        rng = random.Random(f"{fault} {seed}")
        if rng.random() < 0.3:
            found |= {fault, *(other for other in others if rng.random() < 0.5)}
    return frozenset(found)


def told(faults: Collection[Fault]) -> str:
    return ", ".join(sorted(faults)) or "none"
