"""What results files mean for the journal: never paid twice, nothing lost, and no file can do harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.coze.output import parse_output, pick
from cozebatch.engine.recovery import IN_DOUBT, Action, Wishes, plan
from cozebatch.errors import Category, ErrorInfo, UsageError
from cozebatch.importing.entries import Finding
from cozebatch.importing.older import surely_not_started
from cozebatch.importing.reading import findings_of, merge, read_results
from cozebatch.importing.takeover import Takeover, Target, decide, knows, survey, write
from cozebatch.journal.memory import MemoryJournal
from cozebatch.ports import Past, RunRecord
from cozebatch.rows import Row
from cozebatch.task import State, Task
from cozebatch.texts import Text

NOW = datetime(2026, 11, 24, 12, 0, 0).timestamp()
TARGET = Target("feishu:here", "feishu", "w1")
RESULT = {"videoUrl": "https://media.example/v.mp4", "captions": [{"start": 0, "end": 900, "text": "你好"}]}


def minutes_ago(minutes: float) -> str:
    """As the older tool writes times: local, without an offset."""
    return (datetime.fromtimestamp(NOW) - timedelta(minutes=minutes)).isoformat()


def old(status: str, **facts: Any) -> dict[str, Any]:
    """An entry of the older tool's."""
    entry = {
        "task_id": "rec1", "content": "一段文案。", "digital_no": "D1", "voice_id": "V1", "title": "标题",
        "project_name": "项目", "record_id": "rec1", "status": status, "execute_id": None, "submit_time": None,
        "complete_time": None, "coze_result": None, "video_path": None, "error_message": None, "retry_count": 0,
        "max_retries": 3,
    }  # fmt: skip
    return entry | facts


def own(status: str, **facts: Any) -> dict[str, Any]:
    """An entry of a results file of ours."""
    entry: dict[str, Any] = {
        "record_id": "rec1", "title": "标题", "project_name": "项目", "status": status, "execute_id": None,
        "debug_url": None, "attempts": 1, "submitted_at": None, "coze_finished_at": None, "finished_at": None,
        "coze_seconds": 0.0, "synthesis_seconds": 0.0, "tokens": 0, "draft_path": None, "video_path": None,
        "output": {}, "error": None,
    }  # fmt: skip
    return entry | facts


def read(entries: Mapping[str, Any], *, ours: bool = False, feishu: bool = True) -> list[Finding]:
    document = {"tasks": dict(entries), "statistics": {}} | ({"schema_version": 1} if ours else {})
    return findings_of(
        json.dumps(document, ensure_ascii=False).encode(), "f.json", feishu=feishu, mask=lambda text: text, now=NOW
    )


def finding(entry: dict[str, Any], *, ours: bool = False) -> Finding:
    return merge(read({"rec1": entry}, ours=ours))[0]


def row_of(entry: dict[str, Any], *, ours: bool = False) -> Row:
    row = finding(entry, ours=ours).row
    assert row is not None
    return row


@pytest.mark.parametrize("status", ["submitted", "running", "completed", "synthesizing", "pending", "weird"])
def test_an_execution_without_a_result_is_looked_at_again(status: str) -> None:
    row = row_of(old(status, execute_id="75001", submit_time=minutes_ago(5)))
    assert (row.state, row.execute_id, row.attempts) == (State.RUNNING, "75001", 1)
    assert row.submitted_at == NOW - 300


@pytest.mark.parametrize("message", ["输出数据解析失败", "工作流完成但无输出数据", "视频合成失败: 磁盘满", "别的"])
def test_a_failure_after_the_execution_looks_again_for_free(message: str) -> None:
    assert row_of(old("failed", execute_id="75001", error_message=message)).state is State.RUNNING


@pytest.mark.parametrize("status", ["submitted", "running", "completed", "synthesizing", "failed", "weird", ""])
def test_what_may_have_been_submitted_is_held_where_no_execution_is_named(status: str) -> None:
    row = row_of(old(status))
    assert (row.state, row.unanswered, row.attempts) == (State.HELD, True, 1)
    assert row.error is not None
    assert row.error.category is Category.UNKNOWN_SUBMIT


