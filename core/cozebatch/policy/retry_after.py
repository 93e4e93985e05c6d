"""How long a service asks to wait: the header `Retry-After`, read and bounded in one place."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 300.0
"""Seconds up to which a service's `Retry-After` is honoured (docs/contract.md §4)."""


def read_retry_after(header: str | None, *, now: float) -> float | None:
    """The wait that a header asks for in seconds, 0 to `MAX_RETRY_AFTER`; None without a readable one.

    The header holds seconds or an HTTP date (RFC 9110 §10.2.3); a date counts from `now`, in Unix seconds.
    """
    if header is None:
        return None
    try:
        wait = float(header)
    except ValueError:
        try:
            wait = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(wait, 0.0), MAX_RETRY_AFTER) if wait == wait else None
