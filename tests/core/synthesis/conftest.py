"""Media and a file server shared by the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.films import FileServer, serving, talking_head


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of talking head, 180×320 at 25 frames, with sound."""
    return talking_head(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        yield running
