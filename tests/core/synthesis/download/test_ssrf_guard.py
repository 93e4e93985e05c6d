"""Media come from public addresses only."""

from __future__ import annotations

import ipaddress
import socket
from random import Random

import anyio
import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.download.special_addresses import IPV4, IPV6, Block, IPAddress
from cozebatch.synthesis.download.ssrf_guard import allowed, resolve

PUBLIC = (
    "8.8.8.8",
    "220.181.38.148",
    "2400:3200::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2400:3200::5efe:808:808",
)
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
    "2400:3200::1%eth0",
    "fec0::1",
    "192.88.99.1",
    "2400:3200::5efe:a9fe:a9fe",
    "2400:3200::200:5efe:a9fe:a9fe",
    "fe80::5efe:808:808",
    "::ffff:0:8.8.8.8",
    "64:ff9b:1::808:808",
    "2001:0:a9fe:a9fe::f7f7:f7f7",
    "2001:0:808:808::5601:5601",
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


def ends(block: Block) -> list[IPAddress]:
    """The first and the last address of a block, and one in the middle."""
    first, last = int(block.network[0]), int(block.network[-1])
    return [type(block.network[0])(number) for number in (first, (first + last) // 2, last)]


@pytest.mark.parametrize("block", IPV4 + IPV6, ids=lambda block: str(block.network))
def test_no_special_address_is_public_in_any_spelling(block: Block) -> None:
    for address in ends(block):
        assert not allowed(address)
        if isinstance(address, ipaddress.IPv4Address):
            inner = int(address)
            coats = {
                "mapped": 0xFFFF << 32 | inner,
                "NAT64": 0x64FF9B << 96 | inner,
                "6to4": 0x2002 << 112 | inner << 80 | 1,
                "Teredo client": 0x20010000 << 96 | 0x08080808 << 64 | inner ^ 0xFFFFFFFF,
                "Teredo server": 0x20010000 << 96 | inner << 64 | 0x08080808 ^ 0xFFFFFFFF,
                "ISATAP": 0x24003200 << 96 | 0x5EFE << 32 | inner,
                "ISATAP, global": 0x24003200 << 96 | 0x02005EFE << 32 | inner,
            }
            for coat, number in coats.items():
                assert not allowed(ipaddress.IPv6Address(number)), f"{coat} of {address}"


@pytest.mark.parametrize("block", IPV4 + IPV6, ids=lambda block: str(block.network))
def test_permission_for_loopback_opens_loopback_and_private_addresses_alone(block: Block) -> None:
    local = block.purpose in ("loopback", "private use", "unique local")
    assert [allowed(address, allow_loopback=True) for address in ends(block)] == [local] * 3


def test_what_python_itself_knows_as_special_is_special_here() -> None:
    random = Random(12)
    addresses: list[IPAddress] = [ipaddress.IPv4Address(random.getrandbits(32)) for _ in range(20_000)]
    addresses += [ipaddress.IPv6Address(random.getrandbits(128)) for _ in range(20_000)]
    # Newer Pythons count all of 6to4 as special; here it is judged by the IPv4 address in it.
    addresses = [a for a in addresses if not (isinstance(a, ipaddress.IPv6Address) and a.sixtofour)]
    assert [a for a in addresses if allowed(a) and (not a.is_global or a.is_multicast or a.is_reserved)] == []
    ordinary = [a for a in addresses if isinstance(a, ipaddress.IPv4Address) and a.is_global and not a.is_multicast]
    assert sum(allowed(a) for a in ordinary) > 0.999 * len(ordinary)


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
