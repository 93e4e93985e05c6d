"""The simulated services, driven by the services' own client libraries: what those cannot parse is our mistake."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cozepy import Coze, CozeAPIError, TokenAuth, WorkflowEventType, WorkflowExecuteStatus
from cozepy.request import SyncHTTPClient
from lark_oapi.api.bitable.service import BitableService
from lark_oapi.api.bitable.v1 import (
    AppTableRecord,
    BatchGetAppTableRecordRequest,
    BatchGetAppTableRecordRequestBody,
    BatchUpdateAppTableRecordRequest,
    BatchUpdateAppTableRecordRequestBody,
    Condition,
    FilterInfo,
    ListAppTableFieldRequest,
    SearchAppTableRecordRequest,
    SearchAppTableRecordRequestBody,
    UpdateAppTableRecordRequest,
)
from lark_oapi.api.wiki.service import WikiService
from lark_oapi.api.wiki.v2 import GetNodeSpaceRequest
from lark_oapi.core.cache import LocalCache
from lark_oapi.core.model import Config
from lark_oapi.core.token import TokenManager

from cozebatch.coze.codes import CODES
from cozebatch.coze.output import parse_output
from cozebatch.demo.coze_account import TEAM
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, READY
from cozebatch.demo.serving import serve

PARAMETERS = {"title": "三个方法", "content": "今天说三个方法。"}


@pytest.fixture
def simulated() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0)) as running:
        yield running


@pytest.fixture
def client(simulated: RunningCoze) -> Iterator[Coze]:
    with client_of(simulated) as built:
        yield built


@contextmanager
def client_of(simulated: RunningCoze, token: str = TOKEN) -> Iterator[Coze]:
    http: Any = SyncHTTPClient  # it has no types
    with http() as opened:
        yield Coze(auth=TokenAuth(token=token), base_url=simulated.url, http_client=opened)


def started(client: Coze) -> str:
    result = client.workflows.runs.create(workflow_id=WORKFLOW_ID, parameters=PARAMETERS, is_async=True)
    assert result.execute_id
    assert result.execute_id in result.debug_url
    return result.execute_id


def history(client: Coze, execute_id: str) -> Any:
    return client.workflows.runs.run_histories.retrieve(workflow_id=WORKFLOW_ID, execute_id=execute_id)


def test_a_run_and_its_history(client: Coze) -> None:
    seen = history(client, started(client))
    assert seen.execute_status is WorkflowExecuteStatus.SUCCESS
    assert (seen.error_code, seen.run_mode, seen.is_output_trimmed) == (0, 2, False)
    assert seen.usage.token_count == seen.usage.input_count + seen.usage.output_count > 0
    assert parse_output(seen.output)["videoUrl"].endswith(".mp4")


def test_a_failed_run_says_why(simulated: RunningCoze, client: Coze) -> None:
    simulated.set_faults(Fault(what="fail", code=5000, message="node failed"))
    seen = history(client, started(client))
    assert seen.execute_status is WorkflowExecuteStatus.FAIL
    assert (seen.error_code, seen.error_message) == (5000, "node failed")


def test_a_trimmed_output_node_is_had_whole_by_its_uuid(simulated: RunningCoze, client: Coze) -> None:
    simulated.set_faults(Fault(what="trimmed"))
    execute_id = started(client)
    seen = history(client, execute_id)
    assert seen.is_output_trimmed
    (node,) = seen.node_execute_status.values()
    assert node.is_finish
    whole = client.workflows.runs.run_histories.execute_nodes.retrieve(
        workflow_id=WORKFLOW_ID, execute_id=execute_id, node_execute_uuid=node.node_execute_uuid
    )
    assert whole.is_finish
    assert json.loads(whole.node_output or "")["videoUrl"].endswith(".mp4")


def test_the_lists_of_workspaces_and_workflows_page_by_page(client: Coze) -> None:
    assert [space.id for space in client.workspaces.list()][-1] == TEAM
    names = [w.workflow_id for w in client.workflows.list(workspace_id=TEAM)]  # asks for 100 a page, gets 30
    assert len(names) == len(set(names)) == 35
    assert names[0] == WORKFLOW_ID
    assert client.workflows.retrieve(workflow_id=WORKFLOW_ID).workflow_detail.workflow_name == "口播视频"


def test_a_question_is_answered_and_the_run_goes_on_to_its_end(simulated: RunningCoze, client: Coze) -> None:
    simulated.set_faults(Fault(what="interrupt", text="用哪个封面？"))
    execute_id = started(client)
    assert history(client, execute_id).execute_status is WorkflowExecuteStatus.RUNNING
    stream = client.workflows.runs.resume(
        workflow_id=WORKFLOW_ID, event_id=f"{execute_id}/1", resume_data="第二个", interrupt_type=2
    )
    (event,) = list(stream)
    assert event.event == WorkflowEventType.MESSAGE
    assert event.message is not None
    assert parse_output(event.message.content)["videoUrl"].endswith(".mp4")
    assert history(client, execute_id).execute_status is WorkflowExecuteStatus.SUCCESS
    assert simulated.ledger().executions[execute_id].answers == ["第二个"]
    assert len(simulated.ledger().executions) == 1
    with pytest.raises(CozeAPIError) as refused:
        client.workflows.runs.resume(
            workflow_id=WORKFLOW_ID, event_id=f"{execute_id}/1", resume_data="再来", interrupt_type=2
        )
    assert refused.value.code == 4000


def test_an_uploaded_file_arrives_byte_for_byte(simulated: RunningCoze, client: Coze, tmp_path: Path) -> None:
    content = random.Random(14).randbytes(200_000) + b"\r\n\n\r--x\r\n"
    (tmp_path / "photo.png").write_bytes(content)
    with (tmp_path / "photo.png").open("rb") as opened:
        file = client.files.upload(file=("照片.png", opened))
    kept = simulated.service.account_file(file.id)
    assert (kept.size, kept.name) == (len(content), "照片.png")
    assert kept.content == content
    assert client.files.upload(file=("b", b"other")).id != file.id


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_refusal_is_understood_with_code_words_and_logid(simulated: RunningCoze, client: Coze, code: int) -> None:
    simulated.set_faults(Fault(what="code", code=code, message="as Coze says", on="any"))
    calls = (
        lambda: started(client),
        lambda: history(client, "1"),
        lambda: client.workspaces.list(),
        lambda: client.workflows.list(workspace_id=TEAM),
        lambda: client.files.upload(file=("a", b"a")),
    )
    for call in calls:
        with pytest.raises(CozeAPIError) as refused:
            call()
        assert (refused.value.code, refused.value.msg) == (code, "as Coze says")
        assert refused.value.logid


def test_a_wrong_token_and_a_missing_permission(simulated: RunningCoze) -> None:
    with client_of(simulated, "pat_wrong") as stranger, pytest.raises(CozeAPIError) as refused:
        history(stranger, "1")
    assert refused.value.code == 4100
    with serve_coze(CozeOptions(permissions=frozenset({"run"}))) as narrow, client_of(narrow) as client:
        execute_id = started(client)
        with pytest.raises(CozeAPIError) as refused:
            history(client, execute_id)
        assert refused.value.code == 4101
        assert "listRunHistory" in refused.value.msg


# Feishu


@pytest.fixture
def feishu() -> SimulatedFeishu:
    return SimulatedFeishu(wiki={"wikcnNode1": APP_TOKEN})


@dataclass(frozen=True)
class Feishu:
    """Two services of the library's `Client`, made as it makes them."""

    bitable: Any
    wiki: Any


