"""What every test shares: both event loops, and nothing of the machine's own configuration."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Core runs on both; a test that needs one of them overrides this fixture."""
    return str(request.param)


@pytest.fixture(autouse=True)
def no_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own token must neither be used nor make a test pass."""
    for name in ("COZE_API_TOKEN", "FEISHU_APP_SECRET", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
