"""ffmpeg's ways of failing each get the category that says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.process.ffmpeg import categorised, find
from cozebatch.synthesis.process.process import Finished
from support.films import Progress, ffmpeg_path, tool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("returncode", "said", "category"),
    [
        (228, "av_interleaved_write_frame(): No space left on device", Category.DISK_FULL),
        (1, "Error writing trailer: There is not enough space on the disk", Category.DISK_FULL),
        (-9, "", Category.WORKER_CRASHED),
        (-11, "frame= 12", Category.WORKER_CRASHED),
        (244, "Cannot allocate memory", Category.WORKER_CRASHED),
        (183, "x.mp4: Invalid data found when processing input", Category.MEDIA),
        (1, "Unknown encoder 'h265'", Category.SYNTHESIS),
    ],
)
def test_every_failure_has_its_category(returncode: int, said: str, category: Category) -> None:
    assert categorised(Finished(returncode, said)).info.category is category


async def test_progress_is_heard_and_ends_at_one(tmp_path: Path) -> None:
    progress = Progress()
    arguments = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-t", "2", "-f", "null", "-"]
    await tool().run(arguments, cwd=tmp_path, timeout=30, seconds=2.0, progress=progress)
    assert progress.heard == sorted(progress.heard)
    assert progress.heard[-1] == 1.0


async def test_the_packaged_ffmpeg_is_found_and_a_missing_one_told() -> None:
    assert os.path.samefile((await find(None, dict(os.environ))).path, ffmpeg_path())  # noqa: ASYNC240
    with pytest.raises(StepError) as caught:
        await find("/no/such/ffmpeg", {})
    assert "imageio-ffmpeg" in caught.value.info.message.en
