"""The only place that touches `lark_oapi`: imports the part that is needed and replaces its transport.

`import lark_oapi` loads every Feishu service: seconds and more than 100 MB. Only its core and Bitable are needed, so
two bare package modules are put in place of the packages whose `__init__` would load the rest; should a new version
not work like that, the plain import is the fall-back. As shipped, the SDK opens a new HTTP client for each call: its
transport is given ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import threading
import types
from dataclasses import dataclass
from typing import Any, Protocol


class Sender(Protocol):
    """Sends the calls: an attribute `cozebatch_client` of the SDK's configuration."""

    async def send(
        self, method: str, url: str, headers: dict[str, str], queries: Any = None, body: bytes | None = None
    ) -> Any:
        """One HTTP exchange; the answer has `status`, `headers` and `body`."""


@dataclass(frozen=True, slots=True)
class Sdk:
    """What of the SDK is used: its core's names and Bitable's resources and models, by name."""

    core: types.ModuleType
    models: types.ModuleType
    record: Any
    field: Any
    table: Any
    view: Any
    config: Any
    misread: tuple[type[Exception], ...]
    """What the SDK lets out when it reads an answer whose parts are not of the kind that it expects."""


_loading = threading.Lock()
_loaded: Sdk | None = None


def load_sdk() -> Sdk:
    """Import the SDK, lightly where that works. Takes about half a second the first time; call it off the loop."""
    global _loaded
    with _loading:
        if _loaded is None:
            _loaded = _import()
        return _loaded


def _import() -> Sdk:
    light = "lark_oapi" not in sys.modules
    if light:
        _put_bare_packages()
    try:
        return _names()
    except (ImportError, AttributeError):
        if not light:
            raise
        for name in [n for n in sys.modules if n == "lark_oapi" or n.startswith("lark_oapi.")]:
            del sys.modules[name]
        importlib.import_module("lark_oapi")
        return _names()


def _put_bare_packages() -> None:
    """Register packages of these names whose own `__init__` does not run; their sub-packages are found as usual."""
    for name in ("lark_oapi", "lark_oapi.api"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(name)
        bare = types.ModuleType(name)
        bare.__path__ = list(spec.submodule_search_locations)
        bare.__spec__ = spec
        bare.__package__ = name
        sys.modules[name] = bare


def _names() -> Sdk:
    core = importlib.import_module("lark_oapi.core.model")
    models = importlib.import_module("lark_oapi.api.bitable.v1.model")
    transport = importlib.import_module("lark_oapi.core.http.transport")
    # A model and a resource have the same name: the resources are taken from their own modules.
    records = importlib.import_module("lark_oapi.api.bitable.v1.resource.app_table_record")
    fields = importlib.import_module("lark_oapi.api.bitable.v1.resource.app_table_field")
    tables = importlib.import_module("lark_oapi.api.bitable.v1.resource.app_table")
    views = importlib.import_module("lark_oapi.api.bitable.v1.resource.app_table_view")
    _quiet()
    _send_through_us(transport)
    known = vars(importlib.import_module("lark_oapi.core.exception")).values()
    own = [kind for kind in known if isinstance(kind, type) and issubclass(kind, Exception)]
    misread = (*own, TypeError, AttributeError, KeyError, ValueError)
    return Sdk(
        core,
        models,
        records.AppTableRecord,
        fields.AppTableField,
        tables.AppTable,
        views.AppTableView,
        core.Config,
        misread,
    )


def _quiet() -> None:
    """The SDK's logger writes to stdout, which belongs to our own output."""
    logger = logging.getLogger("Lark")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


def _send_through_us(transport: types.ModuleType) -> None:
    """Send calls with one of our configurations through our client, all others as the SDK does."""
    shipped = transport.Transport.aexecute

    async def aexecute(conf: Any, request: Any, option: Any = None) -> Any:
        client: Sender | None = getattr(conf, "cozebatch_client", None)
        if client is None:
            return await shipped(conf, request, option)
        option = option or transport.RequestOption()
        headers = transport._build_header(request, option, conf)
        body = None if request.body is None else transport.JSON.marshal(request.body).encode("utf-8", "replace")
        url = transport._build_url(conf.domain, request.uri, request.paths)
        answer = await client.send(request.http_method.name, url, headers, request.queries, body)
        raw = transport.RawResponse()
        raw.status_code, raw.headers, raw.content = answer.status, dict(answer.headers), answer.body
        return raw

    transport.Transport.aexecute = staticmethod(aexecute)
