"""What Coze said, and what its sites are called, in words for the set-up."""

from __future__ import annotations

from cozebatch.coze.workflow_link import interface_of
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url


def said(error: ErrorInfo) -> Text:
    logid = f" logid {error.logid}" if error.logid else ""
    return Text(f"{error.message.zh}。{error.hint.zh}{logid}", f"{error.message.en}. {error.hint.en}{logid}")


def host_of(url: str) -> str:
    address = split_url(url)
    return (address.hostname or "") if address is not None else ""


def site_name(url: str) -> str:
    """`coze.cn` for the interface of that site; the address of any other one."""
    host = host_of(url)
    return host.removeprefix("api.") if interface_of(host) is not None else url
