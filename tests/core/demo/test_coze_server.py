"""The simulated Coze keeps Coze's limits, commits every fault on demand, and knows the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cozebatch.coze.output import parse_output
from cozebatch.demo.coze_account import Refusal
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeModel, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault, FaultPlan

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def coze(clips: Path) -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0), clips=clips) as running:
        yield running


def body_for(title: str = "三个方法", **fields: Any) -> dict[str, Any]:
    parameters = {"title": title, "content": f"{title}。今天说说看。"}
    return {"workflow_id": WORKFLOW_ID, "parameters": parameters, "is_async": True, **fields}


def submit(coze: RunningCoze, title: str = "三个方法", **fields: Any) -> httpx.Response:
    return httpx.post(f"{coze.url}/v1/workflow/run", json=body_for(title, **fields), headers=AUTHORIZED)


def look(coze: RunningCoze, execute_id: str) -> httpx.Response:
    return httpx.get(f"{coze.url}/v1/workflows/{WORKFLOW_ID}/run_histories/{execute_id}", headers=AUTHORIZED)


def film_of(coze: RunningCoze, title: str = "三个方法") -> str:
    record = look(coze, submit(coze, title).json()["execute_id"]).json()["data"][0]
    return str(parse_output(record["output"])["videoUrl"])


def test_a_submission_is_answered_in_the_documented_shape(coze: RunningCoze) -> None:
    answer = submit(coze)
    said = answer.json()
    assert answer.status_code == 200
    assert said["code"] == 0
    assert said["execute_id"] in said["debug_url"]
    assert answer.headers["x-tt-logid"] == said["detail"]["logid"]


def test_a_look_is_answered_in_the_documented_shape(coze: RunningCoze) -> None:
    (record,) = look(coze, submit(coze).json()["execute_id"]).json()["data"]
    assert record["execute_status"] == "Success"
    assert record["error_code"] == ""
    assert record["update_time"] == int(record["update_time"])
    assert set(record["usage"]) == {"input_count", "output_count", "token_count"}
    output = parse_output(record["output"])
    assert set(output) == {"videoUrl", "audioUrl", "shortTitle", "wrapTitle", "captions"}
    assert [c["start"] for c in output["captions"][1:]] == [c["end"] for c in output["captions"][:-1]]
    assert "".join(c["text"] for c in output["captions"]) == "三个方法。今天说说看。"


def test_the_workflow_shows_its_declared_inputs(coze: RunningCoze) -> None:
    url = f"{coze.url}/v1/workflows/{WORKFLOW_ID}?include_input_output=true"
    data = httpx.get(url, headers=AUTHORIZED).json()["data"]
    assert data["workflow_detail"]["workflow_name"]
    assert data["input"]["parameters"]["content"]["required"] is True


def test_a_wrong_token_is_refused_with_401(coze: RunningCoze) -> None:
    answer = httpx.post(f"{coze.url}/v1/workflow/run", json=body_for(), headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["code"]) == (401, 4100)
    assert coze.ledger().executions == {}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"workflow_id": "1"}, 4200),
        ({"bot_id": "1", "app_id": "2"}, 4000),
        ({"is_async": False}, 4000),
        ({"parameters": {"title": "x"}}, 720702002),
        ({"parameters": "x"}, 4000),
    ],
)
def test_a_wrong_request_is_refused_with_cozes_code(coze: RunningCoze, fields: dict[str, Any], code: int) -> None:
    assert submit(coze, **fields).json()["code"] == code
    assert coze.ledger().executions == {}


def test_a_request_that_is_no_json_is_refused(coze: RunningCoze) -> None:
    assert httpx.post(f"{coze.url}/v1/workflow/run", content=b"{", headers=AUTHORIZED).json()["code"] == 4000


def test_an_execution_nobody_started_is_4314(coze: RunningCoze) -> None:
    assert look(coze, "1").json()["code"] == 4314


@pytest.mark.parametrize(
    ("over_limit", "status", "code"), [("429", 429, 4020), ("4009", 200, 4009), ("4020", 200, 4020)]
)
def test_more_executions_at_once_than_allowed_are_refused(over_limit: Any, status: int, code: int) -> None:
    with serve_coze(CozeOptions(concurrency=2, over_limit=over_limit, retry_after=3)) as coze:
        answers = [submit(coze, f"第{n}个") for n in range(3)]
        assert [a.json()["code"] for a in answers] == [0, 0, code]
        assert answers[2].status_code == status
        assert answers[2].headers["retry-after"] == "3"
        assert coze.ledger().max_in_flight == 2
        assert coze.ledger().requests["throttled"] == 1


def test_a_slot_is_free_again_when_an_execution_has_ended() -> None:
    model = CozeModel(CozeOptions(duration=300, time_scale=30, concurrency=1))
    model.start(body_for("甲"), now=1000.0)
    with pytest.raises(Refusal):
        model.start(body_for("乙"), now=1009.9)
    model.start(body_for("乙"), now=1010.0)
    assert model.ledger.max_in_flight == 1


def test_more_requests_a_second_than_allowed_are_refused() -> None:
    model = CozeModel(CozeOptions(rate=2))
    for _ in range(2):
        model.meter(5.0)
    with pytest.raises(Refusal):
        model.meter(5.1)
    model.meter(5.6)


def test_durations_are_drawn_from_the_seed_and_the_task() -> None:
    def drawn(seed: int) -> list[float]:
        model = CozeModel(CozeOptions(duration=(100, 200), seed=seed))
        return [model.start(body_for(f"{n}"), now=0.0).ends_at for n in range(5)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(100 <= seconds <= 200 for seconds in drawn(1))


def test_the_ledger_knows_each_tasks_executions_in_process_and_over_http(coze: RunningCoze) -> None:
    for title in ("甲", "乙", "甲"):
        submit(coze, title)
    seen = httpx.get(f"{coze.url}/_ledger").json()
    assert seen["executions"] == 3
    assert {task: len(executions) for task, executions in seen["tasks"].items()} == {"甲": 2, "乙": 1}
    assert [e["number"] for e in seen["tasks"]["甲"]] == [1, 2]
    assert seen["requests"] == coze.ledger().requests == {"submit": 3}


def test_faults_can_be_switched_while_it_runs(coze: RunningCoze) -> None:
    def switch(*faults: dict[str, Any]) -> httpx.Response:
        return httpx.post(f"{coze.url}/_faults", json={"faults": list(faults)})

    assert switch({"what": "status", "status": 503}).status_code == 200
    assert submit(coze).status_code == 503
    assert switch().status_code == 200
    assert submit(coze).status_code == 200
    assert switch({"what": "earthquake"}).status_code == 400
    assert switch({"what": "html", "colour": "red"}).status_code == 400


def test_a_lost_answer_leaves_an_execution_and_a_cut_before_does_not(coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="cut_after", match="甲"), Fault(what="cut_before", match="乙"))
    for title in ("甲", "乙"):
        with pytest.raises(httpx.TransportError):
            submit(coze, title)
    assert {task: len(executions) for task, executions in coze.ledger().tasks.items()} == {"甲": 1}


def test_a_token_can_be_refused_from_some_call_on(coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="status", status=401, code=4100, first=3))
    assert [submit(coze, f"{n}").status_code for n in range(4)] == [200, 200, 401, 401]


def test_a_fault_strikes_only_the_task_and_calls_it_is_meant_for() -> None:
    plan = FaultPlan([Fault(what="html", on="submit", match="甲", first=2, last=3)])
    assert [plan.strike("submit", ["甲方"]) is not None for _ in range(4)] == [False, True, True, False]
    assert plan.strike("submit", ["乙"]) is None
    assert plan.strike("look", ["甲方"]) is None


def test_a_share_of_requests_is_struck_the_same_way_each_time() -> None:
    def struck(seed: int) -> list[bool]:
        plan = FaultPlan([Fault(what="html", share=0.3)], seed=seed)
        return [plan.strike("look", []) is not None for _ in range(200)]

    assert struck(7) == struck(7) != struck(8)
    assert 30 <= sum(struck(7)) <= 90


def test_an_execution_can_fail_once_and_succeed_the_next_time(coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="fail", match="甲", last=1, code=5001, message="节点出错"))
    words = [look(coze, submit(coze, "甲").json()["execute_id"]).json()["data"][0]["execute_status"] for _ in range(2)]
    assert words == ["Fail", "Success"]


def test_films_come_whole_or_by_ranges(coze: RunningCoze) -> None:
    url = film_of(coze)
    whole = httpx.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.content[4:8] == b"ftyp"
    part = httpx.get(url, headers={"Range": "bytes=100-"})
    assert part.status_code == 206
    assert part.content == whole.content[100:]


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        (Fault(what="status", on="media", status=404), 404, b"upstream error"),
        (Fault(what="status", on="media", status=403), 403, b"upstream error"),
        (Fault(what="html", on="media"), 200, b"<!doctype html>"),
        (Fault(what="empty", on="media"), 200, b""),
        (Fault(what="redirect", on="media", text="http://10.0.0.1/x.mp4"), 302, b""),
    ],
    ids=["404", "expired", "html", "empty", "redirect"],
)
def test_films_can_be_spoilt(coze: RunningCoze, fault: Fault, status: int, content: bytes) -> None:
    url = film_of(coze)
    coze.set_faults(fault)
    answer = httpx.get(url)
    assert answer.status_code == status
    assert answer.content.startswith(content)
    assert fault.what != "html" or answer.headers["content-type"] == "video/mp4"


def test_a_film_can_be_cut_short_and_a_redirect_can_lead_to_it(coze: RunningCoze) -> None:
    url = film_of(coze)
    coze.set_faults(Fault(what="short", on="media"))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    coze.set_faults(Fault(what="redirect", on="media"))
    assert httpx.get(url, follow_redirects=True).content[4:8] == b"ftyp"
    coze.set_faults(Fault(what="stall", on="media"))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, timeout=0.2)


def test_no_file_but_the_films_can_be_had(coze: RunningCoze) -> None:
    for path in ("/media/1/nobody.mp4", "/media/1/%2e%2e%2flin.mp4", "/media/1/lin.exe"):
        assert httpx.get(f"{coze.url}{path}").status_code == 404
