"""The hosts to which a secret from the environment may go without asking.

A configuration may come with a folder that somebody else made. The environment is the user's own: what stands in it
goes to the services' own hosts and to this machine, and anywhere else only when he has agreed to it.
"""

from __future__ import annotations

from cozebatch.model.loopback import is_loopback_host
from cozebatch.model.urls import split_url

KNOWN_HOSTS = frozenset({"api.coze.cn", "api.coze.com", "open.feishu.cn", "open.larksuite.com"})
"""Coze's and Feishu's own: docs/coze.md, docs/feishu.md."""


def host_to_ask_about(url: str) -> str | None:
    """The host (with a port that is not https's) to ask about before a secret goes there; None if it is known."""
    parts = split_url(url)
    if parts is None:
        return url
    host = (parts.hostname or "").rstrip(".").lower()
    if is_loopback_host(host) or (host in KNOWN_HOSTS and parts.port in (None, 443) and parts.scheme == "https"):
        return None
    return host if parts.port in (None, 443) else f"{host}:{parts.port}"
