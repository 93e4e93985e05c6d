"""A real dask scheduler and real workers on this machine, as processes of their own that a test may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import trustme

from cozebatch.synthesis.cluster.address import Address, Tls
from cozebatch.synthesis.cluster.connecting import Cluster

WITHIN = 40.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@dataclass
class LocalCluster:
    """Start a scheduler, add workers, kill what you like. `share` is what all of them see."""

    share: Path
    logs: Path
    tls: Tls | None = None
    port: int = field(default_factory=free_port)
    allowed_failures: int = 3
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> Address:
        return Address("tls" if self.tls else "tcp", "127.0.0.1", self.port)

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.address, self.share, self.tls)

    def start_scheduler(self) -> None:
        tls = self.tls
        files = ["--tls-ca-file", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key] if tls else []
        place = ["--host", f"{self.address.scheme}://127.0.0.1:{self.port}", "--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._process(
            "scheduler",
            ["-m", "distributed.cli.dask_scheduler", *place, *files],
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=str(self.allowed_failures),
        )
        _until(lambda: _listens(self.port), "the scheduler listens")

    def add_worker(
        self,
        *,
        films: int = 1,
        share: Path | None = None,
        before: Sequence[str] = (),
        environment: Mapping[str, str] = {},
    ) -> subprocess.Popen[bytes]:
        """By the program's own command. `before`: a command that runs it, in surroundings of its own."""
        tls = self.tls
        files = ["--tls-ca", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key] if tls else []
        name = f"w{len(self.workers)}"
        arguments = ["worker", str(self.address), "--share", str(share or self.share), "--films", str(films)]
        worker = self._process(
            name,
            ["-m", "cozebatch_tui", *arguments, "--name", name, "--state-dir", str(self.logs / "machine"), *files],
            before,
            **environment,
        )
        self.workers.append(worker)
        return worker

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As the out-of-memory killer does."""
        process.send_signal(signal.Signals["SIGKILL"])
        process.wait()

    def kill_scheduler(self) -> None:
        assert self.scheduler is not None
        self.kill(self.scheduler)
        self.scheduler = None

    def encoders(self) -> list[psutil.Process]:
        """The ffmpeg processes of the workers, wherever their parents have gone."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            line = " ".join(process.info["cmdline"] or [])
            if "ffmpeg" in (process.info["name"] or "") and str(self.share) in line:
                found.append(process)
        return found

    def logged(self) -> str:
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in self.logs.glob("*.log"))

    def close(self) -> None:
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            tree = descendants(process.pid)
            process.kill()
            process.wait()
            for child in tree:
                _kill(child)

    def _process(
        self, name: str, arguments: Sequence[str], before: Sequence[str] = (), **environment: str
    ) -> subprocess.Popen[bytes]:
        with open(self.logs / f"{name}-{time.monotonic_ns()}.log", "wb") as log:
            return subprocess.Popen(
                [*before, sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DASK_CONFIG": str(self.logs / "none"), "PYTHONWARNINGS": "", **environment},
                start_new_session=True,
            )


def certificate(folder: Path) -> Tls:
    """A new CA, and a certificate of it that serves for every part."""
    folder.mkdir()
    ca, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    issued = authority.issue_cert("films.example")
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    return Tls(str(ca), str(cert), str(key))


@contextmanager
def local_cluster(folder: Path, *, workers: int = 2, **facts: Any) -> Iterator[LocalCluster]:
    """A scheduler and workers of one film each; all of it is gone at the end."""
    share, logs = folder / "share", folder / "logs"
    share.mkdir(exist_ok=True)
    logs.mkdir(exist_ok=True)
    running = LocalCluster(share, logs, **facts)
    try:
        running.start_scheduler()
        for _ in range(workers):
            running.add_worker()
        yield running
    finally:
        running.close()


def descendants(pid: int) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN
    while not happened():
        assert time.monotonic() < end, f"not within {WITHIN:.0f} s: {what}"
        time.sleep(0.05)