@pytest.mark.parametrize(
    ("status", "message"), [("completed", None), ("synthesizing", None), ("failed", "视频合成失败: 模板不存在")]
)
@pytest.mark.parametrize(
    "result", [RESULT, {"Output": json.dumps(RESULT)}, json.dumps(RESULT), json.dumps({"Output": json.dumps(RESULT)})]
)
def test_a_result_without_a_film_is_gone_on_from_whatever_its_shape(
    status: str, message: str | None, result: Any
) -> None:
    entry = old(status, execute_id="75001", error_message=message, coze_result=result)
    found = finding(entry)
    assert found.row is not None
    assert (found.row.state, found.row.has_output) == (State.DOWNLOADING, True)
    assert found.output is not None
    assert pick(parse_output(found.output), "videoUrl") == RESULT["videoUrl"]
    assert pick(parse_output(found.output), "captions") == RESULT["captions"]


def test_a_result_whose_execution_has_no_id_is_not_lost() -> None:
    found = finding(old("completed", coze_result=RESULT))
    assert found.row is not None
    assert found.row.state is State.DOWNLOADING
    assert found.row.execute_id is not None
    assert found.row.execute_id.startswith("imported-")


@pytest.mark.parametrize(
    ("path", "video", "draft"),
    [("D:/片/a.MP4", "D:/片/a.MP4", None), ("C:/drafts/a", None, "C:/drafts/a"), ("", None, None), (None, None, None)],
)
def test_a_finished_task_keeps_where_its_film_is(path: str | None, video: str | None, draft: str | None) -> None:
    row = row_of(old("finished", execute_id="75001", video_path=path, coze_result=RESULT))
    assert (row.state, row.video_path, row.draft_path, row.has_output) == (State.DONE, video, draft, True)


def test_a_failure_that_coze_reported_keeps_its_code_and_wording() -> None:
    row = row_of(old("failed", execute_id="75001", error_message="Coze执行失败: 720701002 - 插件超时 - 重试"))
    assert (row.state, row.execution_failed, row.execute_id) == (State.FAILED, True, "75001")
    assert row.error is not None
    assert (row.error.category, row.error.code) == (Category.WORKFLOW_FAILED, "720701002")
    assert row.error.message.en == "插件超时 - 重试"


@pytest.mark.parametrize(
    "reason",
    [
        "未获取到execute_id: {'code': 4100, 'msg': 'authentication is invalid'}",
        '未获取到execute_id: {"code": 4013, "msg": "busy \\\\d", "detail": {"logid": "x"}}',
        "未获取到execute_id: {'msg': \"'code': 0\", 'code': '4000'}",
        "429 Client Error: Too Many Requests for url: https://api.coze.cn/v1/workflow/run",
        "HTTPError('401 Client Error: Unauthorized for url: https://api.coze.cn/v1/workflow/run')",
        "502 Server Error: Bad Gateway for url: https://api.coze.cn/v1/workflow/run",
        "HTTPSConnectionPool(host='api.coze.cn', port=443): Max retries exceeded with url: /v1/workflow/run (Caused by "
        "NewConnectionError(': Failed to establish a new connection: [Errno 111] Connection refused'))",
        "HTTPSConnectionPool(host='api.coze.cn', port=443): Max retries exceeded with url: /v1/workflow/run (Caused by "
        "ConnectTimeoutError('Connection to api.coze.cn timed out. (connect timeout=30)'))",
        "HTTPSConnectionPool(host='api.coze.cn', port=443): Max retries exceeded (Caused by NameResolutionError(\""
        "Failed to resolve 'api.coze.cn' ([Errno -3] Temporary failure in name resolution)\"))",
        "[Errno 11001] getaddrinfo failed",
    ],
)
def test_a_submission_that_was_refused_or_never_arrived_was_not_started(reason: str) -> None:
    assert surely_not_started(reason)
    assert finding(old("failed", error_message=f"Coze提交失败: {reason}")).row is None


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "HTTPSConnectionPool(host='api.coze.cn', port=443): Read timed out. (read timeout=30)",
        "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
        "HTTPSConnectionPool(host='api.coze.cn', port=443): Max retries exceeded with url: /v1/workflow/run (Caused by "
        "ProtocolError('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer')))",
        "504 Server Error: Gateway Time-out for url: https://api.coze.cn/v1/workflow/run",
        "未获取到execute_id: {'code': 0, 'msg': ''}",
        "未获取到execute_id: {'code': 0, 'msg': \"'code': 4100\"}",
        "未获取到execute_id: {'msg': \"'code': 4100, 404 Client Error\", 'code': 0}",
        "未获取到execute_id: {'code': 4100, 'msg': 'cut of",
        "未获取到execute_id: {'code': True}",
        "未获取到execute_id: None",
        "未获取到execute_id: {'code': 4100, 'execute_id': '75001'}",
        "未获取到execute_id: " + "[" * 3000,
        "未获取到execute_id: " + "-" * 4000 + "1",
        "Expecting value: line 1 column 1 (char 0)",
        "the page said: 404 Client Error",
        "getaddrinfo" + "x" * 10_000,
    ],
)
def test_a_submission_that_may_have_arrived_is_held(reason: str) -> None:
    assert not surely_not_started(reason)
    row = row_of(old("failed", error_message=f"Coze提交失败: {reason}"))
    assert (row.state, row.unanswered) == (State.HELD, True)


