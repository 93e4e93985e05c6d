"""Reads what a pasted address of Coze's own pages tells of a workflow: its id, its app, and the site it is of.

Imports nothing heavy: the configuration uses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qs

from cozebatch.model.urls import split_url

SITES: Mapping[str, str] = MappingProxyType({"coze.cn": "https://api.coze.cn", "coze.com": "https://api.coze.com"})
"""Coze's two sites, and the address of each one's interface. Neither takes the other's tokens and workflows."""

_IN_APP = re.compile(r"/project-ide/(\d+)/workflow/(\d+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class WorkflowLink:
    """`app_id` where the address is that of an app's workflow; `base_url` of its site's interface, None for a host
    that is not Coze's."""

    workflow_id: str
    app_id: str | None = None
    base_url: str | None = None


def parse_workflow_link(text: str) -> WorkflowLink | None:
    """What an address tells: `…/work_flow?space_id=…&workflow_id=…`, or `…/project-ide/APP/workflow/WORKFLOW`. None for
    a text that is no address of a workflow."""
    text = text.strip()
    address = split_url(text) if "://" in text else None
    if address is None:
        return None
    base_url = interface_of(address.hostname or "")
    if found := _IN_APP.search(address.path):
        return WorkflowLink(found[2], found[1], base_url)
    ids = parse_qs(address.query).get("workflow_id", [])
    return WorkflowLink(ids[0], None, base_url) if len(ids) == 1 else None


def interface_of(host: str) -> str | None:
    """The address of the interface of the Coze site that a host belongs to; None for any other host."""
    host = host.lower().rstrip(".")
    return next((url for site, url in SITES.items() if host == site or host.endswith(f".{site}")), None)
