from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator

import anyio
import httpx
import pytest
import trio.testing

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.feishu.base import FeishuBase, patiently
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.links import parse_base
from cozebatch.feishu.sdk import RENEW_EARLY, FeishuClient, FeishuError
from support.feishu_support import Served, in_process, served
from support.wine import NO_AFD, is_wine

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Iterator[Served]:
    with served() as service:
        yield service


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_the_core_of_the_sdk_and_bitable_are_imported() -> None:
    # More than a few hundred: a new version of the SDK has found another way to load everything.
    count, log = run(
        """
        import logging, sys
        from cozebatch.feishu.lark import load_sdk
        load_sdk()
        logging.getLogger("Lark").warning("not on stdout")
        print(len([name for name in sys.modules if name.split(".")[0] == "lark_oapi"]), "end")
        """
    ).split()
    assert int(count) < 400
    assert log == "end"


def test_the_plain_import_is_the_way_out_when_the_light_one_fails() -> None:
    # Bare packages that lead nowhere, as after a change of the SDK's tree; the real import is played by its light twin.
    out = run(
        """
        import importlib, sys
        from cozebatch.feishu import lark
        bare, plain = lark._put_bare_packages, []
        def broken():
            bare()
            sys.modules["lark_oapi"].__path__ = []
            sys.modules["lark_oapi.api"].__path__ = []
        real = importlib.import_module
        def imported(name, package=None):
            if name == "lark_oapi":
                plain.append([n for n in sys.modules if n.startswith("lark_oapi")])
                bare()
                return sys.modules[name]
            return real(name, package)
        lark._put_bare_packages, importlib.import_module = broken, imported
        print(lark.load_sdk().record.__name__, plain)
        """
    )
    assert out == "AppTableRecord [[]]"


def test_feishu_is_not_imported_with_the_rest_of_the_core() -> None:
    out = run(
        """
        import sys
        import cozebatch.settings, cozebatch.files, cozebatch.feishu, cozebatch.feishu.links
        print([name for name in ("lark_oapi", "httpx", "requests") if name in sys.modules])
        """
    )
    assert out == "[]"


async def test_calls_share_one_token_and_few_connections(service: Served) -> None:
    async with service.connect() as (_, base):
        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(base.search, CONTENT)
        for _ in range(10):
            await base.search(CONTENT)
    assert service.feishu.counts == {"token": 1, "search": 22}
    assert len(service.feishu.connections) <= 13


async def test_an_expired_token_is_replaced_once_for_all(service: Served) -> None:
    async with service.connect() as (_, base):
        await base.search(CONTENT)
        service.feishu.expire_tokens()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(base.search, CONTENT)
        assert service.feishu.counts["token"] == 2


@pytest.mark.parametrize("code", [99991663, 99991661, 99991668, 99991677])
async def test_a_token_that_is_never_taken_is_not_asked_for_for_ever(service: Served, code: int) -> None:
    service.feishu.strike(FeishuFault("search", code=code, status=400, times=None))
    async with service.connect() as (_, base):
        with pytest.raises(FeishuError) as caught:
            await base.search(CONTENT)
    assert caught.value.kind is Kind.TOKEN
    assert service.feishu.counts == {"token": 2, "search": 2}


@pytest.mark.skipif(is_wine(), reason=NO_AFD)
@pytest.mark.parametrize("lifetime", [60.0, 7200.0])
def test_a_token_is_renewed_before_its_end_and_not_sooner(lifetime: float) -> None:
    service = in_process(SimulatedFeishu(token_lifetime=lifetime))

    async def use() -> None:
        early = min(RENEW_EARLY, lifetime / 2)
        async with service.connect() as (_, base):
            await base.search(CONTENT)
            await anyio.sleep(lifetime - early - 1)
            await base.search(CONTENT)
            assert service.feishu.counts["token"] == 1
            await anyio.sleep(2)
            await base.search(CONTENT)
            assert service.feishu.counts["token"] == 2

    anyio.run(use, backend="trio", backend_options={"clock": trio.testing.MockClock(autojump_threshold=0)})