@given(st.text())
def test_no_wording_at_all_breaks_the_judgement_of_a_submission(reason: str) -> None:
    assert surely_not_started(reason) in (True, False)


def test_a_task_that_waits_is_no_row_unless_its_submission_may_have_arrived() -> None:
    assert finding(old("pending")).row is None
    assert row_of(old("pending", error_message="Coze提交失败: Read timed out.")).state is State.HELD


def test_a_duration_is_believed_only_where_it_can_be_one() -> None:
    def seconds(submitted: float, completed: float) -> float | None:
        times = {"submit_time": minutes_ago(submitted), "complete_time": minutes_ago(completed)}
        return finding(old("completed", execute_id="75001", coze_result=RESULT, **times)).seconds

    assert seconds(10, 4) == 360
    assert seconds(10, 10) is None
    assert seconds(4, 10) is None
    assert seconds(60 * 30, 1) is None


def test_a_time_in_the_future_is_not_believed() -> None:
    row = row_of(old("running", execute_id="75001", submit_time="9999-01-01T00:00:00"))
    assert row.submitted_at == NOW


@pytest.mark.parametrize(
    ("status", "facts", "state"),
    [
        ("done", {"execute_id": "e1", "output": RESULT}, State.DONE),
        ("running", {"execute_id": "e1"}, State.RUNNING),
        ("submitting", {"attempts": 0}, State.HELD),
        ("synthesizing", {"execute_id": "e1", "output": RESULT}, State.DOWNLOADING),
        ("writing_back", {"execute_id": "e1", "output": RESULT, "video_path": "/a.mp4"}, State.DOWNLOADING),
        ("writing_back", {"execute_id": "e1"}, State.RUNNING),
        ("pending", {"attempts": 1, "execute_id": "e1"}, State.RUNNING),
        ("pending", {"attempts": 1}, State.HELD),
        ("failed", {"execute_id": "e1", "error": {"category": "synthesis", "message": "m"}}, State.FAILED),
        ("held", {"error": {"category": "unknown_submit", "message": "m"}}, State.HELD),
        ("cancelled", {}, State.CANCELLED),
        ("skipped", {"attempts": 0, "note": "It was finished by an earlier run with the same input."}, State.DONE),
    ],
)
def test_a_results_file_of_ours_tells_the_same(status: str, facts: dict[str, Any], state: State) -> None:
    row = row_of(own(status, **facts), ours=True)
    assert row.state is state
    assert row.fingerprint == "", "the script is not in it"
    if state is State.HELD:
        assert row.unanswered
        assert row.attempts == 1


def test_what_a_file_of_ours_says_was_not_started_is_no_row() -> None:
    assert finding(own("pending", attempts=0), ours=True).row is None
    assert finding(own("skipped", attempts=0, note="没有文案（content 为空）。"), ours=True).row is None


def test_a_file_of_ours_keeps_attempts_links_and_whether_coze_failed_it() -> None:
    error = {"category": "workflow_failed", "code": "5001", "message": "boom", "logid": "L", "hint": "h"}
    row = row_of(own("failed", execute_id="e1", attempts=3, debug_url="https://x/?a", error=error), ours=True)
    assert (row.attempts, row.debug_url, row.execution_failed) == (3, "https://x/?a", True)
    assert row.error == ErrorInfo(Category.WORKFLOW_FAILED, Text.same("boom"), "5001", "L", Text.same("h"))


