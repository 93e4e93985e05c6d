"""What the system says of a file or a connection, in either language."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest

from cozebatch.disk.places import link_error
from cozebatch.disk.writing import require_own
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text


def test_a_file_that_is_not_there_is_so_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        (tmp_path / "none").read_bytes()
    assert os_reason(raised.value) == Text("不存在", "No such file or directory")


@pytest.mark.parametrize(
    ("number", "zh"), [(errno.ENOSPC, "磁盘已满"), (errno.EROFS, "磁盘是只读的"), (errno.EADDRINUSE, "已被占用")]
)
def test_the_systems_errors_are_said_in_chinese(number: int, zh: str) -> None:
    assert os_reason(OSError(number, os.strerror(number), "/x")) == Text(zh, os.strerror(number))


def test_our_own_refusals_are_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(OSError, match="second name") as raised:
        require_own((tmp_path / "a").lstat(), tmp_path / "a")
    assert os_reason(raised.value) == Text("还有另一个名称（硬链接）", "has a second name (a hard link)")
    with pytest.raises(OSError, match="regular file") as raised:
        require_own(tmp_path.lstat(), tmp_path)
    assert os_reason(raised.value) == Text("不是普通文件", "is no regular file")
    assert os_reason(link_error(tmp_path)) == Text("是指向别处的链接", "is a link to another place")


def test_windows_words_end_without_a_full_stop_and_are_known_by_number() -> None:
    error = OSError(errno.EACCES, "另一个程序正在使用此文件，进程无法访问。", "C:\\x")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
    assert os_reason(error) == Text("没有权限，或正被其他程序占用", "另一个程序正在使用此文件，进程无法访问")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ssl.SSLError(1, "[SSL] PEM lib (_ssl.c:4149)"), "[SSL] PEM lib (_ssl.c:4149)"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError(99999, "no such number"), "no such number"),
        (OSError("only words"), "only words"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_librarys_own_words_stay(error: OSError, said: str) -> None:
    assert os_reason(error) == Text.same(said)
