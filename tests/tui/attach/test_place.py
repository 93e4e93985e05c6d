"""The token file: its owner's alone, whole or not there, and of no use when it is stale, foreign or damaged."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from cozebatch.model.errors import UsageError
from cozebatch_tui.attach.place import FILE_NAME, Place, read_place, remove_place, write_place
from cozebatch_tui.attach.remote import RemoteSession

PLACE = Place(port=40000, token="ab" * 32, pid=1, version="0.1.0", ticket="t")


def test_it_comes_back_as_it_was_and_is_its_owners_alone(tmp_path: Path) -> None:
    write_place(tmp_path, PLACE)
    assert read_place(tmp_path) == PLACE
    if os.name == "posix":
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert PLACE.token not in repr(PLACE)


def test_only_ones_own_file_is_removed(tmp_path: Path) -> None:
    other = Place(port=40001, token="cd" * 32, pid=2, version="0.1.0")
    write_place(tmp_path, other)
    remove_place(tmp_path, PLACE)
    assert read_place(tmp_path) == other
    remove_place(tmp_path, other)
    assert read_place(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        json.dumps({"port": 0, "token": "ab" * 32, "pid": 1, "version": "1", "protocol": 1}).encode(),
        json.dumps({"port": 4, "token": "ab" * 31, "pid": 1, "version": "1", "protocol": 1}).encode(),
        json.dumps({"port": "4", "token": "ab" * 32, "pid": 1, "version": "1", "protocol": 1}).encode(),
        b"x" * 100_000,
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        read_place(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_used(tmp_path: Path) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    write_place(tmp_path, PLACE)
    os.chown(tmp_path / FILE_NAME, 12345, 12345)
    with pytest.raises(UsageError, match="another user"):
        read_place(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="making a link needs rights on Windows")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write_place(tmp_path / "elsewhere", PLACE)
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere" / FILE_NAME)
    with pytest.raises(UsageError):
        read_place(tmp_path)


def open_remote(folder: Path) -> None:
    with RemoteSession([folder]) as session:
        session.open()


def test_without_a_batch_there_is_nothing_to_see(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No batch runs"):
        open_remote(tmp_path)


def test_a_file_that_a_killed_batch_left_is_told_as_such(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    write_place(tmp_path, Place(port=port, token="ab" * 32, pid=4711, version="0.1.0"))
    with pytest.raises(UsageError, match="4711"):
        open_remote(tmp_path)


def test_a_port_that_another_program_has_by_now_is_as_good_as_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def greet() -> None:
            taken, _ = server.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        threading.Thread(target=greet, daemon=True).start()
        write_place(tmp_path, Place(port=server.getsockname()[1], token="ab" * 32, pid=4711, version="0.1.0"))
        with pytest.raises(UsageError, match="4711"):
            open_remote(tmp_path)


def test_a_batch_of_another_protocol_is_named_with_both_versions(tmp_path: Path) -> None:
    write_place(tmp_path, Place(port=40000, token="ab" * 32, pid=1, version="7.7.7", protocol=2))
    with pytest.raises(UsageError, match=r"7\.7\.7") as refused:
        open_remote(tmp_path)
    assert "protocol 1" in str(refused.value)
