"""Runs the simulated services for practice: `python -m cozebatch.demo --coze-port 8787 --feishu-port 8788`."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NoReturn

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.serving import serve
from cozebatch.model.os_reason import os_reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a code page without Chinese must not end it
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        _serve(options)
    except OSError as error:
        parser.error(f"{os_reason(error).zh} / {os_reason(error).en} ({options.coze_port}, {options.feishu_port})")
    return 0


def _serve(options: argparse.Namespace) -> None:
    write = sys.stdout.write
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
        write(f"        GET {coze.url}/_ledger 看它收到了什么 / shows what it saw\n")
        write(f"        POST {coze.url}/_faults 让它出错 / makes things go wrong\n")
        feishu = _feishu()
        if feishu is None:
            write("Feishu  没有安装，只模拟扣子 / is not part of this installation; only Coze is simulated\n")
        else:
            url = stack.enter_context(serve(feishu.SimulatedFeishu(), port=options.feishu_port))
            write(f"Feishu  {url}   app_token {feishu.APP_TOKEN}\n")
            write(f"        App ID {feishu.APP_ID}   App Secret {feishu.APP_SECRET}\n")
            base = f"{url}/base/{feishu.APP_TOKEN}"
            write(f"\n设置：问令牌时先粘贴 {coze.url}，再粘贴令牌 {TOKEN}；\n")
            write("      工作空间选第二个；多维表格粘贴下面的链接，App ID 和 App Secret 见上。\n")
            write(f"Set up: where the token is asked for, paste {coze.url}, then {TOKEN};\n")
            write("        the workspace is the second; the base has this address:\n")
            write(f"  {base}\n\n")
        write("Ctrl-C 停止 / stops.\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            write("\n")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Two lines, and exit code 2."""
        self.exit(2, f"没有启动 / not started: {message}\n选项 / options: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    """With texts in both languages: it belongs to no user interface, and has no language of its own."""
    parser = _Parser(
        prog="python -m cozebatch.demo",
        usage="%(prog)s [选项 / options]",
        description="练习用的模拟扣子和模拟飞书，不花钱。\nSimulated Coze and Feishu for practice, free of charge.",
        formatter_class=argparse.RawTextHelpFormatter,
        add_help=False,
    )
    group = parser.add_argument_group("选项 / options")
    for name, kind, default, zh, en in (
        ("coze-port", port, 8787, "扣子的端口，0 是随便一个", "port of Coze, 0 for any"),
        ("feishu-port", port, 8788, "飞书的端口，0 是随便一个", "port of Feishu, 0 for any"),
        ("duration", float, 10.0, "一次执行大约几秒", "seconds an execution takes, about"),
        ("time-scale", float, 1.0, "时间快几倍", "how much faster its time passes"),
        ("concurrency", int, 16, "同时执行几个", "executions in flight at once"),
        ("seed", int, 0, "随机数的种子", "seed of what is random"),
    ):
        text = f"{zh}（{default:g}）\n{en} ({default:g})"
        group.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=text)
    group.add_argument("-h", "--help", action="help", help="显示这段说明\nshow this text")
    return parser


def port(text: str) -> int:
    """Raises `ValueError` for what is no port."""
    if not 0 <= int(text) <= 65535:
        raise ValueError(text)
    return int(text)


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