@pytest.mark.parametrize(("app_id", "secret"), [("cli_other", "demo_secret"), ("cli_demo", "wrong_secret")])
async def test_wrong_credentials_are_said_with_the_cure_and_without_the_secret(
    service: Served, app_id: str, secret: str
) -> None:
    async with service.connect(app_id=app_id, app_secret=secret) as (client, base):
        with pytest.raises(FeishuError) as caught:
            await base.search(CONTENT)
        assert caught.value.kind is Kind.CREDENTIALS
        assert "app_secret" in caught.value.complaint.en
        assert "wrong_secret" not in caught.value.complaint.en + repr(client)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (FeishuFault("search", code=99991400, status=429, reset=2), Kind.THROTTLED),
        (FeishuFault("search", code=1254290), Kind.THROTTLED),
        (FeishuFault("search", "html", status=429), Kind.THROTTLED),
        (FeishuFault("search", code=1254291), Kind.CONFLICT),
        (FeishuFault("search", code=1254607), Kind.NOT_READY),
        (FeishuFault("search", code=1255040, status=504), Kind.SERVER),
        (FeishuFault("search", "html", status=502), Kind.SERVER),
        (FeishuFault("search", "html", status=200), Kind.SERVER),
        (FeishuFault("search", "html", status=404), Kind.NETWORK),
        (FeishuFault("search", "cut"), Kind.NETWORK),
        (FeishuFault("search", code=1254302, status=403), Kind.PERMISSION),
        (FeishuFault("search", code=91403, status=403), Kind.PERMISSION),
        (FeishuFault("search", code=1254040), Kind.NOT_FOUND),
        (FeishuFault("search", code=1254045), Kind.COLUMN),
        (FeishuFault("search", code=1254018), Kind.FILTER),
        (FeishuFault("search", code=1254064), Kind.VALUE),
        (FeishuFault("search", code=42), Kind.REFUSED),
    ],
)
async def test_every_kind_of_refusal_is_told_apart(service: Served, fault: FeishuFault, kind: Kind) -> None:
    service.feishu.strike(fault)
    async with service.connect() as (_, base):
        with pytest.raises(FeishuError) as caught:
            await base.search(CONTENT)
        assert caught.value.kind is kind
        assert caught.value.retry_after == fault.reset
        assert caught.value.logid == (f"2026demo{fault.code}" if fault.what == "code" else None)
        # The connection is still good for the next call.
        assert (await base.search(CONTENT)).total == 20


@pytest.mark.parametrize("data", ['"text"', "[]", "7", '{"items": {"a": 1}}', '{"items": [7]}', '{"__class__": 1}'])
async def test_an_answer_of_an_unexpected_shape_is_an_error_of_the_service(data: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        flat = b'{"code": 0, "tenant_access_token": "t-1", "expire": 7200}'
        body = flat if "auth" in request.url.path else f'{{"code": 0, "data": {data}}}'.encode()
        return httpx.Response(200, stream=httpx.ByteStream(body))  # not read yet, as from the network

    transport = httpx.MockTransport(answer)
    domain = "http://127.0.0.1"
    async with FeishuClient(app_id="cli_demo", app_secret="s", domain=domain, transport=transport) as client:
        with pytest.raises(FeishuError) as caught:
            await FeishuBase(client, parse_base("demoapp")).search(CONTENT)
    assert caught.value.kind is Kind.SERVER


async def test_a_service_that_answers_too_late_is_not_waited_for(service: Served) -> None:
    service.feishu.strike(FeishuFault("search", "late", seconds=5))
    async with service.connect(request_timeout=0.2) as (_, base):
        with pytest.raises(FeishuError) as caught:
            await base.search(CONTENT)
    assert caught.value.kind is Kind.NETWORK


async def test_nobody_listening_is_a_network_error() -> None:
    async with FeishuClient(app_id="cli_demo", app_secret="s", domain="http://127.0.0.1:9") as client:
        with pytest.raises(FeishuError) as caught:
            await client.check_token()
    assert caught.value.kind is Kind.NETWORK
    assert "api_config.domain" in caught.value.complaint.en


async def test_what_may_pass_is_tried_again_for_a_bounded_time(service: Served) -> None:
    service.feishu.strike(FeishuFault("search", code=1254290, times=1))
    async with service.connect() as (_, base):
        assert (await patiently(lambda: base.search(CONTENT), patience=5)).total == 20
        service.feishu.strike(FeishuFault("search", code=1254290, times=None))
        with pytest.raises(FeishuError):
            await patiently(lambda: base.search(CONTENT), patience=0.1)
        service.feishu.heal()
        service.feishu.strike(FeishuFault("search", code=1254040))
        with pytest.raises(FeishuError, match="no such base"):
            await patiently(lambda: base.search(CONTENT), patience=5)
    assert service.feishu.counts["search"] == 4


async def test_a_wiki_address_leads_to_its_base() -> None:
    with served(SimulatedFeishu(wiki={"Node1": "demoapp", "Doc1": "some_document"})) as service:
        link = "https://acme.feishu.cn/wiki/Node1?table=tbldemocontent"
        async with service.connect(app_token=link) as (_, base):
            for _ in range(2):
                assert (await base.search(CONTENT)).total == 20
        assert service.feishu.counts["wiki"] == 1
        async with service.connect(app_token="https://acme.feishu.cn/wiki/Doc1") as (_, base):
            with pytest.raises(FeishuError, match="a document, not a base"):
                await base.search(CONTENT)
        async with service.connect(app_token="https://acme.feishu.cn/wiki/Gone") as (_, base):
            with pytest.raises(FeishuError, match="no such base"):
                await base.search(CONTENT)
