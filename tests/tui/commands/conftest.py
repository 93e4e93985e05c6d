"""The program with six tasks, beside a simulated Coze."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from support.program import Program


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    return Program(tmp_path, coze.url).configure().tasks(6)
