"""Media come from public addresses only."""

from __future__ import annotations

import ipaddress
import socket

import anyio
import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.download.ssrf_guard import allowed, resolve

PUBLIC = ("8.8.8.8", "220.181.38.148", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808")
NEVER = (
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "100.64.0.1",
    "192.0.2.1",
    "::",
    "fe80::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1%eth0",
)
ONLY_WHEN_LOOPBACK = ("127.0.0.1", "127.8.8.8", "10.1.2.3", "192.168.1.1", "172.16.0.1", "::1", "fd00::1")
COATED = ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "::127.0.0.1")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_some_addresses_are_never_allowed(address: str, allow_loopback: bool) -> None:
    assert not allowed(ipaddress.ip_address(address), allow_loopback=allow_loopback)


@pytest.mark.parametrize("address", ONLY_WHEN_LOOPBACK + COATED)
def test_loopback_and_private_addresses_need_permission(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address))
    assert allowed(ipaddress.ip_address(address), allow_loopback=True)


@pytest.mark.anyio
async def test_a_name_with_one_private_address_is_refused_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    async def mixed(*_: object, **__: object) -> list[tuple[object, ...]]:
        family = socket.AF_INET
        return [(family, 1, 6, "", ("8.8.8.8", 80)), (family, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(anyio, "getaddrinfo", mixed)
    with pytest.raises(StepError) as caught:
        await resolve("rebinding.example", 80)
    assert caught.value.info.category is Category.DOWNLOAD


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(StepError):
        await resolve(host, 80)