@pytest.fixture
def sdk(feishu: SimulatedFeishu, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feishu]:
    monkeypatch.setattr(TokenManager, "cache", LocalCache())  # the library keeps tokens for the whole process
    with serve(feishu) as url:
        config = Config()
        config.app_id, config.app_secret, config.domain = APP_ID, APP_SECRET, url
        yield Feishu(BitableService(config), WikiService(config))


def search(sdk: Feishu, page_token: str | None = None) -> Any:
    ready = Condition.builder().field_name("状态").operator("is").value([READY]).build()
    body = SearchAppTableRecordRequestBody.builder()
    body = body.filter(FilterInfo.builder().conjunction("and").conditions([ready]).build())
    request = SearchAppTableRecordRequest.builder().app_token(APP_TOKEN).table_id(CONTENT).page_size(8)
    request = request.page_token(page_token) if page_token else request
    return sdk.bitable.v1.app_table_record.search(request.request_body(body.build()).build())


def test_records_are_searched_page_by_page(sdk: Feishu) -> None:
    seen: list[str] = []
    token = None
    for _ in range(10):
        answer = search(sdk, token)
        assert answer.success(), answer.msg
        seen += [record.record_id for record in answer.data.items]
        token = answer.data.page_token
        if not answer.data.has_more:
            break
    assert len(seen) == len(set(seen)) == 20 == answer.data.total


