"""The random id of a state folder: made once, kept, readable by its owner alone."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cozebatch.journal.owner import FILE_NAME, state_owner
from cozebatch.model.errors import UsageError


def test_an_id_is_made_once_and_kept(tmp_path: Path) -> None:
    made = state_owner(tmp_path / "state")
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert state_owner(tmp_path / "state") == made
    assert state_owner(tmp_path / "other") != made
    assert [path.name for path in (tmp_path / "state").iterdir()] == [FILE_NAME]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission bits")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    state_owner(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(state_owner, [tmp_path] * 64))) == 1


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\x00\xff half a line")
    made = state_owner(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert state_owner(tmp_path) == made


def test_a_folder_that_cannot_hold_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="file"):
        state_owner(tmp_path / "file")
