"""What one look at an execution shows, and what it is when the look itself fails."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import anyio
import pytest

from cozebatch.coze.client import CozeService
from cozebatch.coze.codes import CODES
from cozebatch.coze.output import parse_output
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import Category, StepError
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import Accepted, PollResult
from support.raw_server import RawServer, raw_server, read_request, whole

pytestmark = pytest.mark.anyio

TASK = Task("t1", title="三个方法", content="今天说三个方法。")
INSTANT = CozeOptions(duration=0)


def service(url: str, **settings: Any) -> CozeService:
    standard = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": url, "request_timeout": 5}
    return CozeService(**{**standard, **settings})


async def poll_at(server: RunningCoze, *faults: Fault, **settings: Any) -> PollResult:
    """Submit, switch the faults on, look once with these settings."""
    async with service(server.url) as coze:
        accepted = await coze.submit(TASK)
    assert isinstance(accepted, Accepted)
    if faults:
        server.set_faults(*faults)
    async with service(server.url, **settings) as coze:
        return await coze.poll(accepted.execute_id)


async def poll_with(*faults: Fault, options: CozeOptions = INSTANT, **settings: Any) -> PollResult:
    """Look at an execution that met these faults from its start."""
    with serve_coze(options, faults) as server:
        return await poll_at(server, **settings)


async def failed_look(*faults: Fault, **settings: Any) -> StepError:
    with serve_coze(INSTANT) as server:
        with pytest.raises(StepError) as caught:
            await poll_at(server, *faults, **settings)
        assert server.ledger().requests["look"] == 1
    return caught.value


async def poll_answer(body: Any, **settings: Any) -> PollResult:
    def answer(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(whole(json.dumps(body).encode(), headers=b"X-Tt-Logid: L9\r\n"))

    with raw_server(answer) as server:
        async with service(server.url, **settings) as coze:
            return await coze.poll("e1")


async def test_an_execution_that_runs_shows_as_running_with_no_output() -> None:
    result = await poll_with(options=CozeOptions(duration=300))
    assert result.status == "running"
    assert result.output is None
    assert result.error is None


async def test_an_execution_that_succeeded_brings_output_times_and_usage() -> None:
    before = int(time.time())
    result = await poll_with()
    assert result.status == "succeeded"
    assert result.output is not None
    assert parse_output(result.output)["videoUrl"].startswith("http://127.0.0.1")
    assert result.updated_at is not None
    assert before <= result.updated_at <= time.time()
    assert result.updated_at == int(result.updated_at)
    assert (result.tokens_in, result.tokens_out, result.tokens) == (408, 900, 1308)
    assert result.debug_url
    assert result.logid


@pytest.mark.parametrize("shape", ["nested", "envelope", "object", "node", "plain"])
async def test_output_is_kept_in_whatever_shape_it_comes(shape: str) -> None:
    result = await poll_with(Fault(what="shape", text=shape))
    assert result.status == "succeeded"
    assert result.output is not None
    assert "http://127.0.0.1" in result.output


@pytest.mark.parametrize("code", ["", 0, "0", None])
async def test_an_error_code_that_says_nothing_is_no_error(code: Any) -> None:
    record = {"execute_id": "e1", "execute_status": "Success", "output": "ok", "error_code": code}
    result = await poll_answer({"code": 0, "data": [record]})
    assert (result.status, result.error) == ("succeeded", None)


async def test_a_failed_execution_carries_cozes_own_words_code_and_logid() -> None:
    result = await poll_with(Fault(what="fail", code=1234567, message="节点“配音”\x1b[31m出错\n" + "长" * 2000))
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.category is Category.WORKFLOW_FAILED
    assert result.error.code == "1234567"
    assert result.error.logid
    assert "节点“配音”" in result.error.message.zh
    assert "\x1b" not in result.error.message.zh
    assert "\n" not in result.error.message.zh
    assert len(result.error.message.zh) < 600


@pytest.mark.parametrize("code", sorted(CODES))
async def test_a_failed_execution_with_a_known_code_has_its_category_and_hint(code: int) -> None:
    result = await poll_with(Fault(what="fail", code=code))
    assert result.error is not None
    assert (result.error.category, result.error.hint) == (CODES[code].category, CODES[code].hint)


async def test_a_failure_without_any_reason_is_still_a_failure() -> None:
    result = await poll_answer({"code": 0, "data": [{"execute_status": "Fail", "error_code": ""}]})
    assert result.error is not None
    assert (result.error.category, result.error.code) == (Category.WORKFLOW_FAILED, None)


async def test_an_unknown_status_word_counts_as_running_and_is_told_once() -> None:
    notes: list[Text] = []
    with serve_coze(CozeOptions(duration=300), [Fault(what="word", text="Queued\x1b]")]) as server:
        async with service(server.url, on_note=notes.append) as coze:
            accepted = await coze.submit(TASK)
            assert isinstance(accepted, Accepted)
            for _ in range(3):
                assert (await coze.poll(accepted.execute_id)).status == "running"
    (note,) = notes
    assert "Queued" in note.en
    assert "\x1b" not in note.en


@pytest.mark.parametrize(
    ("word", "status"),
    [("success", "succeeded"), ("SUCCESS", "succeeded"), ("fail", "failed"), ("running", "running")],
)
async def test_a_status_is_known_however_its_letters_are_written(word: str, status: str) -> None:
    record = {"execute_id": "e1", "execute_status": word, "output": "ok"}
    notes: list[Text] = []
    assert (await poll_answer({"code": 0, "data": [record]}, on_note=notes.append)).status == status
    assert notes == []


@pytest.mark.parametrize("word", ["Cancel", "Canceled", "Cancelled"])
async def test_an_execution_that_a_person_cancelled_has_ended(word: str) -> None:
    result = await poll_with(Fault(what="word", text=word), options=CozeOptions(duration=60))
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.category is Category.WORKFLOW_INTERRUPTED
    assert "was cancelled in Coze" in result.error.message.en


async def test_a_workflow_that_waits_for_a_person_is_interrupted() -> None:
    result = await poll_with(Fault(what="interrupt", text="选哪一个？"))
    assert result.status == "interrupted"
    assert result.error is not None
    assert result.error.category is Category.WORKFLOW_INTERRUPTED
    assert "选哪一个？" in result.error.message.zh


@pytest.mark.parametrize("nothing", [None, {}, "", {"event_id": "", "type": 0}])
async def test_interrupt_data_with_nothing_in_it_is_no_interruption(nothing: Any) -> None:
    record = {"execute_status": "Running", "interrupt_data": nothing}
    assert (await poll_answer({"code": 0, "data": [record]})).status == "running"


async def test_an_execution_not_on_record_yet_is_unknown() -> None:
    assert (await poll_with(options=CozeOptions(duration=0, record_delay=60))).status == "unknown"


async def test_an_execution_that_coze_forgot_is_unknown() -> None:
    assert (await poll_with(Fault(what="forget"))).status == "unknown"


async def test_a_list_with_no_record_in_it_is_unknown() -> None:
    assert (await poll_with(Fault(what="no_data"))).status == "unknown"


async def test_trimmed_output_nodes_are_fetched_whole() -> None:
    result = await poll_with(Fault(what="trimmed"))
    assert result.output is not None
    assert parse_output(result.output)["输出"]["videoUrl"].endswith(".mp4")


async def test_a_node_that_cannot_be_had_is_asked_for_again_and_in_the_end_the_output_is_none_to_work_with() -> None:
    with serve_coze(INSTANT, [Fault(what="trimmed")]) as server:
        async with service(server.url) as coze:
            accepted = await coze.submit(TASK)
            assert isinstance(accepted, Accepted)
            server.set_faults(Fault(what="status", status=503, on="node"))
            for _ in range(3):
                with pytest.raises(StepError):
                    await coze.poll(accepted.execute_id)
            result = await coze.poll(accepted.execute_id)
            assert result.status == "succeeded"
            assert result.error is not None
            assert result.error.category is Category.BAD_OUTPUT
            server.set_faults()
            assert (await coze.poll(accepted.execute_id)).error is None


async def test_a_trimmed_output_whose_node_coze_no_longer_has_is_none_to_work_with() -> None:
    with serve_coze(INSTANT, [Fault(what="trimmed")]) as server:
        result = await poll_at(server, Fault(what="code", code=4314, on="node"))
    assert result.status == "succeeded"
    assert result.error is not None
    assert result.error.category is Category.BAD_OUTPUT


def success(output: Any, **more: Any) -> dict[str, Any]:
    return {"code": 0, "data": [{"execute_id": "e1", "execute_status": "Success", "output": output, **more}]}


async def test_a_trimmed_output_that_names_no_node_is_none_to_work_with() -> None:
    result = await poll_answer(success('{"videoUrl":"https://example.com/v.m', is_output_trimmed=True))
    assert result.error is not None
    assert result.error.category is Category.BAD_OUTPUT


@pytest.mark.parametrize("deeper", [False, True])
async def test_the_nodes_of_a_trimmed_output_are_found_under_their_titles_or_one_object_deeper(deeper: bool) -> None:
    facts = {"node_id": "1", "is_finish": True, "node_execute_uuid": "u1"}
    idle = {"node_id": "2", "is_finish": False, "node_execute_uuid": "u2"}
    nodes = {"链接": {"u1": facts}, "没走到": {"u2": idle}} if deeper else {"链接": facts, "没走到": idle}
    record = success('{"链接":"{\\"video"}', is_output_trimmed=True, node_execute_status=nodes)
    whole_node = {"code": 0, "data": {"node_output": '{"videoUrl":"https://example.com/v.mp4"}'}}
    asked: list[str] = []

    def answer(connection: socket.socket, server: RawServer) -> None:
        path = read_request(connection).split()[1].decode()
        asked.append(path.rpartition("/")[2])
        body = json.dumps(whole_node if "execute_nodes" in path else record).encode()
        connection.sendall(whole(body, headers=b"Connection: close\r\n"))

    with raw_server(answer) as server:
        async with service(server.url) as coze:
            result = await coze.poll("e1")
    assert result.error is None
    assert result.output is not None
    assert parse_output(result.output, ["videoUrl"])["videoUrl"] == "https://example.com/v.mp4"
    assert asked == ["e1", "u1"]


@pytest.mark.parametrize(
    "output",
    [
        None,
        "",
        " \n",
        "null",
        "{}",
        "[]",
        '""',
        '{"Output":""}',
        '{"Output":"{}"}',
        '{"Output":null,"node_status":"{\\"a\\":1}"}',
        '{"node_status":"{}","Output":"{\\"videoUrl\\":\\"\\",\\"captions\\":[]}"}',
        '{"Output":"{\\"content_type\\":1,\\"data\\":\\"\\",\\"type_for_model\\":2}"}',
        '{"Output":"","节点":"{\\"content_type\\":1,\\"data\\":\\"\\",\\"type_for_model\\":2}"}',
    ],
)
async def test_an_output_that_says_nothing_is_an_error_unless_none_is_expected(output: str | None) -> None:
    result = await poll_answer(success(output))
    assert result.status == "succeeded"
    assert result.error is not None
    assert result.error.category is Category.BAD_OUTPUT
    assert (await poll_answer(success(output), expects_output=False)).error is None


@pytest.mark.parametrize("output", ["好了", '{"Output":"0"}', '{"Output":"","节点":"好"}', "[false]", '{"Output":[1]}'])
async def test_an_output_that_says_anything_is_none_to_complain_about(output: str) -> None:
    assert (await poll_answer(success(output))).error is None


async def test_a_secret_in_the_output_is_masked() -> None:
    secret = "pat_long_enough_to_be_a_token"
    record = {"execute_status": "Success", "output": json.dumps({"Output": f"token={secret} hush"})}
    result = await poll_answer(
        {"code": 0, "data": [record]}, token=secret, mask=lambda text: text.replace("hush", "***")
    )
    assert result.output is not None
    assert secret not in result.output
    assert "hush" not in result.output


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        (Fault(what="cut_before"), Category.NETWORK),
        (Fault(what="cut_after"), Category.NETWORK),
        (Fault(what="late", seconds=60), Category.NETWORK),
        (Fault(what="short"), Category.NETWORK),
        (Fault(what="stall"), Category.NETWORK),
        (Fault(what="endless", seconds=0.05), Category.NETWORK),
        (Fault(what="endless"), Category.NETWORK),
        (Fault(what="html"), Category.SERVER),
        (Fault(what="html", status=404), Category.INVALID_REQUEST),
        (Fault(what="empty"), Category.SERVER),
        (Fault(what="truncated"), Category.SERVER),
        (Fault(what="body", text="[]"), Category.SERVER),
        (Fault(what="body", text='{"code": 0, "data": "x"}'), Category.SERVER),
        (Fault(what="body", text='{"code": 0, "data": ["x"]}'), Category.SERVER),
        (Fault(what="status", status=429), Category.THROTTLED),
        (Fault(what="status", status=401), Category.AUTH),
        (Fault(what="status", status=500), Category.SERVER),
        (Fault(what="status", status=502), Category.SERVER),
        (Fault(what="status", status=503), Category.SERVER),
        (Fault(what="status", status=504), Category.SERVER),
        (Fault(what="code", code=4009), Category.THROTTLED),
        (Fault(what="code", code=4100, status=401), Category.AUTH),
        (Fault(what="code", code=4101), Category.AUTH),
        (Fault(what="code", code=5000), Category.SERVER),
        (Fault(what="redirect", text="http://127.0.0.1:9/"), Category.INVALID_REQUEST),
    ],
    ids=lambda value: f"{value.what}-{value.status or value.code or value.text}" if isinstance(value, Fault) else None,
)
async def test_a_look_that_failed_says_so_and_what_to_do(fault: Fault, category: Category) -> None:
    patience = 0.4 if fault.what in ("late", "stall", "endless") else 5.0  # only those last until the time-out
    error = await failed_look(fault, request_timeout=patience)
    assert error.info.category is category
    assert error.info.message
    assert error.info.hint


async def test_a_look_where_nobody_listens_is_a_network_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with service(f"http://127.0.0.1:{closed.getsockname()[1]}") as coze:
            with pytest.raises(StepError) as caught:
                await coze.poll("e1")
    assert caught.value.info.category is Category.NETWORK


async def test_a_throttled_look_says_how_long_to_wait_and_a_refused_one_its_logid() -> None:
    error = await failed_look(Fault(what="status", status=429, code=4020, retry_after=5))
    assert error.retry_after == 5
    assert error.info.logid


async def test_the_logid_of_the_header_serves_where_the_body_has_none() -> None:
    with pytest.raises(StepError) as caught:
        await poll_answer({"code": 5000, "msg": "no"})
    assert caught.value.info.logid == "L9"


async def test_an_id_is_only_ever_one_part_of_the_path() -> None:
    def answer(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        connection.sendall(whole(b'{"code": 4314}'))

    with raw_server(answer) as server:
        async with service(server.url) as coze:
            assert (await coze.poll("../x?y#z/é")).status == "unknown"
    assert server.requests[0].split(b" ")[1].endswith(b"/run_histories/..%2Fx%3Fy%23z%2F%C3%A9")


async def test_looks_do_not_wait_for_one_another() -> None:
    with serve_coze(INSTANT) as server:
        async with service(server.url) as coze:
            slow = await coze.submit(Task("slow", title="慢", content="x"))
            quick = await coze.submit(Task("quick", title="快", content="x"))
            assert isinstance(slow, Accepted)
            assert isinstance(quick, Accepted)
            server.set_faults(Fault(what="stall", on="look", match="慢"))
            async with anyio.create_task_group() as group:
                group.start_soon(coze.poll, slow.execute_id)
                assert (await coze.poll(quick.execute_id)).status == "succeeded"
                group.cancel_scope.cancel()
