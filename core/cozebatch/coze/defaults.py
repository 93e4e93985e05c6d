"""The workflow inputs that are sent when a configuration names none (docs/contract.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DEFAULT_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "content": "content",
        "digitalNo": "digital_no",
        "voiceId": "voice_id",
        "accountId": "account_id",
        "title": "title",
    }
)
"""Workflow input → task field."""
