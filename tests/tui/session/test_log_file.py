"""The log file on a disk that is full: told once, and in nobody's way."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from cozebatch.engine.event_bus import Bus
from cozebatch.model import events
from cozebatch.model.text import Text
from cozebatch_tui.session.log_file import LogFile

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")


def on_full_disk(folder: Path) -> LogFile:
    """A log file whose every write fails as on a full disk, the one at its closing, too."""
    log = LogFile(folder, mask=lambda text: text, lang="en", verbose=False)
    log._file.close()
    log._file = io.TextIOWrapper(open("/dev/full", "wb"), encoding="utf-8")  # noqa: SIM115 - closed with the log
    return log


def test_a_full_disk_is_told_once_and_closing_does_not_fail(tmp_path: Path) -> None:
    log = on_full_disk(tmp_path)
    told: list[str] = []
    log.on_failed = lambda text: told.append(text.en)
    bus = Bus()
    log.follow(bus.subscribe(log.wake))
    for _ in range(3):
        bus.publish(events.Noted(level="info", text=Text.same("x"), wall=1e9, clock=0))
        log.say("info", Text.same("y"))
    log.close()
    assert told == ["The log file cannot be written: No space left on device"]


def test_what_could_not_be_written_at_the_very_end_is_told(tmp_path: Path) -> None:
    log = on_full_disk(tmp_path)
    told: list[str] = []
    log.on_failed = lambda text: told.append(text.en)
    log._file.write("held back in the buffer")
    log.close()
    assert len(told) == 1
