"""Only a process that has surely ended counts as dead, and asking ends none."""

from __future__ import annotations

import os
import subprocess
import sys

from cozebatch.synthesis.alive import is_alive

NO_PROCESS = 999_999_999


def test_a_process_lives_until_it_ends_and_asking_does_not_end_it() -> None:
    assert is_alive(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(child.pid)
    assert is_alive(child.pid)
    child.communicate(b"\n")
    assert child.returncode == 0
    # On Windows the process object is still there, because `child` holds it: it must not count as a live process.
    assert not is_alive(child.pid)


def test_ids_that_no_process_can_have() -> None:
    for pid in (NO_PROCESS, 0, -1, 1 << 40):
        assert not is_alive(pid)
