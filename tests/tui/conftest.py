"""The terminal UI runs on asyncio, and must not touch the developer's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZEBATCH_SETTINGS", str(tmp_path / "settings.json"))


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.5)) as served:
        yield served


@pytest.fixture
def quick() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as coze:
        yield coze


@pytest.fixture
def slow() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=60)) as coze:
        yield coze
