"""Blocks of IP addresses with a special purpose, kept as data. No host that serves media lies in any of them.

Sources: IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and RFC 8190) as of 9 October 2025, at
iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry; multicast from RFC 5771 and RFC 4291.
A few blocks are globally reachable by that standard and stand here too: they are anycast addresses of network services
(of which some answer from the local network), sinks for DNS questions, and identifiers that are no addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Block:
    """`source` is the RFC that defines the block."""

    network: IPNetwork
    purpose: str
    source: str


def _blocks(*rows: tuple[str, str, str]) -> tuple[Block, ...]:
    return tuple(Block(ipaddress.ip_network(network), purpose, source) for network, purpose, source in rows)


IPV4 = _blocks(
    ("0.0.0.0/8", "this network", "RFC 791"),
    ("10.0.0.0/8", "private use", "RFC 1918"),
    ("100.64.0.0/10", "shared address space of providers", "RFC 6598"),
    ("127.0.0.0/8", "loopback", "RFC 1122"),
    ("169.254.0.0/16", "link-local", "RFC 3927"),
    ("172.16.0.0/12", "private use", "RFC 1918"),
    ("192.0.0.0/24", "protocol assignments, with all its smaller blocks", "RFC 6890"),
    ("192.0.2.0/24", "documentation", "RFC 5737"),
    ("192.31.196.0/24", "AS112 (DNS sink)", "RFC 7535"),
    ("192.52.193.0/24", "AMT (multicast relays)", "RFC 7450"),
    ("192.88.99.0/24", "6to4 relay anycast, deprecated", "RFC 7526"),
    ("192.168.0.0/16", "private use", "RFC 1918"),
    ("192.175.48.0/24", "AS112 (DNS sink)", "RFC 7534"),
    ("198.18.0.0/15", "benchmarks", "RFC 2544"),
    ("198.51.100.0/24", "documentation", "RFC 5737"),
    ("203.0.113.0/24", "documentation", "RFC 5737"),
    ("224.0.0.0/4", "multicast", "RFC 5771"),
    ("240.0.0.0/4", "reserved, and the limited broadcast", "RFC 1112"),
)

IPV6 = _blocks(
    ("::/128", "unspecified", "RFC 4291"),
    ("::1/128", "loopback", "RFC 4291"),
    ("64:ff9b:1::/48", "IPv4 translation of a local network", "RFC 8215"),
    ("100::/64", "discarded", "RFC 6666"),
    ("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
    ("2001::/23", "protocol assignments, with all its smaller blocks but Teredo", "RFC 2928"),
    ("2001:db8::/32", "documentation", "RFC 3849"),
    ("2620:4f:8000::/48", "AS112 (DNS sink)", "RFC 7534"),
    ("3fff::/20", "documentation", "RFC 9637"),
    ("5f00::/16", "segment identifiers", "RFC 9602"),
    ("fc00::/7", "unique local", "RFC 4193"),
    ("fe80::/10", "link-local", "RFC 4291"),
    ("fec0::/10", "site-local, deprecated", "RFC 3879"),
    ("ff00::/8", "multicast", "RFC 4291"),
)
"""Blocks that hold an IPv4 address (mapped, NAT64, 6to4, Teredo) are missing: `ipv4_inside` reads them."""

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 from which public addresses are given out (RFC 4291 §2.4, IANA's unicast registry)."""

PRIVATE = tuple(ipaddress.ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
"""Addresses of a home or office network."""

_HOLDS_IPV4_AT_ITS_END = (
    ipaddress.IPv6Network("::ffff:0:0/96"),  # mapped, RFC 4291
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
)
_COMPATIBLE = ipaddress.IPv6Network("::/96")
"""IPv4-compatible, deprecated by RFC 4291; `::` and `::1` lie in it too."""
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The first half of an interface identifier before an IPv4 address, under any prefix (RFC 5214 §6.1)."""


def is_special(address: IPAddress) -> bool:
    """True for an address in one of the blocks, and for IPv6 outside of `GLOBAL_UNICAST`."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return True
    return any(address in block.network for block in (IPV4 if address.version == 4 else IPV6))


def ipv4_inside(address: ipaddress.IPv6Address) -> Sequence[ipaddress.IPv4Address]:
    """The IPv4 addresses that packets to `address` are translated or tunnelled to; empty for ordinary IPv6."""
    if any(address in network for network in _HOLDS_IPV4_AT_ITS_END):
        return (_last(address),)
    if address in _COMPATIBLE and int(address) > 1:
        return (_last(address),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo  # its server, and the client behind it
    return ()


def isatap_inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address in an ISATAP interface identifier, whatever the prefix before it."""
    return _last(address) if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP else None


def _last(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
