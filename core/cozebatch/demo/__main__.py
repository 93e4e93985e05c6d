"""Runs the simulated services for practice: `python -m cozebatch.demo --coze-port 8787 --feishu-port 8788`."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.serving import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    write = sys.stdout.write
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a code page without Chinese must not end it
    with ExitStack() as stack:
        coze = stack.enter_context(
            serve_coze(
                CozeOptions(
                    duration=(options.duration * 0.6, options.duration * 1.4),
                    time_scale=options.time_scale,
                    concurrency=options.concurrency,
                    seed=options.seed,
                ),
                port=options.coze_port,
            )
        )
        write(f"Coze    {coze.url}   token {TOKEN}   workflow_id {WORKFLOW_ID}\n")
        write(f"        GET {coze.url}/_ledger shows what it saw, POST {coze.url}/_faults makes things go wrong\n")
        feishu = _feishu()
        if feishu is None:
            write("Feishu  is not part of this installation; only Coze is simulated\n")
        else:
            url = stack.enter_context(serve(feishu.SimulatedFeishu(), port=options.feishu_port))
            write(f"Feishu  {url}   app_id {feishu.APP_ID}   app_secret {feishu.APP_SECRET}   ")
            write(f"app_token {feishu.APP_TOKEN}\n")
            base = f"{url}/base/{feishu.APP_TOKEN}"
            write(f"\n设置：问令牌时先粘贴 {coze.url}，再粘贴令牌 {TOKEN}；工作空间选第二个；\n")
            write(f"      多维表格的链接是 {base}，App ID 和 App Secret 见上。\n")
            write(f"Set up: paste {coze.url} where the token is asked for, then the token {TOKEN}; the workspace is\n")
            write(f"        the second; the base is {base}; App ID and App Secret stand above.\n\n")
        write("Ctrl-C 停止 / stops.\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            write("\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cozebatch.demo", description=__doc__)
    parser.add_argument("--coze-port", type=int, default=8787)
    parser.add_argument("--feishu-port", type=int, default=8788)
    parser.add_argument("--duration", type=float, default=10.0, help="seconds an execution takes, about (10)")
    parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster its time passes (1)")
    parser.add_argument("--concurrency", type=int, default=16, help="executions in flight at once (16)")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _feishu() -> Any | None:
    """The module of the simulated Feishu; None where it is not installed."""
    name = "cozebatch.demo.feishu_server"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


if __name__ == "__main__":
    sys.exit(main())
