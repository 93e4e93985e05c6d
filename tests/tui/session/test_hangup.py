"""A terminal that goes away is noticed without a signal, also when it has gone before anybody looked."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from cozebatch_tui.session.hangup import hangup_watched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells poll() of terminals that are gone")


@pytest.mark.parametrize("gone_before", [True, False])
def test_a_terminal_that_is_gone_is_told_once(gone_before: bool) -> None:
    if sys.platform == "win32":
        return
    master, terminal = os.openpty()
    told = threading.Semaphore(0)
    try:
        if gone_before:
            os.close(master)
        with hangup_watched(told.release, terminal):
            if not gone_before:
                os.close(master)
            assert told.acquire(timeout=20)
        assert not told.acquire(blocking=False)
    finally:
        os.close(terminal)


def test_what_is_no_terminal_is_never_gone() -> None:
    read, write = os.pipe()
    os.close(write)
    told = threading.Event()
    try:
        for file in (os.open(os.devnull, os.O_RDONLY), read):
            with hangup_watched(told.set, file):
                pass
            assert not told.is_set()
    finally:
        os.close(read)
