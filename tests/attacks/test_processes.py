"""Programs and libraries that answer without end or ask for all memory: the job fails, the program goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media
from cozebatch.synthesis.process.command import run_command
from cozebatch.synthesis.process.worker import MEMORY
from cozebatch.synthesis.process.workers import Workers
from support.films import job, options
from support.wine import is_wine

pytestmark = pytest.mark.anyio


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    running = Workers(1, dict(os.environ))
    yield running
    await running.aclose()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not keep limits on memory")
@pytest.mark.skipif(is_wine(), reason="Wine does not keep the limits of job objects")
async def test_a_call_that_asks_for_all_memory_fails_and_the_next_one_is_served(workers: Workers) -> None:
    with pytest.raises(StepError) as caught:
        await workers.call(bytearray, 2 * MEMORY, timeout=30)
    assert caught.value.info.category is Category.WORKER_CRASHED
    assert await workers.call(len, "abc", timeout=30) == 3


ANSWERS = {
    "deep": "'[' * 1_000_000",
    "deep object": "'{\"a\":' * 500_000",
    "deep and closed": "'[' * 50_000 + ']' * 50_000",
    "deep inside": "'{\"video_path\": ' + '[' * 5000 + ']' * 5000 + '}'",
    "a number": "'9' * 100_000",
    "no object": "'[1]'",
    "control characters": "'\\x1b]0;owned\\x07\\u202e'",
    "a path with a zero byte": "json.dumps({'video_path': 'a\\0b'})",
    "a path as a list": "json.dumps({'video_path': ['x']})",
    "a path of a megabyte": "json.dumps({'video_path': 'x' * 1_000_000})",
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_command_may_print_anything(tmp_path: Path, answer: str) -> None:
    code = f"import json; print({ANSWERS[answer]})"
    configured = options(tmp_path, mode="command", command=(sys.executable, "-X", "utf8", "-c", code))
    with pytest.raises(StepError) as caught:
        await run_command(configured, job({}), Media({}))
    assert caught.value.info.category is Category.SYNTHESIS
    assert len(caught.value.info.message.en) < 2000
    assert "\x1b" not in caught.value.info.message.en
    assert not list(configured.output_dir.glob(".cozebatch*"))
