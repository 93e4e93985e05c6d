"""What was paid is found by what was sent: the real program, killed and started again on changed sources.

Each test counts the executions at the simulated Coze: one for each row that is wanted.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import pytest

from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from support.batches import BREAKS, MAKES, Files, Table
from support.program import kill, read_until

TITLED = {"conjunction": "and", "conditions": [{"field_name": "仿写标题", "operator": "isNotEmpty", "value": []}]}
"""A filter that lets finished rows through."""


def test_a_row_inserted_at_the_top_is_the_only_one_that_is_paid(files: Files) -> None:
    files.write(["a", "b", "c"])
    assert files.run().code == 0
    files.write(["new", "a", "b", "c"])
    again = files.run()
    assert again.code == 0
    assert files.executions == 4
    assert "3 tasks recognized by content" in again.out


def test_a_row_inserted_after_a_crash_is_paid_once_and_so_are_the_others(files: Files) -> None:
    files.write(["a", "b", "c"])
    files.run_until_running(3)
    files.write(["new", "c", "a", "b"])
    assert files.run().code == 0
    assert files.executions == 4
    assert set(files.program.statuses().values()) == {"done"}


def test_a_renamed_and_moved_file_is_paid_once(files: Files) -> None:
    files.write(["a", "b", "c"])
    files.run_until_running(3)
    folder = files.program.folder / "elsewhere"
    folder.mkdir()
    (files.program.folder / "tasks.csv").rename(folder / "renamed.csv")
    looked = files.run("elsewhere/renamed.csv", "--dry-run")
    assert "recognized by content" in looked.out
    assert files.run("elsewhere/renamed.csv").code == 0
    assert files.executions == 3
    files.write(["c", "b", "a"], name="once more.csv")
    assert files.run("once more.csv").code == 0
    assert files.executions == 3, "the films of all are made"


def test_equal_rows_are_paid_for_each_and_not_again(files: Files) -> None:
    files.write(["a", "a"])
    assert files.run().code == 0
    assert files.executions == 2
    files.write(["a", "x", "a", "a"])
    assert files.run().code == 0
    assert files.executions == 4


def test_what_is_not_sent_never_causes_a_new_execution(files: Files) -> None:
    files.program.configure(synthesis=BREAKS, max_retries=0)
    files.write(["a", "b"], template="one")
    assert files.run().code == 1
    files.program.configure(synthesis=MAKES, max_retries=0)
    files.write(["a", "b"], template="another")
    assert files.run().code == 0
    assert files.executions == 2
    assert set(files.program.statuses().values()) == {"done"}


def test_executions_of_another_workflow_are_watched_to_their_end(files: Files) -> None:
    files.write(["a", "b"])
    files.run_until_running(2)
    files.program.configure(coze_config={"workflow_id": "7999999999999999999"})
    assert files.run().code == 0
    assert files.executions == 2


def test_what_fresh_left_in_flight_counts_against_the_limit(files: Files) -> None:
    files.coze.set_faults(Fault(what="lasts", seconds=3.0))
    files.program.configure(max_coze_concurrent=2)
    files.write(["a", "b", "c"])
    files.run_until_running(2, "tasks.csv", "--fresh", "--yes")
    files.coze.set_faults()
    files.write(["d", "e", "f"], name="another.csv")
    assert files.run("another.csv").code == 0
    assert files.run().code == 0
    assert files.coze.ledger().max_in_flight <= 2
    assert files.executions == 6


def test_a_filter_that_lets_finished_rows_through_pays_nothing_twice(table: Table) -> None:
    table.coze.set_faults(Fault(what="fail", match="早起的人", code=5000, message="broken"))
    table.config["tables"]["content_table"]["filter_condition"] = TITLED
    assert table.run().code == 1
    assert table.executions == 20
    again = table.run()
    assert again.code == 0
    assert "The filter also lists records" in again.err + again.out
    assert table.executions == 20
    table.feishu.tables[CONTENT].write([("recdemo02", {"状态": READY})])
    assert table.run().code == 0
    assert table.executions == 21, "set back by a person"
    assert table.feishu.cell(CONTENT, "recdemo01", "状态") == FAILED
    assert table.feishu.cell(CONTENT, "recdemo02", "状态") == DONE


def test_a_wiki_address_and_the_base_itself_are_one_source(table: Table) -> None:
    with table.start("--json") as process:
        read_until(process, '"to": "running"', 20)
        kill(process)
        process.communicate(timeout=60)
    table.config["api_config"]["app_token"] = "wikcnNode1"
    assert table.run().code == 0
    assert table.executions == 20


def test_a_record_made_again_uses_what_was_paid_for_the_deleted_one(table: Table) -> None:
    del table.config["tables"]["digital_human_table"]  # which of them speaks depends on the record
    assert table.run().code == 0
    cells = dict(table.feishu.tables[CONTENT].records["recdemo03"])
    table.feishu.tables[CONTENT].records["recanew"] = {**cells, "状态": READY}
    assert table.run().code == 0
    assert table.executions == 21, "a copy beside the record is another film"
    table.feishu.delete(CONTENT, "recdemo03")
    table.feishu.tables[CONTENT].records["recagain"] = {**cells, "状态": READY}
    assert table.run().code == 0
    assert table.executions == 21, "the record it was paid for is gone"
    assert table.feishu.cell(CONTENT, "recagain", "状态") == DONE


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_state_directory_that_is_full_from_the_start_ends_the_batch_before_anything_is_paid(files: Files) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    import resource

    files.write(["a"])
    batch = ("--no-ui", "--config", "c.json", "--tasks", "tasks.csv", "--no-save")
    full = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0))
    with files.program.start(*batch, preexec_fn=full) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Traceback" not in err
    assert "nothing was submitted" in err or "check disk space" in err
    assert files.executions == 0


def test_a_failed_row_whose_write_back_is_owed_is_not_paid_again_and_the_exit_code_says_so(table: Table) -> None:
    table.coze.set_faults(Fault(what="fail", match="早起的人", code=5000, message="broken"))
    assert table.run_refused_after("run_started").code == 1
    for _ in range(2):
        assert table.run().code == 1, "an outcome is owed to the table"
        assert table.executions == 20
    assert table.feishu.cell(CONTENT, "recdemo01", "状态") == READY
    table.feishu.heal()
    assert table.run().code == 0
    assert table.executions == 20
    assert table.feishu.cell(CONTENT, "recdemo01", "状态") == FAILED
    assert table.feishu.cell(CONTENT, "recdemo02", "状态") == DONE


def test_executions_of_another_workflow_are_not_told_failed_in_the_table(table: Table) -> None:
    with table.start("--json", "--limit", "4") as process:
        read_until(process, '"to": "running"', 4)
        kill(process)
        process.communicate(timeout=60)
    table.config["workflow_config"]["coze_config"]["workflow_id"] = "7999999999999999999"
    resumed = table.run("--limit", "4")
    assert resumed.code == 0, resumed.err
    assert table.executions == 4
    assert [table.feishu.cell(CONTENT, f"recdemo0{n}", "状态") for n in range(1, 5)] == [DONE] * 4


@pytest.mark.parametrize("code", [4105, 4014, 4010, 720702002, 777777777])
def test_an_execution_that_failed_for_good_is_paid_once_over_all_starts(files: Files, code: int) -> None:
    files.coze.set_faults(Fault(what="fail", match="标题 a", code=code, message="said so"))
    files.write(["a"])
    assert files.run().code == 1
    assert files.executions == 1
    for name in ("tasks.csv", "tasks.csv", "renamed.csv"):
        files.write(["a"], name)
        again = files.run(name)
        assert again.code == 0
        assert "said so" in again.out
        assert files.executions == 1
    files.write(["a, mended"])
    assert files.run().code == 1
    assert files.executions == 2


def test_a_script_that_is_changed_back_is_not_paid_for_again(files: Files) -> None:
    def run(content: str, title: str = "标题") -> str:
        row = {"task_id": "t1", "title": title, "content": content}
        (files.program.folder / "tasks.json").write_text(json.dumps([row], ensure_ascii=False), encoding="utf-8")
        done = files.run("tasks.json")
        assert done.code == 0, done.err
        task: dict[str, Any] = files.program.results()["tasks"]["t1"]
        return f"{task['status']} {task['execute_id']} {task['attempts']}"

    first = run("甲")
    assert first.startswith("done")
    second = run("乙")
    assert files.executions == 2
    execution = first.split()[1]
    assert run("甲") == f"skipped {execution} 2"
    assert run("乙") == f"skipped {second.split()[1]} 2"
    assert run("丙").startswith("done")
    assert files.executions == 3
