"""The real program on sources that change: task files without ids, and a Feishu table. They count what was paid."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import APP_TOKEN, SimulatedFeishu
from cozebatch.demo.serving import serve
from support.program import Finished, Program, kill, read_until

LONG = Fault(what="lasts", seconds=2.5)
BREAKS = {"mode": "command", "command": [sys.executable, "-c", "raise SystemExit(1)"]}
MAKES = {"mode": "command", "command": [sys.executable, "-c", "print('{}')"]}


@dataclass
class Files:
    """The program on task files without ids."""

    program: Program
    coze: RunningCoze

    def write(self, contents: Sequence[str], name: str = "tasks.csv", **columns: str) -> None:
        with (self.program.folder / name).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["title", "content", *columns])
            table.writerows([f"标题 {content}", content, *columns.values()] for content in contents)

    def run(self, name: str = "tasks.csv", *options: str) -> Finished:
        return self.program.run("--no-ui", "--config", "c.json", "--tasks", name, *options)

    def run_until_running(self, count: int, name: str = "tasks.csv", *options: str) -> None:
        """Run, and kill it once so many executions are in flight."""
        self.run_until('"to": "running"', count, name, *options)

    def run_until(self, word: str, count: int = 1, name: str = "tasks.csv", *options: str) -> None:
        """Run, and kill it once so many events with this word were told."""
        batch = ("--no-ui", "--config", "c.json", "--tasks", name, *options)
        with self.program.start(*batch, "--json") as process:
            read_until(process, word, count)
            kill(process)
            process.communicate(timeout=60)

    @property
    def executions(self) -> int:
        return len(self.coze.ledger().executions)


@dataclass
class Table:
    """The program on a Feishu table."""

    coze: RunningCoze
    feishu: SimulatedFeishu
    program: Program
    config: dict[str, Any]

    def run(self, *options: str) -> Finished:
        self.configure()
        return self.program.run("--no-ui", "--config", "c.json", *options)

    def start(self, *options: str) -> subprocess.Popen[str]:
        self.configure()
        return self.program.start("--no-ui", "--config", "c.json", *options)

    def run_refused_after(self, word: str, *options: str) -> Finished:
        """Run; once an event of this name was told, the right to write is gone."""
        with self.start("--json", *options) as process:
            lines = read_until(process, word)
            self.feishu.strike(FeishuFault(on="write", code=1254302, status=403, times=None))
            out, err = process.communicate(timeout=60)
        return Finished(process.returncode, "".join(lines) + out, err)

    def configure(self) -> None:
        (self.program.folder / "c.json").write_text(json.dumps(self.config), encoding="utf-8")

    @property
    def executions(self) -> int:
        return len(self.coze.ledger().executions)


@contextmanager
def table_of(coze: RunningCoze, folder: Path, **service: Any) -> Iterator[Table]:
    """A table of twenty rows in a simulated Feishu; `service` is given to it."""
    feishu = SimulatedFeishu(latency=0.01, wiki={"wikcnNode1": APP_TOKEN}, **service)
    with serve(feishu) as url:
        config = demo_configuration(coze.url, url)
        config["workflow_config"] |= {"synthesis": {"mode": "none"}, "poll_interval": 0.2, "max_retries": 0}
        yield Table(coze, feishu, Program(folder, coze.url), config)
