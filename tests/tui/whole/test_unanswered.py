"""Submissions whose answer was lost: held, adopted, or sent again within a bound. Executions are counted at Coze."""

from __future__ import annotations

from collections import Counter

import pytest

from cozebatch.demo.faults import Fault
from support.batches import Files

LOST = Fault(what="cut_after", on="submit")


def per_script(files: Files) -> Counter[str]:
    return Counter(str(e.parameters["content"]) for e in files.coze.ledger().executions.values())


def ids(files: Files) -> list[str]:
    return list(files.coze.ledger().executions)


def test_resubmit_starts_at_most_one_execution_more_than_max_retries(files: Files) -> None:
    files.program.configure(on_unknown_submit="resubmit", max_retries=1)
    files.write(["a", "b", "c"])
    files.coze.set_faults(LOST)
    assert files.run().code == 1
    assert per_script(files) == {"a": 2, "b": 2, "c": 2}
    assert files.run().code == 1, "the bound holds over starts"
    assert per_script(files) == {"a": 2, "b": 2, "c": 2}


def test_a_failure_for_good_after_a_lost_answer_counts_under_every_name_of_the_file(files: Files) -> None:
    files.program.configure(on_unknown_submit="resubmit", max_retries=2)
    files.coze.set_faults(
        Fault(what="cut_after", on="submit", last=1), Fault(what="fail", code=4105, message="said so", first=2)
    )
    files.write(["a"])
    assert files.run().code == 1
    assert per_script(files) == {"a": 2}, "the one without an answer, and one that failed"
    for name in ("renamed.csv", "tasks.csv", "renamed.csv"):
        files.write(["a"], name=name)
        assert "said so" in files.run(name).out
        assert per_script(files) == {"a": 2}


def test_resubmit_takes_up_what_an_earlier_start_held(files: Files) -> None:
    files.write(["a", "b"])
    files.coze.set_faults(LOST)
    assert files.run().code == 1
    assert files.run().code == 1, "held tasks are not paid again unasked"
    assert per_script(files) == {"a": 1, "b": 1}
    files.coze.set_faults()
    files.program.configure(on_unknown_submit="resubmit")
    assert files.run().code == 0
    assert per_script(files) == {"a": 2, "b": 2}


def test_an_execution_that_coze_does_not_know_is_refused_and_the_task_stays_held(files: Files) -> None:
    files.write(["a"])
    files.coze.set_faults(LOST)
    assert files.run().code == 1
    files.coze.set_faults()
    mistaken = files.run("tasks.csv", "--adopt", "row-1=7500000000000009999")
    assert mistaken.code == 2
    looked_at = files.run("tasks.csv", "--adopt", "row-1=7500000000000009999", "--dry-run")
    assert looked_at.code == 2, "a dry run promises nothing that would be refused"
    assert "7500000000000009999" in looked_at.err
    assert files.run().code == 1, "still held"
    files.write(["a edited"])
    assert files.run("tasks.csv", "--dry-run").code == 0
    files.write(["a"])
    assert files.run("tasks.csv", "--adopt", f"row-1={ids(files)[0]}").code == 0
    assert files.executions == 1


def test_another_rows_execution_is_refused(files: Files) -> None:
    files.write(["a", "b"])
    files.coze.set_faults(
        Fault(what="cut_after", on="submit", match="文案 b"), Fault(what="cut_after", on="submit", match="b")
    )
    assert files.run().code == 1
    [of_a] = [e.execute_id for e in files.coze.ledger().executions.values() if e.parameters["content"] == "a"]
    refused = files.run("tasks.csv", "--adopt", f"row-2={of_a}")
    assert refused.code == 2
    assert of_a in refused.err
    assert files.executions == 2


@pytest.mark.parametrize("content", ["a"])
def test_a_kill_right_after_adopting_pays_for_nothing(files: Files, content: str) -> None:
    files.write([content])
    files.coze.set_faults(LOST, Fault(what="lasts", seconds=3.0))
    assert files.run().code == 1
    files.coze.set_faults()
    files.run_until_running(1, "tasks.csv", "--adopt", f"row-1={ids(files)[0]}")
    assert files.run().code == 0
    assert files.executions == 1


def test_an_edit_does_not_make_a_held_task_forget_what_may_have_been_paid(files: Files) -> None:
    files.program.configure()
    (files.program.folder / "tasks.json").write_text('[{"task_id": "t1", "title": "one", "content": "first"}]')
    files.coze.set_faults(LOST)
    assert files.run("tasks.json").code == 1
    files.coze.set_faults()
    (files.program.folder / "tasks.json").write_text('[{"task_id": "t1", "title": "one", "content": "second"}]')
    assert files.run("tasks.json").code == 1
    assert files.executions == 1
