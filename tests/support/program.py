"""The real command in a process of its own, against simulated servers, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask the program to end; Windows has not all of them."""
SECONDS = 60.0
"""A run that takes longer than this has hung."""


@dataclass
class Finished:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Program:
    """Runs `cozebatch-tui` in `folder`, with a configuration for the Coze at `url`."""

    folder: Path
    url: str
    token: str = TOKEN
    settings: dict[str, Any] = field(default_factory=dict)

    def configure(self, **workflow: Any) -> Program:
        """Write `c.json`; `workflow` are keys of `workflow_config`."""
        coze = {"token": self.token, "workflow_id": WORKFLOW_ID, "base_url": self.url}
        coze.update(workflow.pop("coze_config", {}))
        workflow.setdefault("poll_interval", 0.2)
        workflow.setdefault("synthesis", {"mode": "none"})
        config = {"workflow_config": {"coze_config": coze, **workflow}, **self.settings}
        (self.folder / "c.json").write_text(json.dumps(config), encoding="utf-8")
        return self

    def tasks(self, count: int, **columns: str) -> Program:
        """Write `tasks.json` with `count` tasks titled `标题1` and so on."""
        rows = [
            {"task_id": f"t{n}", "title": f"标题{n}号", "content": f"文案{n}号", **columns} for n in range(1, count + 1)
        ]
        (self.folder / "tasks.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return self

    def start(self, *options: str, env: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cozebatch_tui.cli", "--lang", "en", *options]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **more,
        )

    def run(self, *options: str, env: dict[str, str] | None = None) -> Finished:
        """Run to the end."""
        with self.start(*options, env=env) as process:
            try:
                out, err = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Finished(process.returncode, out, err)

    def batch(self, *options: str) -> Finished:
        """Run `c.json` on `tasks.json` without a screen."""
        return self.run(*BATCH, *options)

    def results(self) -> dict[str, Any]:
        """The newest results file."""
        found = sorted(self.folder.glob("*_async_results_*.json"), key=lambda path: path.stat().st_mtime_ns)
        result: dict[str, Any] = json.loads(found[-1].read_text(encoding="utf-8"))
        return result

    def statuses(self) -> dict[str, str]:
        return {task_id: task["status"] for task_id, task in self.results()["tasks"].items()}

    def all_text(self) -> str:
        """Everything the program left in its folder but its configuration, for a search."""
        files = [p for p in self.folder.rglob("*") if p.is_file() and p.name != "c.json"]
        return "\n".join(p.read_bytes().decode("utf-8", "replace") for p in files)


BATCH: Sequence[str] = ("--no-ui", "--config", "c.json", "--tasks", "tasks.json")


def read_until(process: subprocess.Popen[str], word: str, count: int = 1) -> list[str]:
    """Lines of the process's stdout up to the `count`-th that holds `word`."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        count -= word in line
        if count <= 0:
            return lines
    raise AssertionError(f"ended without {word!r}: {lines[-5:]}")


def kill(process: subprocess.Popen[str], number: int | None = None) -> None:
    """Send the signal; without one, end it as hard as the system can."""
    if number is None:
        process.kill()
    else:
        process.send_signal(number)
