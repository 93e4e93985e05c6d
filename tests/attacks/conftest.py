"""The file server that the attacks on downloads use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.films import FileServer, serving


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        yield running
