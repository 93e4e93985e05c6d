"""Tells whether an address belongs to this machine."""

from __future__ import annotations

import ipaddress

from cozebatch.model.urls import split_url


def is_loopback_host(host: str) -> bool:
    """True if a host name or address is loopback; the only such name is `localhost`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """The same for the host of a URL."""
    parts = split_url(url)
    return parts is not None and is_loopback_host(parts.hostname or "")
