"""Log files go with age; a file that is not exactly named like one of ours stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cozebatch.model.stamped_files import LOG_FILES
from cozebatch_tui.commands.configure import delete_old_logs

OURS = list(LOG_FILES.names("20200101_000000"))
NOT_OURS = [
    "workflow_20200101_000000_backup.log",
    "workflow_20200101_000000.log.bak",
    "workflow_20200101_000000_0.log",
    "workflow_20200101_000000_1.log",
    "workflow_20200101_000000_1000.log",
    "workflow_20200101_000000_02.log",
    "workflow_abcdefgh_ijklmn.log",
    "workflow_２０２００１０１_000000.log",
    "WORKFLOW_20200101_000001.LOG",
    "my workflow_20200101_000000.log",
    "notes.txt",
]


def aged(path: Path) -> Path:
    os.utime(path, (1e9, 1e9), follow_symlinks=os.utime not in os.supports_follow_symlinks)  # Windows cannot but follow
    return path


def test_every_name_we_make_is_ours_and_none_twice() -> None:
    assert len(OURS) == len(set(OURS)) == 999
    assert [name for name in OURS if not LOG_FILES.has(name)] == []


def test_only_our_own_old_logs_are_deleted(tmp_path: Path) -> None:
    for name in (*OURS, *NOT_OURS):
        (tmp_path / name).write_text("x", encoding="utf-8")
        aged(tmp_path / name)
    (tmp_path / "workflow_20200102_000000.log").mkdir()
    young = tmp_path / "workflow_20200103_000000.log"
    young.write_text("x", encoding="utf-8")
    aged(tmp_path / "workflow_20200102_000000.log")
    delete_old_logs(tmp_path, 30)
    assert {path.name for path in tmp_path.iterdir()} == {*NOT_OURS, "workflow_20200102_000000.log", young.name}


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
def test_a_link_named_like_a_log_stays_and_so_does_what_it_leads_to(tmp_path: Path) -> None:
    mine = aged_file(tmp_path / "mine.txt")
    logs = tmp_path / "logs"
    logs.mkdir()
    link = logs / OURS[0]
    link.symlink_to(mine)
    aged(link)
    delete_old_logs(logs, 30)
    assert link.is_symlink()
    assert mine.read_text(encoding="utf-8") == "mine"


def aged_file(path: Path) -> Path:
    path.write_text("mine", encoding="utf-8")
    return aged(path)
