"""Which proxy is taken, and which entries of NO_PROXY count; odd ones do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.errors import UsageError
from cozebatch.network.proxies import Proxy, is_exempt, parse_proxy, proxy_for
from support.tunnels import set_environment

COZE = "https://api.coze.cn"


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://10.0.0.1:8080", Proxy("http", "10.0.0.1", 8080)),
        ("proxy.corp:3128", Proxy("http", "proxy.corp", 3128)),
        ("proxy.corp", Proxy("http", "proxy.corp", 80)),
        ("HTTPS://proxy.corp/", Proxy("https", "proxy.corp", 443)),
        ("socks5://127.0.0.1:7891", Proxy("socks5", "127.0.0.1", 7891)),
        ("socks5h://[::1]:7891", Proxy("socks5", "::1", 7891)),
        ("socks://127.0.0.1", Proxy("socks5", "127.0.0.1", 1080)),
        ("socks4://127.0.0.1:1080", Proxy("socks4", "127.0.0.1", 1080)),
        ("http://me:p%40ss@h:1", Proxy("http", "h", 1, "me", "p@ss")),
        ("http://me:p@s/s#1@h:1", Proxy("http", "h", 1, "me", "p@s/s#1")),
    ],
)
def test_a_proxy_is_read_as_people_write_it(text: str, proxy: Proxy) -> None:
    assert parse_proxy(text) == proxy


@pytest.mark.parametrize("text", ["ftp://h:1", "http://", "http://h:0", "http://h:99999", "http://[::1", "socks5://:1"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(text: str) -> None:
    scheme, _, rest = text.partition("://")
    with pytest.raises(UsageError) as caught:
        parse_proxy(f"{scheme}://me:hush@{rest}")
    assert "HTTPS_PROXY" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_password_is_in_no_text_of_a_proxy() -> None:
    proxy = parse_proxy("http://me:hush@h:1")
    assert "hush" not in f"{proxy} {proxy!r}"
    assert str(parse_proxy("socks5://me:hush@[::1]:1")) == "socks5://[::1]:1"


@pytest.mark.parametrize(
    ("no_proxy", "exempt"),
    [
        ("", False),
        ("*", True),
        ("localhost, *", True),
        ("api.coze.cn", True),
        ("coze.cn", True),
        (".coze.cn", True),
        ("*.coze.cn", True),
        ("*coze.cn", True),
        ("  .COZE.CN.  ", True),
        ("oze.cn", False),
        ("api.coze.cn:443", True),
        ("api.coze.cn:8443", False),
        ("https://api.coze.cn/", True),
        ("localhost 127.0.0.1;coze.cn", True),
        ("[::1],[::1]:80,[,],::1,10.0.0.0/8,999.0.0.0/99,公司.cn,.,..,:,://, ,,*.", False),
        ("xn--zz--.cn,\x00,%00,é" * 50, False),
    ],
)
def test_a_host_is_exempt_as_no_proxy_says(no_proxy: str, exempt: bool) -> None:
    assert is_exempt(no_proxy, "api.coze.cn", 443) is exempt


@pytest.mark.parametrize(
    ("no_proxy", "host", "exempt"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("[fd00::1]", "fd00::1", True),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]:443", "fd00::1", True),
        ("[fd00::1]:80", "fd00::1", False),
        ("公司.cn", "扣子.公司.cn", True),
        ("公司.cn", "xn--55qx5d.cn", True),
    ],
)
def test_addresses_networks_and_names_in_other_letters_are_compared(no_proxy: str, host: str, exempt: bool) -> None:
    assert is_exempt(no_proxy, host, 443) is exempt


@given(st.text(max_size=60), st.sampled_from(["api.coze.cn", "10.0.0.1", "::1", "扣子.cn"]))
def test_nothing_in_no_proxy_is_an_exception(no_proxy: str, host: str) -> None:
    is_exempt(no_proxy, host, 443)


def test_the_variable_of_the_scheme_counts_then_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, HTTPS_PROXY="http://h:1", ALL_PROXY="socks5://all:2", HTTP_PROXY="")
    assert str(proxy_for(COZE)) == "http://h:1"
    assert str(proxy_for("http://example.com")) == "socks5://all:2"
    set_environment(monkeypatch, HTTP_PROXY="http://h:1")
    assert proxy_for(COZE) is None
    set_environment(monkeypatch, all_proxy="http://h:1", no_proxy="coze.cn")
    assert proxy_for(COZE) is None
    assert proxy_for("https://api.coze.com") is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://", "no address"]
)
def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    set_environment(monkeypatch, HTTP_PROXY="http://h:1", HTTPS_PROXY="http://h:1", ALL_PROXY="http://h:1")
    assert proxy_for(url) is None
