"""Into the journal: what it knows stands, and what is unfinished goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cozebatch.coze.output import parse_output
from cozebatch.importing.merge import Takeover, decide, knows, survey, write
from cozebatch.importing.reading import merge
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import JOURNAL_INCOMPLETE, Action, OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.ports import RunRecord
from support.results_files import NOW, RESULT, TARGET, minutes_ago, old, own, read


def choose(entries: Mapping[str, Any], journal_says: Mapping[str, Row] | None = None, **about: Any) -> Takeover:
    from cozebatch.importing.merge import Standing

    standing = Standing(rows=journal_says or {}, **about)
    return decide(merge(read(entries)), standing, TARGET, digest="ab12", now=NOW)


MIXED = {
    "alive": old("running", execute_id="75001", submit_time=minutes_ago(5), record_id=""),
    "made": old("completed", execute_id="75002", submit_time=minutes_ago(9), complete_time=minutes_ago(4),
                coze_result=RESULT, record_id=""),
    "done": old("finished", execute_id="75003", submit_time=minutes_ago(20), complete_time=minutes_ago(10),
                coze_result=RESULT, video_path="a.mp4", record_id=""),
    "lost": old("failed", error_message="Coze提交失败: Read timed out.", submit_time=minutes_ago(7), record_id=""),
    "bad": old("failed", execute_id="75004", error_message="Coze执行失败: 1 - x", submit_time=minutes_ago(8),
               record_id=""),
    "waits": old("pending"),
}  # fmt: skip


def test_unfinished_tasks_go_into_a_run_to_be_continued_and_ended_ones_into_one_just_before_it() -> None:
    taken = choose(MIXED)
    before, going_on = taken.placed
    assert (before.run.status, going_on.run.status) == ("finished", "interrupted")
    assert before.run.place < going_on.run.place
    assert before.run.run_id != going_on.run.run_id
    assert all(p.run.run_id.startswith("import-2026") for p in taken.placed)
    assert [row.task_id for _, row in before.entries] == ["done", "lost", "bad"]
    assert [row.task_id for _, row in going_on.entries] == ["alive", "made"]
    assert (taken.not_started, taken.known) == (1, 0)
    assert {task.record_id for _, task in [(r, t) for t, r in going_on.entries]} == {"alive", "made"}


def test_what_the_journal_knows_stands() -> None:
    taken = choose(MIXED, known=frozenset({"alive", "done", "waits"}))
    assert taken.known == 2
    assert sorted(row.task_id for row in taken.rows) == ["bad", "lost", "made"]


def test_a_run_that_is_about_to_start_a_task_learns_what_became_of_it() -> None:
    run = RunRecord("r1", TARGET.source_key, "feishu", "w1", NOW - 3600, status="interrupted")
    there = {
        "alive": Row("alive", 0),
        "done": Row("done", 1, submissions=2),
        "other": Row("other", 7),
        "bad": Row("bad", 3, state=State.SKIPPED),
    }
    taken = choose(MIXED, there, unfinished=run, latest=run.started_at, run_ids=frozenset({"r1"}))
    before, joined = taken.placed
    assert joined.run == run
    positions = {row.task_id: row.position for _, row in joined.entries}
    assert positions == {"alive": 0, "done": 1, "made": 8}
    assert [row.task_id for _, row in before.entries] == ["lost", "bad"]
    assert before.run.place < run.place, "the unfinished run stays the last one"
    numbers = {execution.task_id: execution.number for execution in joined.executions}
    assert numbers == {"alive": 1, "done": 3, "made": 1}


def test_a_task_held_because_the_journal_knew_nothing_is_known_now() -> None:
    row = Row.from_json(Row("t", 0, state=State.HELD, error=JOURNAL_INCOMPLETE, unanswered=True).to_json())
    assert not knows(row)
    assert knows(replace(row, execute_id="e1"))
    assert knows(Row("t", 0, state=State.SUBMITTING))
    assert knows(Row("t", 0, state=State.PENDING, attempts=1))
    assert not knows(Row("t", 0))
    assert not knows(Row("t", 0, state=State.SKIPPED, execute_id="e1"))


@pytest.mark.anyio
async def test_an_import_is_whole_durable_in_order_and_harmless_when_repeated() -> None:
    journal = MemoryJournal()
    for again in (False, True):
        standing = await survey(journal, TARGET.source_key)
        taken = decide(merge(read(MIXED)), standing, TARGET, digest="ab12", now=NOW + again)
        await write(journal, taken)
        if again:
            assert (taken.rows, taken.placed, taken.known) == ([], (), 5)
    last = await journal.last_run(TARGET.source_key)
    assert last is not None
    assert last.status == "interrupted"
    assert len(await journal.runs()) == 2
    past = await journal.past(TARGET.source_key, list(MIXED))
    assert {task_id: found.row.state for task_id, found in past.items()} == {
        "alive": State.RUNNING,
        "made": State.DOWNLOADING,
        "done": State.DONE,
        "lost": State.HELD,
        "bad": State.FAILED,
    }
    for execute_id in ("75002", "75003"):
        assert parse_output(await journal.output(execute_id) or "") == RESULT
    assert await journal.durations("w1") == [600.0, 300.0]
    tasks = [Task(task_id, content="一段文案。", title="新标题") for task_id in MIXED]
    planned = plan(tasks, past, OperatorOverrides(), continuing=last.run_id, source_is_authoritative=True)
    assert {p.task_id: p.action for p in planned} == {
        "alive": Action.WATCH,
        "made": Action.FINISH,
        "done": Action.SKIP,
        "lost": Action.HOLD,
        "bad": Action.SUBMIT,  # Coze reported it as failed, and the table wants it
        "waits": Action.SUBMIT,
    }


@pytest.mark.anyio
async def test_a_film_whose_table_was_never_told_is_owed_to_it() -> None:
    error = {"category": "write_back", "code": None, "message": "m", "logid": None, "hint": ""}
    entry = own("done", execute_id="e1", output=RESULT, video_path="/films/a.mp4", error=error)
    journal = MemoryJournal()
    taken = decide(
        merge(read({"rec1": entry}, ours=True)), await survey(journal, "k"), replace(TARGET, source_key="k"),
        digest="x", now=NOW,
    )  # fmt: skip
    await write(journal, taken)
    (owed,) = await journal.owed("k")
    assert (owed.record_id, owed.outcome, owed.result) == ("rec1", "done", "/films/a.mp4")
