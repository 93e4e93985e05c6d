"""Links planted in our folders, as from a zip or a shared drive, lead nothing of ours out of them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from cozebatch.disk.places import is_link
from cozebatch.journal.lock import state_lock
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.task import Task
from cozebatch.ports import Job
from cozebatch.synthesis.scratch import scratch, sweep
from cozebatch.synthesis.video.publish import publish
from support.planting import UNTOUCHED, contents, private_folder

# A test may block its own event loop.

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right on Windows"),
]

OURS = "0123456789abcdef" * 2
JOB = Job("run1", Task("t1", project_name="film"), {})


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


async def test_no_scratch_folder_is_made_or_swept_behind_a_link(tmp_path: Path, private: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / ".cozebatch-scratch").symlink_to(private, target_is_directory=True)
    with pytest.raises(StepError, match="link"):
        async with scratch(output, OURS):
            pytest.fail("it was made in the user's folder")
    assert sweep(output, OURS).removed == 0
    assert contents(private) == UNTOUCHED
    assert is_link(output / ".cozebatch-scratch")


async def test_a_link_named_like_our_left_over_is_not_swept(tmp_path: Path, private: Path) -> None:
    async with scratch(tmp_path, OURS) as home:
        planted = home.with_name(home.name.replace(f"-{os.getpid()}-", "-999999999-"))
        planted.symlink_to(private, target_is_directory=True)
        assert sweep(tmp_path, OURS).removed == 0
    assert contents(private) == UNTOUCHED


async def test_a_film_is_written_past_links_of_its_name(tmp_path: Path, private: Path) -> None:
    output, made = tmp_path / "output", tmp_path / "made.mp4"
    output.mkdir()
    made.write_text("film", encoding="utf-8")
    (output / "film").symlink_to(private, target_is_directory=True)
    (output / "film_2").mkdir()
    victim = private / "letters" / "letter.txt"
    (output / "film_2" / "film.json").symlink_to(victim)
    (output / "film_2" / "film_2.json.new").symlink_to(victim)
    placed = publish(JOB, output, {".mp4": made}, {"size": 1})[".mp4"]
    assert placed == output / "film_2" / "film_2.mp4"
    assert json.loads(placed.with_suffix(".json").read_text(encoding="utf-8"))["size"] == 1
    assert contents(private) == UNTOUCHED


async def test_the_lock_is_not_written_through_a_link(tmp_path: Path, private: Path) -> None:
    victim = private / "letters" / "letter.txt"
    state = tmp_path / "state"
    state.mkdir()
    (state / "lock").symlink_to(victim)
    with pytest.raises(UsageError), state_lock(state):
        pytest.fail("the lock was taken through a link")
    assert victim.read_text(encoding="utf-8") == "mine"