def test_the_latest_knowledge_of_several_files_wins() -> None:
    running = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    waiting = read({"rec1": old("pending")})
    done = read(
        {
            "rec1": old(
                "finished",
                execute_id="75001",
                submit_time=minutes_ago(30),
                complete_time=minutes_ago(20),
                coze_result=RESULT,
                video_path="a.mp4",
            )
        }
    )
    for order in ([*running, *done, *waiting], [*waiting, *done, *running], [*done, *running, *waiting]):
        (merged,) = merge(order)
        assert merged.row is not None
        assert (merged.row.state, merged.row.attempts) == (State.DONE, 1)


def test_a_tie_of_times_goes_to_what_leads_on_without_paying() -> None:
    at = minutes_ago(30)
    failed = read({"rec1": old("failed", execute_id="75001", submit_time=at, error_message="Coze执行失败: 1 - x")})
    running = read({"rec1": old("running", execute_id="75001", submit_time=at)})
    for order in ([*failed, *running], [*running, *failed]):
        row = merge(order)[0].row
        assert row is not None
        assert row.state is State.RUNNING


def test_a_lost_submission_after_an_execution_is_held_and_names_that_execution() -> None:
    running = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    lost = read({"rec1": old("failed", submit_time=minutes_ago(10), error_message="Coze提交失败: Read timed out.")})
    row = merge([*lost, *running])[0].row
    assert row is not None
    assert row.state is State.HELD
    assert row.error is not None
    assert "75001" in row.error.message.en


def test_the_script_of_an_older_file_completes_what_one_of_ours_knows() -> None:
    older = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    ours = read({"rec1": own("running", execute_id="75001", submitted_at=minutes_ago(29))}, ours=True)
    merged = merge([*older, *ours])[0]
    assert merged.task.content == "一段文案。"
    assert merged.row is not None
    assert merged.row.fingerprint == merged.task.content_fingerprint()


# Files as they come


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no whole JSON"),
        (b'{"tasks": {"rec1": {"status": "run', "no whole JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"[]", "no object 'tasks'"),
        (b'{"tasks": []}', "no object 'tasks'"),
        (b'{"schema_version": 2, "tasks": {}}', "newer"),
        (b'{"tasks": {"a": {}, "a": {}}}', "stands twice"),
        (b'{"tasks": {"a": 1}}', "should be an object"),
        (b'{"tasks": {" ": {}}}', "1 to 200"),
        (b'{"tasks": {"a": {"title": [1]}}}', "should be a text"),
        (b'{"tasks": {"a": {"execute_id": "../../x"}}}', "id of Coze's"),
        (b'{"tasks": {"a": {"execute_id": true}}}', "should be a text"),
        (b'{"tasks": {"a": {"submit_time": "yesterday"}}}', "ISO 8601"),
        (b'{"tasks": {"a": {"submit_time": 5}}}', "ISO 8601"),
        (b'{"tasks": {"a": {"submit_time": "0001-01-01T00:00:00"}}}', "ISO 8601"),
        (b'{"schema_version": 1, "tasks": {"a": {"attempts": -1}}}', "whole number"),
        (b'{"schema_version": 1, "tasks": {"a": {"error": "x"}}}', "should be an object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_spoilt_file_is_named_with_what_is_wrong(raw: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        findings_of(raw, "broken.json", feishu=True, mask=lambda text: text, now=NOW)
    (complaint,) = refused.value.complaints
    assert complaint.en.startswith("broken.json: ")
    assert complaint.zh.startswith("broken.json：")
    assert said in complaint.en


def test_a_byte_order_mark_numbers_for_ids_unknown_and_missing_keys_are_borne() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps({"tasks": {"a": {"status": "running", "execute_id": 75001, "new": 1}}}).encode()
    (found,) = findings_of(raw, "f", feishu=False, mask=lambda text: text, now=NOW)
    assert found.row is not None
    assert (found.row.execute_id, found.row.record_id) == ("75001", None)


def test_a_file_too_large_or_no_file_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * 101)
    paths = [tmp_path / "big.json", tmp_path, tmp_path / "missing.json"]
    with pytest.raises(UsageError) as refused:
        read_results(paths, feishu=True, mask=lambda text: text, now=NOW, most_bytes=100)
    assert len(refused.value.complaints) == 3


def test_many_things_wrong_are_told_in_bounds() -> None:
    with pytest.raises(UsageError) as refused:
        read({f"t{n}": 1 for n in range(100)})
    assert len(refused.value.complaints) == 21
    assert "80" in refused.value.complaints[-1].en


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*old("x"), "debug_url", "attempts", "output", "error"]), json_values))
def test_values_of_any_kind_are_complained_about_or_borne(values: dict[str, Any]) -> None:
    complaints: list[Text] = []
    for ours in (False, True):
        try:
            merge(read({"rec1": values}, ours=ours))
        except UsageError as error:
            complaints += error.complaints
    assert all(c.zh and c.en for c in complaints)


