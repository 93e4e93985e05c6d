from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import Refusal, SimColumn, SimTable
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import ACCOUNTS, CONTENT, HUMANS, READY, VOICES, demo_tables
from cozebatch.demo.serving import serve

BASE = "/open-apis/bitable/v1/apps/demoapp/tables/"


@pytest.fixture
def feishu() -> SimulatedFeishu:
    return SimulatedFeishu()


@pytest.fixture
def http(feishu: SimulatedFeishu) -> Iterator[httpx.Client]:
    with serve(feishu) as url, httpx.Client(base_url=url) as client:
        asked = {"app_id": "cli_demo", "app_secret": "demo_secret"}
        token = client.post("/open-apis/auth/v3/tenant_access_token/internal", json=asked).json()
        client.headers["Authorization"] = f"Bearer {token['tenant_access_token']}"
        yield client


def search(http: httpx.Client, table: str = CONTENT, query: str = "", **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = http.post(f"{BASE}{table}/records/search{query}", json=body).json()
    return answer


def update(http: httpx.Client, *changes: tuple[str, dict[str, Any]], table: str = CONTENT) -> dict[str, Any]:
    records = [{"record_id": record_id, "fields": fields} for record_id, fields in changes]
    answer: dict[str, Any] = http.post(f"{BASE}{table}/records/batch_update", json={"records": records}).json()
    return answer


def test_the_demo_has_twenty_ready_scripts_of_five_accounts() -> None:
    tables = {table.table_id: table for table in demo_tables()}
    rows = tables[CONTENT].records.values()
    assert len(rows) == 20
    assert len({row["仿写标题"][0]["text"] for row in rows}) == 20
    assert all(len(row["仿写文案"][0]["text"]) > 30 and row["状态"] == READY for row in rows)
    assert len(tables[ACCOUNTS].records) == len(tables[VOICES].records) == 5
    assert len(tables[HUMANS].records) == 10


def test_a_search_is_paged_and_gives_only_the_fields_asked_for(http: httpx.Client) -> None:
    first = search(http, query="?page_size=12", field_names=["仿写标题"])["data"]
    assert (first["has_more"], first["total"], len(first["items"])) == (True, 20, 12)
    assert set(first["items"][0]["fields"]) == {"仿写标题"}
    rest = search(http, query=f"?page_size=12&page_token={first['page_token']}")["data"]
    assert (rest["has_more"], len(rest["items"])) == (False, 8)
    assert "page_token" not in rest


@pytest.mark.parametrize(
    ("operator", "value", "count"),
    [
        ("is", ["早起的人，运气都不会太差"], 1),
        ("isNot", ["早起的人，运气都不会太差"], 19),
        ("contains", ["茶"], 3),
        ("doesNotContain", ["茶"], 17),
        ("isEmpty", [], 0),
        ("isNotEmpty", [], 20),
    ],
)
def test_a_filter_lets_through_what_it_says(http: httpx.Client, operator: str, value: list[str], count: int) -> None:
    condition = {"field_name": "仿写标题", "operator": operator, "value": value}
    found = search(http, filter={"conjunction": "and", "conditions": [condition]})
    assert found["data"]["total"] == count


def test_conditions_are_joined_and_nested(http: httpx.Client) -> None:
    tea, early = ({"field_name": "仿写标题", "operator": "contains", "value": [v]} for v in ("茶", "早起"))
    assert search(http, filter={"conjunction": "or", "conditions": [tea, early]})["data"]["total"] == 4
    assert search(http, filter={"conjunction": "and", "conditions": [tea, early]})["data"]["total"] == 0
    nested = {"conjunction": "and", "children": [{"conjunction": "or", "conditions": [tea, early]}]}
    assert search(http, filter=nested)["data"]["total"] == 4


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"{BASE}tblnone/records/search", {}, 1254041),
        (f"{BASE.replace('demoapp', 'other')}{CONTENT}/records/search", {}, 1254040),
        (f"{BASE}{CONTENT}/records/search", {"field_names": ["无"]}, 1254045),
        (f"{BASE}{CONTENT}/records/search", {"view_id": "vewnone"}, 1254042),
        (f"{BASE}{CONTENT}/records/search?page_size=501", {}, 1254002),
        (f"{BASE}{CONTENT}/records/search", {"filter": {"conjunction": "nor", "conditions": []}}, 1254018),
        (
            f"{BASE}{CONTENT}/records/search",
            {"filter": {"conjunction": "and", "conditions": [{"field_name": "无", "operator": "is", "value": ["x"]}]}},
            1254018,
        ),
        (f"{BASE}{CONTENT}/records/batch_update", {"records": [{"record_id": "recnone", "fields": {}}]}, 1254043),
        (
            f"{BASE}{CONTENT}/records/batch_update",
            {"records": [{"record_id": "recdemo01", "fields": {"无": "x"}}]},
            1254045,
        ),
        (
            f"{BASE}{CONTENT}/records/batch_update",
            {"records": [{"record_id": "recdemo01", "fields": {"状态": 5}}]},
            1254062,
        ),
        (f"{BASE}{CONTENT}/records/batch_update", {"records": []}, 1254104),
        (f"{BASE}{CONTENT}/records/batch_get", {"record_ids": []}, 1254002),
    ],
)
def test_what_feishu_refuses_is_refused_with_its_code(http: httpx.Client, path: str, body: Any, code: int) -> None:
    answer = http.post(path, json=body)
    assert answer.json()["code"] == code
    assert answer.headers["x-tt-logid"]


