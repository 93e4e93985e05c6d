"""ffmpeg's ways of failing each get the category that says what to do."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.process import ffmpeg
from cozebatch.synthesis.process.ffmpeg import Ffmpeg, categorised, find
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


async def test_an_answer_that_was_not_heard_to_its_end_is_not_taken_for_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine under load what ffmpeg wrote may come later than its end: of a sound that was not heard of yet the
    film would be called silent. Here another process holds the pipe."""
    monkeypatch.setattr(ffmpeg, "TO_BE_HEARD", 0.05)
    holds = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    code = f"{holds}; print(p.pid, flush=True); import os; os._exit(0)"
    fake = tmp_path / "fake.py"
    fake.write_text(code, encoding="utf-8")
    lines: list[str] = []
    monkeypatch.setattr(ffmpeg, "COMMAND", ())
    with pytest.raises(StepError) as raised:
        await Ffmpeg(sys.executable, os.environ).ask([str(fake)], cwd=tmp_path, on_line=lines.append)
    assert raised.value.info.category is Category.WORKER_CRASHED
    os.kill(int(lines[0]), signal.SIGTERM)
