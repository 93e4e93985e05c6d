"""A simulated Coze, and the program on a file or a table beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from support.batches import LONG, Files, Table, table_of
from support.program import Program


@pytest.fixture
def files(coze: RunningCoze, tmp_path: Path) -> Files:
    return Files(Program(tmp_path, coze.url).configure(), coze)


@pytest.fixture
def table(coze: RunningCoze, tmp_path: Path) -> Iterator[Table]:
    with table_of(coze, tmp_path) as opened:
        yield opened


@pytest.fixture
def two(files: Files) -> Files:
    """At most two at once; the executions begun now last."""
    files.program.configure(max_coze_concurrent=2)
    files.coze.set_faults(LONG)
    files.write(["a", "b", "c"])
    return files
