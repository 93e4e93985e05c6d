"""What a workflow is sent when a configuration does not say (docs/contract.md §2)."""

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
