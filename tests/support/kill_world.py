"""The services and the program's folder that one scenario of kills takes place in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import SimulatedCoze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.demo.serving import serve
from support.feishu_support import big_table
from support.kill_checks import RUNNING, World
from support.kill_plans import REQUEST_TIMEOUT, Plan
from support.program import Program
from support.witness import witnessed

FILM = """\
import json, sys, time, zlib
job = json.load(sys.stdin)
number = zlib.crc32(job["task"]["task_id"].encode())
time.sleep(number % 8 / 10)
if number % 9 == 0:
    sys.exit("no film of this one")
with open("film.txt", "w") as film:
    film.write(job["output"]["videoUrl"])
print(json.dumps({"video_path": "film.txt"}))
"""


@contextmanager
def world(plan: Plan, folder: Path) -> Iterator[World]:
    """The services and the program's folder for one scenario."""
    options = CozeOptions(duration=plan.duration, concurrency=plan.concurrency, retry_after=0.2, seed=plan.seed)
    coze = SimulatedCoze(options, plan.faults)
    with ExitStack() as stack:
        url, witness = stack.enter_context(witnessed(coze))
        program = Program(folder, url)
        feishu: SimulatedFeishu | None = None
        workflow: dict[str, object] = {
            "max_coze_concurrent": plan.limit,
            "max_retries": plan.max_retries,
            "coze_config": {"request_timeout": REQUEST_TIMEOUT},
        }
        if plan.films:
            (folder / "film.py").write_text(FILM, encoding="utf-8")
            outputs = {"audio": None}
            workflow["coze_config"] = {"request_timeout": REQUEST_TIMEOUT, "outputs": outputs}
            workflow["synthesis"] = {"mode": "command", "command": [sys.executable, str(folder / "film.py")]}
        if plan.source == "file":
            program.tasks(plan.tasks)
            titles = {f"t{n}": f"标题{n}号" for n in range(1, plan.tasks + 1)}
        else:
            feishu = SimulatedFeishu([big_table(plan.tasks)], latency=0.01, seed=plan.seed)
            feishu.strike(FeishuFault(on="write", code=1254291, times=None, share=0.2))
            content = {"table_id": CONTENT}
            if plan.source == "claimed table":
                content["status_values"] = {"running": RUNNING}  # type: ignore[assignment]
            api = demo_configuration(url, stack.enter_context(serve(feishu)))["api_config"]
            program.settings = {"api_config": api, "tables": {"content_table": content}}
            titles = {f"rec{n:05d}": f"标题{n}" for n in range(plan.tasks)}
        program.configure(**workflow)
        yield World(coze, witness, feishu, program, titles, plan.limit, plan.max_retries, REQUEST_TIMEOUT)
