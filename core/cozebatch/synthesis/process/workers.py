"""Persistent Python worker processes for what may crash: a segfault, an OOM kill or a hang costs one call.

Imports are paid once per worker. A worker is let go after `JOBS` calls or when it has grown past `MEGABYTES`.
"""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.synthesis.failures import failure, from_os_error
from cozebatch.synthesis.process import process
from cozebatch.synthesis.process.timeouts import wait_suspend_aware
from cozebatch.synthesis.process.worker import HEADER

JOBS = 200
MEGABYTES = 600
T = TypeVar("T")


class Workers:
    """At most `limit` calls run at once; more wait. Processes are started when needed and kept."""

    def __init__(self, limit: int, environment: Mapping[str, str]) -> None:
        self._gate = anyio.CapacityLimiter(max(1, limit))
        self._environment = environment
        self._idle: list[_Worker] = []

    async def call(self, function: Callable[..., T], *arguments: Any, timeout: float) -> T:
        """Run `function(*arguments)` in a worker; both must be picklable.

        Raises `StepError`: the function's own, `worker_crashed`, `synthesis_timeout`, or `internal` for any other
        exception it raised.
        """
        async with self._gate:
            worker = self._idle.pop() if self._idle else await _Worker.start(self._environment)
            whole = False
            try:
                kind, value, megabytes = await worker.ask(pickle.dumps((function, arguments)), timeout)
                whole = True
            except TimeoutError:
                raise failure(
                    Category.SYNTHESIS_TIMEOUT, f"合成超过 {timeout:g} 秒未完成", f"not finished within {timeout:g} s"
                ) from None
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
                raise await worker.crashed() from None
            finally:
                if not whole or worker.jobs >= JOBS or megabytes > MEGABYTES:
                    await process.end(worker.process)
                else:
                    self._idle.append(worker)
        if kind == "step_error":
            assert isinstance(value, ErrorInfo)
            raise StepError(value)
        if kind == "error":
            raise failure(Category.INTERNAL, f"合成进程内部错误：{value}", f"an internal error in synthesis: {value}")
        return value  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        """End the idle processes; calls that still run end theirs."""
        while self._idle:
            await process.end(self._idle.pop().process)


class _Worker:
    def __init__(self, running: Process) -> None:
        assert running.stdin is not None
        assert running.stdout is not None
        self.process = running
        self.jobs = 0
        self._stdin = running.stdin
        self._answers = BufferedByteReceiveStream(running.stdout)

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> _Worker:
        # -P: the folder we were started in must not be able to put its own modules before ours.
        module = ["-P", "-m", "cozebatch.synthesis.process.worker"]
        try:
            return cls(await process.spawn(module, cwd=Path.home(), env=environment, stderr=subprocess.DEVNULL))
        except OSError as error:
            raise from_os_error(error, Category.WORKER_CRASHED, "cozebatch.synthesis.process.worker") from error

    async def ask(self, call: bytes, timeout: float) -> tuple[str, Any, int]:
        """Raises `TimeoutError` when the worker is not done within `timeout` seconds."""
        self.jobs += 1
        with anyio.fail_after(timeout):
            await self._stdin.send(HEADER.pack(len(call)) + call)
        # Received in part, it stays in the stream's buffer: the wait may be broken off and taken up again.
        header = await wait_suspend_aware(lambda: self._answers.receive_exactly(HEADER.size), timeout)
        (length,) = HEADER.unpack(header)
        with anyio.fail_after(timeout):
            answer: tuple[str, Any, int] = pickle.loads(await self._answers.receive_exactly(length))
        return answer

    async def crashed(self) -> StepError:
        with anyio.move_on_after(2):
            await self.process.wait()
        code = self.process.returncode
        return failure(
            Category.WORKER_CRASHED,
            f"合成进程意外退出（{code}）",
            f"the synthesis process died ({code})",
            code=str(code),
        )
