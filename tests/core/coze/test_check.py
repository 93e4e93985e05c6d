"""The token and the workflow can be checked without submitting anything."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest

from cozebatch.coze.check import check_coze
from cozebatch.coze.client import CozeService
from cozebatch.coze.defaults import DEFAULT_PARAMETERS
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.settings.model import Outputs

pytestmark = pytest.mark.anyio

USUAL = Outputs().named()


async def levels(
    *faults: Fault,
    options: CozeOptions | None = None,
    parameters: Mapping[str, str] = DEFAULT_PARAMETERS,
    outputs: Mapping[str, str] = USUAL,
    **settings: Any,
) -> list[tuple[str, str, str]]:
    with serve_coze(options, faults) as server:
        async with CozeService(
            token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url, parameters=parameters, **settings
        ) as service:
            items = await check_coze(service, outputs)
        assert "submit" not in server.ledger().requests
    return [(item.level, item.subject.en, item.text.en) for item in items]


async def preflight(fault: Fault) -> ErrorInfo | None:
    with serve_coze(faults=[fault]) as server:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url) as service:
            return await service.preflight()


async def test_a_good_token_and_a_matching_workflow_are_ok() -> None:
    assert [(level, subject) for level, subject, _ in await levels()] == [
        ("ok", "Coze token"),
        ("ok", "workflow"),
        ("ok", "workflow inputs"),
    ]


async def test_a_required_input_that_is_not_sent_fails() -> None:
    level, _, text = (await levels(parameters={"title": "title"}))[-1]
    assert (level, "content" in text) == ("fail", True)


async def test_an_input_the_workflow_does_not_declare_is_a_warning() -> None:
    level, _, text = (await levels(parameters={"content": "content", "voiceID": "voice_id"}))[-1]
    assert (level, "voiceID" in text) == ("warn", True)


ONLY_READING = [
    "The token lacks the permission getMetaData",
    "missing permission: Workflow.getMetaData, needed to run this API",
    "令牌缺少 getMetaData 权限",
]
NOT_ONLY_READING = [
    "",
    "The token you entered is incorrect",
    "You do not have permission to access this workspace",
    "missing permission: run",
    "missing permissions: [getMetaData, run]",
    "the token needs run and getMetaData",
    "the permissions 'run', 'getMetaData' are missing",
    "请开通 getMetaData、listRunHistory",
]


@pytest.mark.parametrize("words", ONLY_READING)
async def test_a_token_that_may_not_read_the_workflow_is_only_a_warning(words: str) -> None:
    fault = Fault(what="code", code=4101, message=words)
    ((level, _, text),) = await levels(fault)
    assert (level, words in text, "logid" in text) == ("warn", True, True)
    assert await preflight(fault) is None


@pytest.mark.parametrize("status", [None, 401, 403])
@pytest.mark.parametrize("words", NOT_ONLY_READING)
async def test_any_other_missing_right_fails_with_cozes_own_words(words: str, status: int | None) -> None:
    fault = Fault(what="code", code=4101, message=words, status=status)
    ((level, subject, text),) = await levels(fault)
    assert (level, subject) == ("fail", "Coze token")
    assert words in text
    assert "logid" in text
    error = await preflight(fault)
    assert error is not None
    assert (error.category, error.code) == (Category.AUTH, "4101")
    assert words in error.message.en


async def test_a_workflow_of_an_app_fails_with_the_id_to_fill_in() -> None:
    options = CozeOptions(app_id="7411")
    assert ("fail", "workflow") in [found[:2] for found in await levels(options=options)]
    _, (_, _, text), _ = await levels(options=options)
    assert "set coze_config.app_id to 7411" in text
    assert [level for level, _, _ in await levels(options=options, app_id="7411")] == ["ok"] * 3
    _, (_, _, text), _ = await levels(options=options, bot_id="1")
    assert "take bot_id out" in text


async def test_a_limited_rate_is_only_a_warning() -> None:
    ((level, _, text),) = await levels(Fault(what="status", status=429, code=4011))
    assert (level, "check again later" in text) == ("warn", True)


async def test_a_refused_token_fails_with_the_cure_and_the_logid() -> None:
    ((level, subject, text),) = await levels(Fault(what="code", code=4100, status=401))
    assert (level, subject) == ("fail", "Coze token")
    assert "Make a new token" in text
    assert "logid" in text


async def test_a_workflow_that_does_not_exist_fails() -> None:
    ((level, subject, text),) = await levels(options=CozeOptions(workflow_id="another"))
    assert (level, subject) == ("fail", "workflow")
    assert text.index("base_url") < text.index("workflow is published") < text.index("workflow_id is right")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(what="code", code=4101, message="getMetaData"),
        Fault(what="code", code=4101, message="getMetaData", status=401),
        Fault(what="status", status=403),
        Fault(what="status", status=404),
        Fault(what="status", status=405),
        Fault(what="status", status=500),
        Fault(what="status", status=429),
        Fault(what="status", status=429, code=4008),
        Fault(what="status", status=429, code=4100),
        Fault(what="html"),
    ],
    ids=lambda fault: f"{fault.what}-{fault.status}-{fault.code}",
)
async def test_the_preflight_lets_pass_what_says_nothing_about_running(fault: Fault) -> None:
    with serve_coze(faults=[fault]) as server:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url) as service:
            assert await service.preflight() is None


@pytest.mark.parametrize("code", [None, 4100, 700012006])
async def test_the_preflight_tells_of_a_refused_token(code: int | None) -> None:
    with serve_coze(faults=[Fault(what="status", status=401, code=code)]) as server:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url) as service:
            error = await service.preflight()
    assert error is not None
    assert error.category is Category.AUTH


@pytest.mark.parametrize("code", [4200, 6003, 6031, 4011])
async def test_the_preflight_tells_of_a_workflow_or_account_that_cannot_run(code: int) -> None:
    with serve_coze(faults=[Fault(what="code", code=code)]) as server:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url) as service:
            error = await service.preflight()
    assert error is not None
    assert (error.scope, error.code) == ("batch", str(code))


async def test_the_preflight_tells_of_a_coze_that_cannot_be_reached() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=url) as service:
            error = await service.preflight()
    assert error is not None
    assert error.category is Category.NETWORK


async def test_the_preflight_passes_a_good_token() -> None:
    with serve_coze() as server:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=server.url) as service:
            assert await service.preflight() is None


OTHERS = CozeOptions(outputs={"videoUrl": "video_link", "audioUrl": "配音"})


async def test_outputs_that_are_called_otherwise_are_told_before_anything_is_paid() -> None:
    level, subject, text = (await levels(options=OTHERS))[-1]
    assert (level, subject) == ("warn", "workflow outputs")
    assert "video is videoUrl, the workflow declares video_link" in text
    assert "audio is audioUrl, the workflow declares 配音" in text


@pytest.mark.parametrize("outputs", [{**USUAL, "video": "video_link"}, {**USUAL, "audio": "配音"}, {}])
async def test_one_medium_that_is_declared_will_do(outputs: dict[str, str]) -> None:
    assert "workflow outputs" not in [subject for _, subject, _ in await levels(options=OTHERS, outputs=outputs)]