def test_a_batch_with_one_bad_record_writes_none(http: httpx.Client, feishu: SimulatedFeishu) -> None:
    assert update(http, ("recdemo01", {"返回结果": "x"}), ("recnone", {"返回结果": "x"}))["code"] == 1254043
    assert feishu.writes == []
    assert update(http, ("recdemo01", {"返回结果": "x", "状态": "新选项"}))["code"] == 0
    assert feishu.cell(CONTENT, "recdemo01", "返回结果") == "x"
    column = feishu.tables[CONTENT].column("状态")
    assert column is not None
    assert "新选项" in column.options


def test_one_record_can_be_updated_and_records_read_by_id(http: httpx.Client) -> None:
    record = http.put(f"{BASE}{CONTENT}/records/recdemo02", json={"fields": {"返回结果": "x"}}).json()["data"]["record"]
    assert record["fields"]["返回结果"] == [{"text": "x", "type": "text"}]
    found = http.post(f"{BASE}{CONTENT}/records/batch_get", json={"record_ids": ["recdemo02", "recgone"]}).json()[
        "data"
    ]
    assert [r["record_id"] for r in found["records"]] == ["recdemo02"]
    assert found["absent_record_ids"] == ["recgone"]


def test_the_columns_come_with_type_and_options(http: httpx.Client) -> None:
    fields = http.get(f"{BASE}{CONTENT}/fields", params={"page_size": 100}).json()["data"]["items"]
    by_name = {field["field_name"]: field for field in fields}
    assert by_name["状态"]["type"] == 3
    assert {"name": READY} in by_name["状态"]["property"]["options"]


def test_a_token_is_asked_for_and_may_expire(http: httpx.Client, feishu: SimulatedFeishu) -> None:
    assert search(http)["code"] == 0
    feishu.expire_tokens()
    assert search(http)["code"] == 99991663
    del http.headers["Authorization"]
    assert search(http)["code"] == 99991661


def test_two_writes_of_a_table_that_overlap_are_a_conflict() -> None:
    feishu = SimulatedFeishu(write_seconds=0.3)
    codes: list[int] = []
    with serve(feishu) as url, httpx.Client(base_url=url) as client:
        asked = {"app_id": "cli_demo", "app_secret": "demo_secret"}
        token = client.post("/open-apis/auth/v3/tenant_access_token/internal", json=asked).json()["tenant_access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        writers = [
            threading.Thread(target=lambda: codes.append(update(client, ("recdemo01", {"返回结果": "x"}))["code"]))
            for _ in range(2)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert update(client, ("recdemo01", {"返回结果": "x"}))["code"] == 0
    assert sorted(codes) == [0, 1254291]


def test_faults_strike_what_they_are_for_and_as_often_as_said(http: httpx.Client, feishu: SimulatedFeishu) -> None:
    feishu.strike(FeishuFault("write", code=1254290, times=2, reset=7))
    assert search(http)["code"] == 0
    answers = [http.put(f"{BASE}{CONTENT}/records/recdemo02", json={"fields": {}}) for _ in range(3)]
    assert [answer.json()["code"] for answer in answers] == [1254290, 1254290, 0]
    assert answers[0].headers["x-ogw-ratelimit-reset"] == "7"
    feishu.strike(FeishuFault("search", "cut"))
    with pytest.raises(httpx.TransportError):
        search(http)
    feishu.strike(FeishuFault("any", "html", status=502, times=None))
    assert http.post(f"{BASE}{CONTENT}/records/search", json={}).status_code == 502
    feishu.heal()
    assert search(http)["code"] == 0


def test_other_processes_may_look_at_the_tables(http: httpx.Client, feishu: SimulatedFeishu) -> None:
    update(http, ("recdemo01", {"返回结果": "x"}))
    seen = http.get("/_tables").json()
    assert seen["counts"] == {"token": 1, "batch_update": 1}
    assert seen["writes"] == 1
    assert seen["tables"][CONTENT]["recdemo01"]["返回结果"] == "x"


def test_waiting_for_a_request_that_never_comes_ends(feishu: SimulatedFeishu) -> None:
    with pytest.raises(TimeoutError):
        feishu.wait_until(lambda: False, timeout=0.01)


def test_a_table_refuses_columns_it_does_not_have() -> None:
    table = SimTable("tbl1", [SimColumn("a")])
    with pytest.raises(KeyError):
        table.add("rec1", {"b": "x"})
    table.read_only = True
    with pytest.raises(Refusal):
        table.check_write([("rec1", {})])
