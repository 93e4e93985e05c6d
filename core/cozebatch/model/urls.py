"""Reads addresses that come from outside: an odd one is none, never an exception."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def split_url(text: str) -> SplitResult | None:
    """The parts of an address; None for what is none, such as brackets without an IPv6 address, or a port beyond
    65535. `hostname` and `port` of the result never raise."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises ValueError for an impossible port
    except ValueError:
        return None
    return parts
