"""What a token can see of its account: its site, its workspaces, and their workflows. Nothing here starts anything.

Each list needs a permission of its own (docs/coze.md, "Lists, for setting up"). A token may lack it and still be able
to run workflows; `Lacking` says which permission is missing, so that a person can be asked instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from cozebatch.bounds import numbers
from cozebatch.coze.answers import understood, unreachable
from cozebatch.coze.codes import NO_PERMISSION
from cozebatch.coze.fields import clean
from cozebatch.coze.http import Connection, ExchangeError
from cozebatch.coze.workflow_link import SITES
from cozebatch.model.errors import ErrorInfo, StepError
from cozebatch.model.redact import Masker

MOST_WORKSPACES, MOST_WORKFLOWS = 500, 1500
"""A person chooses from no longer list."""

_WORKSPACES_A_PAGE, _WORKFLOWS_A_PAGE = 50, 30
_MOST_BYTES = 4 * 1024 * 1024
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """A workflow in the list of its workspace. `app_id`: of the app it belongs to."""

    id: str
    name: str
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """In place of a list: the permission that would have given it."""

    permission: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a token is at home. `errors`: without a home, what each site said, by its address."""

    base_url: str | None
    errors: Mapping[str, ErrorInfo] = field(default_factory=dict)


class CozeAccount:
    """One token at one site; an async context manager. `request_timeout` in seconds."""

    def __init__(self, token: str, base_url: str, *, request_timeout: float = 10.0) -> None:
        self._connection = Connection(base_url, token, request_timeout=request_timeout)
        self._mask = Masker([token]).mask

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def check_token(self) -> None:
        """See whether this site takes the token. Raises `StepError` if not."""
        await self._page("/v1/workspaces", "listWorkspace", {"page_num": 1, "page_size": 1})

    async def workspaces(self) -> list[Workspace] | Lacking:
        """The token's workspaces, at most `MOST_WORKSPACES`. Raises `StepError`."""
        found: dict[str, Workspace] = {}
        for number in range(1, MOST_WORKSPACES // _WORKSPACES_A_PAGE + 1):
            asked = {"page_num": number, "page_size": _WORKSPACES_A_PAGE}
            data = await self._page("/v1/workspaces", "listWorkspace", asked)
            if isinstance(data, Lacking):
                return data
            entries = _objects(data.get("workspaces"))
            for entry in entries:
                if workspace_id := _id(entry.get("id")):
                    found[workspace_id] = Workspace(workspace_id, self._name(entry.get("name")) or workspace_id)
            if len(entries) < _WORKSPACES_A_PAGE:
                break
        return list(found.values())

    async def workflows(self, workspace_id: str) -> list[WorkflowEntry] | Lacking:
        """The workflows of a workspace, at most `MOST_WORKFLOWS`. Raises `StepError`."""
        found: dict[str, WorkflowEntry] = {}
        for number in range(1, MOST_WORKFLOWS // _WORKFLOWS_A_PAGE + 1):
            asked = {"workspace_id": workspace_id, "page_num": number, "page_size": _WORKFLOWS_A_PAGE}
            data = await self._page("/v1/workflows", "listWorkflow", asked)
            if isinstance(data, Lacking):
                return data
            for entry in _objects(data.get("items")):
                if workflow_id := _id(entry.get("workflow_id")):
                    app_id = _id(entry.get("app_id"))
                    name = self._name(entry.get("workflow_name")) or workflow_id
                    found[workflow_id] = WorkflowEntry(workflow_id, name, app_id if app_id != "0" else None)
            if data.get("has_more") is not True:
                break
        return list(found.values())

    async def _page(self, path: str, permission: str, query: dict[str, Any]) -> dict[str, Any] | Lacking:
        try:
            url = f"{path}?{urlencode(query, quote_via=quote)}"
            answer = await self._connection.ask("GET", url, most_bytes=_MOST_BYTES)
            data = understood(answer, self._mask).get("data")
        except ExchangeError as error:
            raise StepError(unreachable(error, self._mask)) from None
        except StepError as error:
            if lacks(error.info, permission):
                return Lacking(permission)
            raise
        return data if isinstance(data, dict) else {}

    def _name(self, value: Any) -> str:
        return clean(value, self._mask, most=200)


def requests_a_second(data: Any) -> float | None:
    """The requests a second in force that an answer about benefits tells; the lowest where it tells several."""
    found = []
    for benefit in _objects(data.get("benefit_info")) if isinstance(data, dict) else ():
        effective = benefit.get("effective")
        item = effective.get("item_info") if isinstance(effective, dict) else None
        if benefit.get("benefit_type") in (None, "api_run_qps") and isinstance(item, dict):
            total = numbers.number(item.get("total"))
            if total is not None and total > 0:
                found.append(total)
    return min(found, default=None)


def lacks(error: ErrorInfo, permission: str) -> bool:
    """Whether a refusal says, in Coze's own words, that the token lacks this permission. Any other code 4101 may stand
    for a wrong token, too."""
    words = rf"(?<![A-Za-z]){re.escape(permission)}(?![A-Za-z])"
    return error.code == str(NO_PERMISSION) and re.search(words, error.message.en, re.IGNORECASE) is not None


async def token_site(token: str, sites: Iterable[str] = tuple(SITES.values())) -> Site:
    """The first of these sites that takes the token. It is sent to no other address. Raises `UsageError` for a text
    that no request can carry, or a proxy that cannot be used."""
    errors: dict[str, ErrorInfo] = {}
    for base_url in sites:
        async with CozeAccount(token, base_url) as account:
            try:
                await account.check_token()
            except StepError as error:
                errors[base_url] = error.info
            else:
                return Site(base_url)
    return Site(None, errors)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _id(value: Any) -> str | None:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else None
