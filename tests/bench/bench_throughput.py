"""Ten thousand tasks with instantaneous executions, headless over real HTTP: the engine's own speed and memory.

The simulated Coze runs in a process of its own. The reference is a bare loop over the same HTTP client library that
sends the same number of requests, sixteen at once, in the same minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from measure import ROOT, Runs, table

SERVER = """
import sys
from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
with serve_coze(CozeOptions(duration=0.0, rate=100_000.0)) as coze:
    print(coze.url, flush=True)
    sys.stdin.read()
"""

REFERENCE = """
import sys, time, anyio, httpx
url, count = sys.argv[1], int(sys.argv[2])
async def main():
    async with httpx.AsyncClient(headers={"Authorization": "Bearer pat_demo"}, trust_env=False) as client:
        left = iter(range(count))
        async def worker():
            for _ in left:
                await client.get(url + "/v1/workflows/7400000000000000001/run_histories/1")
        began = time.perf_counter()
        async with anyio.create_task_group() as group:
            for _ in range(16):
                group.start_soon(worker)
        print(count / (time.perf_counter() - began))
anyio.run(main)
"""


@contextmanager
def server() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


def batch(url: str, count: int) -> tuple[float, float, float, float]:
    """Run `count` tasks; wall seconds of the run, requests a second, CPU seconds and peak memory in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coze = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": url}
        config = {"workflow_config": {"coze_config": coze, "poll_interval": 0.001, "synthesis": {"mode": "none"}}}
        (folder / "c.json").write_text(json.dumps(config), encoding="utf-8")
        lines = (json.dumps({"task_id": f"t{n}", "title": f"t{n}", "content": f"文案{n}" * 20}) for n in range(count))
        (folder / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
        command = ["--no-ui", "--config", "c.json", "--tasks", "t.jsonl", "--lang", "en"]
        process = subprocess.Popen(
            [sys.executable, "-m", "cozebatch_tui.cli", *command], cwd=folder, stdout=subprocess.DEVNULL
        )
        if sys.platform == "win32":
            raise NotImplementedError
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.returncode
        results = json.loads(next(folder.glob("file_async_results_*")).read_text(encoding="utf-8"))
        statistics = results["statistics"]
        assert statistics["done"] == count
        requests = statistics["submissions"] + statistics["polls"]
        seconds = statistics["elapsed_seconds"]
        journal = (folder / ".cozebatch" / "journal.sqlite3").stat().st_size / 1e6
        print(f"  {count} tasks: {seconds:.1f} s, {requests} requests, journal {journal:.1f} MB", file=sys.stderr)
        return seconds, requests / seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(count: int = 10_000, runs: int = 3) -> None:
    with server() as url:
        reference = Runs(
            [
                float(
                    subprocess.run(
                        [sys.executable, "-c", REFERENCE, url, "4000"], capture_output=True, text=True
                    ).stdout
                )
                for _ in range(runs)
            ]
        )
        few = batch(url, 1000)
        many = [batch(url, count) for _ in range(runs)]
    rate = Runs([requests for _, requests, _, _ in many])
    cpu = Runs([cpu / (count / 1000) for _, _, cpu, _ in many])
    memory = Runs([peak for _, _, _, peak in many])
    table(
        f"{count} tasks, instantaneous executions, headless over HTTP",
        [
            ("tasks a second", str(Runs([count / seconds for seconds, _, _, _ in many])), "-"),
            ("requests a second", str(rate), ">= 500"),
            ("  / a bare httpx loop of 16 looks", f"{rate.median / reference.median:.2f} of {reference}", "-"),
            ("CPU seconds per 1000 tasks", str(cpu), "-"),
            ("peak memory, MB", str(memory), "-"),
            (
                "  growth per task over 1000 tasks, KB",
                f"{1024 * (memory.median - few[3]) / (count - 1000):.1f}",
                "rows only",
            ),
        ],
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    main(*(int(argument) for argument in sys.argv[1:]))
