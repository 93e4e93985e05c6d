"""The other end of `workers`: a Python process that runs one call after the other and dies with the engine.

Messages both ways are pickles with their length before them. The real stdout is kept for answers; whatever a
library prints goes to stderr. A thread waits on stdin even while a call runs: when it ends, so does the process.
"""

from __future__ import annotations

import os
import pickle
import queue
import struct
import sys
import threading
from typing import BinaryIO

from cozebatch.bounds.memory import bound_memory
from cozebatch.model.errors import StepError

HEADER = struct.Struct(">I")
MEMORY = 2 * 1024**3
"""Bytes that a worker may have. A call that needs more ends its worker, and fails as `worker_crashed`."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    bound_memory(MEMORY)
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, calls), daemon=True).start()
    while True:
        _send(answers, _run(calls.get()))


def _listen(source: BinaryIO, calls: queue.SimpleQueue[bytes]) -> None:
    while head := source.read(HEADER.size):
        calls.put(source.read(HEADER.unpack(head)[0]))
    os._exit(0)


def _run(call: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(call)
        answer = ("done", function(*arguments), _megabytes())
    except StepError as error:
        answer = ("step_error", error.info, _megabytes())
    except MemoryError:
        os._exit(137)  # as if the system had killed it: the next call gets a fresh process
    except Exception as error:  # noqa: BLE001 - whatever a library raises is answered, and reported as `internal`
        answer = ("error", f"{type(error).__name__}: {error}", _megabytes())
    return pickle.dumps(answer)


def _send(answers: BinaryIO, answer: bytes) -> None:
    answers.write(HEADER.pack(len(answer)) + answer)
    answers.flush()


def _megabytes() -> int:
    """Memory of this process in MB, 0 where the system does not say.

    On Linux the current memory: the peak there starts at that of the parent process.
    """
    if sys.platform == "win32":
        return 0
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1024 * 1024 if sys.platform == "darwin" else 1024)  # bytes on macOS, KB elsewhere


if __name__ == "__main__":
    main()