def test_columns_tell_their_types_and_options(sdk: Feishu) -> None:
    request = ListAppTableFieldRequest.builder().app_token(APP_TOKEN).table_id(CONTENT).page_size(100).build()
    answer = sdk.bitable.v1.app_table_field.list(request)
    assert answer.success(), answer.msg
    columns = {column.field_name: column for column in answer.data.items}
    assert columns["仿写文案"].type == 1
    assert READY in [option.name for option in columns["状态"].property.options]


def test_records_are_written_one_by_one_and_together_and_read_back(sdk: Feishu) -> None:
    ids = [record.record_id for record in search(sdk).data.items[:2]]
    one = AppTableRecord.builder().fields({"返回结果": "一"}).build()
    update = UpdateAppTableRecordRequest.builder().app_token(APP_TOKEN).table_id(CONTENT).record_id(ids[0])
    assert sdk.bitable.v1.app_table_record.update(update.request_body(one).build()).success()
    both = [AppTableRecord.builder().record_id(record).fields({"返回结果": "二"}).build() for record in ids[1:]]
    together = BatchUpdateAppTableRecordRequest.builder().app_token(APP_TOKEN).table_id(CONTENT)
    body = BatchUpdateAppTableRecordRequestBody.builder().records(both).build()
    assert sdk.bitable.v1.app_table_record.batch_update(together.request_body(body).build()).success()
    got = BatchGetAppTableRecordRequest.builder().app_token(APP_TOKEN).table_id(CONTENT)
    wanted = BatchGetAppTableRecordRequestBody.builder().record_ids(ids).build()
    answer = sdk.bitable.v1.app_table_record.batch_get(got.request_body(wanted).build())
    assert answer.success(), answer.msg
    assert [record.fields["返回结果"][0]["text"] for record in answer.data.records] == ["一", "二"]


def test_a_wiki_node_leads_to_its_base(sdk: Feishu) -> None:
    answer = sdk.wiki.v2.space.get_node(GetNodeSpaceRequest.builder().token("wikcnNode1").build())
    assert answer.success(), answer.msg
    assert (answer.data.node.obj_type, answer.data.node.obj_token) == ("bitable", APP_TOKEN)


@pytest.mark.parametrize("code", [1254040, 1254041, 1254045, 1254290, 1254291, 1254302, 1254607, 99991672])
def test_every_refusal_of_feishu_is_understood(feishu: SimulatedFeishu, sdk: Feishu, code: int) -> None:
    feishu.strike(FeishuFault(on="search", code=code, times=None))
    answer = search(sdk)
    assert not answer.success()
    assert answer.code == code
    assert answer.get_log_id()
