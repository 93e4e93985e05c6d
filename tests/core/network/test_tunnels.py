"""Coze, Feishu and media through real proxies and a company's certificate: they work, or the trouble is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import trustme

from cozebatch.coze.client import CozeService
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, SimulatedFeishu
from cozebatch.demo.serving import serve
from cozebatch.feishu.base import patiently
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.errors import Category, ErrorInfo, StepError, UsageError
from cozebatch.network.trouble import WRONG_CERTIFICATE
from cozebatch.ports import Accepted, Refused
from cozebatch.synthesis.download.downloader import Downloader
from support.coze_support import TASK, submit_once
from support.films import FileServer, serving
from support.tunnels import Kind, proxy, set_environment, tls_front

pytestmark = pytest.mark.anyio

KINDS: list[Kind] = ["http", "socks5", "socks4"]
COZE = "https://coze.test"
PUBLIC = "93.184.216.34"


@dataclass(frozen=True)
class Secure:
    """A simulated Coze behind HTTPS, under the certificate of a company; `trusted`: its root, as a file."""

    coze: RunningCoze
    port: int
    trusted: str


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def root(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def secure(authority: trustme.CA, root: str) -> Iterator[Secure]:
    with serve_coze(CozeOptions(duration=0)) as coze, tls_front(coze.url, authority, "coze.test") as port:
        yield Secure(coze, port, root)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        yield running


async def refusal(url: str = COZE) -> ErrorInfo:
    outcome = await submit_once(url)
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.NETWORK
    return outcome.error


@pytest.mark.parametrize("kind", KINDS)
async def test_coze_is_reached_through_a_proxy(kind: Kind, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(kind, secure.port) as running:
        set_environment(monkeypatch, ALL_PROXY=running.url, SSL_CERT_FILE=secure.trusted)
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=COZE) as coze:
            assert isinstance(await coze.submit(TASK), Accepted)
            assert await coze.preflight() is None
        assert running.asked_for == [("coze.test", 443)]
    assert len(secure.coze.ledger().executions) == 1


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_proxy_that_wants_a_login_gets_it_and_names_itself_without_it(
    kind: Kind, secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(kind, secure.port, login=("me", "hu:sh")) as running:
        set_environment(monkeypatch, ALL_PROXY=running.url_with("me", "hu%3Ash"), SSL_CERT_FILE=secure.trusted)
        assert isinstance(await submit_once(COZE), Accepted)
        set_environment(monkeypatch, ALL_PROXY=running.url_with("me", "secret"), SSL_CERT_FILE=secure.trusted)
        error = await refusal()
    assert f"through the proxy {running.url}" in error.message.en
    assert f"经代理 {running.url}" in error.message.zh
    assert "password" in error.hint.en
    assert "secret" not in repr(error)


@pytest.mark.parametrize("trouble", ["refuses", "hangs_up"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_fails_never_sent_the_request_and_is_named(
    kind: Kind, trouble: str, secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(kind, secure.port, refuses=trouble == "refuses", hangs_up=trouble == "hangs_up") as running:
        set_environment(monkeypatch, ALL_PROXY=running.url, SSL_CERT_FILE=secure.trusted)
        error = await refusal()
    assert running.url in error.message.en
    assert secure.coze.ledger().requests == {}


async def test_odd_entries_of_no_proxy_do_no_harm(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = "[::1], 10.0.0.0/8 ,公司.cn,*.corp:8080,,http://x,[,\t.,999/99"
    with proxy("http", secure.port) as running:
        set_environment(monkeypatch, HTTPS_PROXY=running.url, NO_PROXY=odd, SSL_CERT_FILE=secure.trusted)
        assert isinstance(await submit_once(COZE), Accepted)


async def test_a_proxy_of_an_unknown_kind_is_refused_before_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, HTTPS_PROXY="quic://me:hush@h:1")
    with pytest.raises(UsageError) as caught:
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=COZE):
            pass
    assert "socks5://HOST:PORT" in str(caught.value)
    assert "hush" not in str(caught.value)


async def test_a_companys_certificate_is_told_as_that_with_the_variable_that_cures_it(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy("http", secure.port) as running:
        set_environment(monkeypatch, HTTPS_PROXY=running.url)
        error = await refusal()
        assert "CERTIFICATE_VERIFY_FAILED" in error.message.en
        assert "SSL_CERT_FILE" in error.hint.en
        assert "SSL_CERT_FILE" in error.hint.zh
        assert error.code == WRONG_CERTIFICATE
        set_environment(monkeypatch, HTTPS_PROXY=running.url, SSL_CERT_FILE=secure.trusted)
        assert isinstance(await submit_once(COZE), Accepted)


async def test_a_certificate_of_another_site_is_told_as_that(
    authority: trustme.CA, root: str, secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_front(secure.coze.url, authority, "login.hotel") as port, proxy("http", port) as running:
        set_environment(monkeypatch, HTTPS_PROXY=running.url, SSL_CERT_FILE=root)
        error = await refusal()
    assert "another site's" in error.hint.en


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_named_certificate_that_cannot_be_read_is_refused_before_anything(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "company.pem"
    if content is not None:
        path.write_bytes(content)
    set_environment(monkeypatch, SSL_CERT_FILE=str(path))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        async with CozeService(token=TOKEN, workflow_id=WORKFLOW_ID, base_url=COZE):
            pass


def feishu_client() -> FeishuClient:
    return FeishuClient(app_id=APP_ID, app_secret=APP_SECRET, domain="https://feishu.test", request_timeout=10)


@pytest.mark.parametrize("kind", KINDS)
async def test_feishu_is_reached_through_a_proxy(
    kind: Kind, authority: trustme.CA, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feishu = SimulatedFeishu()
    with serve(feishu) as url, tls_front(url, authority, "feishu.test") as port, proxy(kind, port) as running:
        set_environment(monkeypatch, ALL_PROXY=running.url, SSL_CERT_FILE=root)
        async with feishu_client() as client:
            await client.check_token()
        set_environment(monkeypatch, ALL_PROXY=running.url)
        async with feishu_client() as client:
            with pytest.raises(FeishuError) as caught, anyio.fail_after(30):
                await patiently(client.check_token, patience=600)
    complaint = caught.value.complaint
    assert f"through the proxy {running.url}" in complaint.en
    assert "SSL_CERT_FILE" in complaint.en
    assert f"经代理 {running.url}" in complaint.zh
    assert feishu.counts == {"token": 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_media_come_through_a_proxy_by_the_address_that_was_checked(
    kind: Kind, authority: trustme.CA, root: str, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/film.mp4"] = film = b"\0\0\0\x20ftypisom" + os.urandom(200_000)
    plain = server.url("/film.mp4").removesuffix("/film.mp4")
    with tls_front(plain, authority, PUBLIC) as port, proxy(kind, port) as running:
        set_environment(monkeypatch, ALL_PROXY=running.url, SSL_CERT_FILE=root)
        downloader = Downloader(max_bytes=1_000_000, allow_loopback=False, silence=5)
        path = await downloader.fetch(f"https://{PUBLIC}/film.mp4", tmp_path / "media", "video")
        await downloader.aclose()
        assert set(running.asked_for) == {(PUBLIC, 443)}
    assert path.read_bytes() == film


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://10.0.0.1/x", "https://169.254.169.254/x"])
async def test_a_proxy_is_never_asked_for_an_address_that_is_not_public(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy("socks5", 9) as running:
        set_environment(monkeypatch, ALL_PROXY=running.url)
        downloader = Downloader(max_bytes=1_000, allow_loopback=False)
        with pytest.raises(StepError):
            await downloader.fetch(url, tmp_path, "video")
        await downloader.aclose()
        assert running.asked_for == []


async def test_media_that_a_proxy_or_a_certificate_keeps_back_are_told_with_the_cure(
    authority: trustme.CA, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = server.url("/film.mp4").removesuffix("/film.mp4")
    with tls_front(plain, authority, PUBLIC) as port, proxy("http", port) as running:
        set_environment(monkeypatch, HTTPS_PROXY=running.url)
        downloader = Downloader(max_bytes=1_000, allow_loopback=False, silence=5)
        with pytest.raises(StepError) as caught:
            await downloader.fetch(f"https://{PUBLIC}/film.mp4", tmp_path, "video")
        await downloader.aclose()
    info = caught.value.info
    assert running.url in info.message.en
    assert "SSL_CERT_FILE" in info.hint.en


@pytest.mark.parametrize("variables", [{"SSL_CERT_FILE": "/nowhere/root.pem"}, {"ALL_PROXY": "quic://h:1"}])
async def test_settings_that_cannot_be_used_fail_a_download_with_the_variable(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, **variables)
    downloader = Downloader(max_bytes=1_000, allow_loopback=False)
    with pytest.raises(StepError) as caught:
        await downloader.fetch(f"https://{PUBLIC}/film.mp4", tmp_path, "video")
    await downloader.aclose()
    assert caught.value.info.category is Category.DOWNLOAD
    assert next(iter(variables)) in caught.value.info.message.en