def test_secrets_in_what_services_said_are_masked() -> None:
    entry = old("failed", execute_id="75001", coze_result={"a": "pat_secret"}, error_message="视频合成失败: pat_secret")
    document = json.dumps({"tasks": {"rec1": entry}}).encode()
    found = findings_of(document, "f", feishu=True, mask=lambda text: text.replace("pat_secret", "***"), now=NOW)
    assert "pat_secret" not in str(found)


# Into the journal


def choose(entries: Mapping[str, Any], journal_says: Mapping[str, Row] | None = None, **about: Any) -> Takeover:
    from cozebatch.importing.takeover import Standing

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
    row = Row.from_json(Row("t", 0, state=State.HELD, error=IN_DOUBT, unanswered=True).to_json())
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
    planned = plan(tasks, past, Wishes(), continuing=last.run_id, table_says=True)
    assert {p.task.task_id: p.action for p in planned} == {
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


# A changed script is another input, as far as the script is all that is known


def decision(state: State, *, script: str, same_run: bool = False, table_says: bool = False, **facts: Any) -> Action:
    fingerprint = Task("t", content="一段 文案。").content_fingerprint()
    row = Row("t", 0, fingerprint=fingerprint, state=state, execute_id="e1", attempts=1, **facts)
    continuing = "r" if same_run else None
    task = Task("t", content=script, title="别的标题", account_id="a")
    return plan([task], {"t": Past("r", row, owed=False)}, Wishes(), continuing=continuing, table_says=table_says)[
        0
    ].action


SAME, CHANGED = "一段\n文案。", "另一段文案。"


@pytest.mark.parametrize("table_says", [True, False])
def test_a_film_known_by_hearsay_is_made_again_only_when_its_script_was_changed(table_says: bool) -> None:
    assert decision(State.DONE, script=SAME, table_says=table_says) is Action.SKIP
    assert decision(State.DONE, script=CHANGED, table_says=table_says) is Action.SUBMIT


def test_what_a_run_of_ours_finished_is_no_hearsay_any_more() -> None:
    assert decision(State.DONE, script=SAME, table_says=True, end_clock=5.0) is Action.SUBMIT
    assert decision(State.DONE, script=SAME, table_says=False, end_clock=5.0) is Action.SKIP


@pytest.mark.parametrize("same_run", [True, False])
def test_a_result_of_another_script_is_not_gone_on_from(same_run: bool) -> None:
    assert decision(State.DOWNLOADING, script=SAME, same_run=same_run, has_output=True) is Action.FINISH
    assert decision(State.DOWNLOADING, script=CHANGED, same_run=same_run, has_output=True) is Action.SUBMIT
    assert decision(State.DOWNLOADING, script=" ", same_run=same_run, has_output=True) is Action.FINISH


@pytest.mark.parametrize("same_run", [True, False])
def test_an_execution_in_flight_is_watched_whatever_its_script(same_run: bool) -> None:
    assert decision(State.RUNNING, script=CHANGED, same_run=same_run) is Action.WATCH


def test_a_failed_film_by_hearsay_goes_on_from_its_result_unless_the_script_was_changed() -> None:
    assert decision(State.FAILED, script=SAME, has_output=True) is Action.FINISH
    assert decision(State.FAILED, script=CHANGED, has_output=True) is Action.SUBMIT
    assert decision(State.HELD, script=CHANGED, unanswered=True) is Action.HOLD
