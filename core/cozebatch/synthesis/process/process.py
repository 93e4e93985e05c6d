"""Child processes: run one to its end under a supervisor, read its stdout line by line, keep the end of its stderr.

The child never outlives the call, whatever ends it: success, failure, time-out, cancellation, death of this process.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from cozebatch.synthesis.process import supervisor
from cozebatch.synthesis.process.printed import decode
from cozebatch.synthesis.process.timeouts import wait_suspend_aware

TAIL_BYTES = 16_384
LINE_BYTES = 4_194_304
_SUPERVISOR = str(Path(supervisor.__file__))
AFTER_EXIT = 1.0
"""Seconds a pipe may stay open after the child's end: a grandchild may have inherited it."""
_TO_DIE = 3.0


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended. A negative `returncode` is the signal that killed it (POSIX)."""

    returncode: int
    stderr: str
    heard_out: bool = True
    """Both its streams were read to their ends: nothing that it wrote is missing."""

    @property
    def crashed(self) -> bool:
        """True if it was killed by a signal, or on Windows by an exception (NTSTATUS)."""
        return self.returncode < 0 or self.returncode >= 0xC0000000


class OutOfTime(Exception):
    """The child did not end within its time and was killed, with everything it had started."""

    def __init__(self, seconds: float, stderr: str) -> None:
        super().__init__(f"not finished after {seconds:g} s")
        self.seconds = seconds
        self.stderr = stderr


async def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float | None = None,
    stdin: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
    after_exit: float = AFTER_EXIT,
) -> Finished:
    """Run `command` without a shell. Returns the exit status and the end of stderr; raises `OutOfTime`.

    `after_exit`: seconds for which its streams are read after its end, if they do not end themselves. `stdin` is a
    file the child reads as its standard input. `on_line` gets each line of stdout, longer ones cut off at 4 MiB, and
    `on_error_line` each of stderr.
    """
    tail = _Tail()
    lines, errors = _Lines(on_line), _Lines(on_error_line)

    def read_error(chunk: bytes) -> None:
        tail.feed(chunk)
        errors.feed(chunk)

    async with _supervised(command, cwd, env, stdin) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        returncode: int | None = None
        open_streams = 2

        async def drain(stream: ByteReceiveStream, feed: Callable[[bytes], None]) -> None:
            nonlocal open_streams
            async for chunk in stream:
                feed(chunk)
            open_streams -= 1

        async with anyio.create_task_group() as group:
            group.start_soon(drain, process.stdout, lines.feed)
            group.start_soon(drain, process.stderr, read_error)
            try:
                returncode = await wait_suspend_aware(process.wait, math.inf if timeout is None else timeout)
                group.cancel_scope.deadline = anyio.current_time() + after_exit
            except TimeoutError:
                group.cancel_scope.cancel()
        if returncode is None:
            raise OutOfTime(timeout or 0.0, tail.text())
        lines.end()
        errors.end()
        return Finished(returncode, tail.text(), heard_out=not open_streams)


@asynccontextmanager
async def _supervised(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: Path | None
) -> AsyncIterator[Process]:
    process = await spawn(["-I", "-S", _SUPERVISOR, "" if stdin is None else str(stdin), *command], cwd=cwd, env=env)
    try:
        yield process
    finally:
        await end(process)


async def spawn(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stderr: int = subprocess.PIPE
) -> Process:
    """Start this Python, cut off from the terminal's signals, its streams piped to us."""
    no_window: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return await anyio.open_process(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        stderr=stderr,
        creationflags=no_window,
        start_new_session=sys.platform != "win32",
    )


async def end(process: Process) -> None:
    """End the child: close its stdin, and kill it if that does not end it. Cannot be cancelled."""
    with anyio.CancelScope(shield=True):
        if process.returncode is None:
            with anyio.move_on_after(_TO_DIE):
                assert process.stdin is not None
                await process.stdin.aclose()
                await process.wait()
        if process.returncode is None:
            process.kill()
        await process.aclose()


class _Tail:
    """The end of a stream, as text."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, chunk: bytes) -> None:
        self._bytes = (self._bytes + chunk)[-TAIL_BYTES:]

    def text(self) -> str:
        return decode(self._bytes, cut=len(self._bytes) == TAIL_BYTES).replace("\r\n", "\n").strip()


class _Lines:
    """Cuts a stream into lines and passes them on."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        if self._on_line is None:
            return
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            self._pass_on(self._rest + line)
            self._rest = b""
        self._rest = (self._rest + rest)[:LINE_BYTES]

    def end(self) -> None:
        if self._rest:
            self._pass_on(self._rest)
        self._rest = b""

    def _pass_on(self, line: bytes) -> None:
        if self._on_line is not None:
            self._on_line(decode(line).rstrip("\r"))
