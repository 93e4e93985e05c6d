"""Virtual time for tests: a trio clock that jumps over every wait. A `conftest` imports the fixture for its folder."""

from __future__ import annotations

from typing import Any

import pytest
import trio.testing

from support.wine import NO_AFD, is_wine


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    if is_wine():
        pytest.skip(NO_AFD)
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}
