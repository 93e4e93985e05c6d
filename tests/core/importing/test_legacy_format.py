"""What the older tool's record of a task means: never paid twice, nothing lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.coze.output import parse_output, pick
from cozebatch.importing.legacy_format import surely_not_started
from cozebatch.model.errors import Category
from cozebatch.model.task import State
from support.results_files import NOW, RESULT, finding, minutes_ago, old, row_of


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
