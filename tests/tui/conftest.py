"""The terminal UI runs on asyncio, and must not touch the developer's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZEBATCH_SETTINGS", str(tmp_path / "settings.json"))
