"""The options of the subcommands that start no batch."""

from __future__ import annotations

import os

from cozebatch.model.default_paths import CONFIG_FILE, LOG_DIR, STATE_DIR
from cozebatch.model.limits import MOST_SYNTHESIS
from cozebatch_tui.commands.new_parser import new_parser, said
from cozebatch_tui.commands.parser import CommandParser, whole_number


def init_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "init",
        "一步一步选账号里的工作流、表格和字段，写出一份配置。每个答案马上检查，不花钱。",
        "Choose workflow, table and fields from your accounts, and write a configuration. Each answer is checked at "
        "once, free of charge.",
        lang,
    )
    parser.add_argument(
        "--config", metavar="FILE", default=CONFIG_FILE, help=said(lang, "写到哪里", "where to write it")
    )
    parser.add_argument(
        "--yes", action="store_true", help=said(lang, "最后不再问就写", "write it without asking at the end")
    )
    return parser


def check_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "check", "检查配置，不提交任何任务。", "Check a configuration without submitting anything.", lang
    )
    parser.add_argument(
        "--config", metavar="FILE", default=CONFIG_FILE, help=said(lang, "配置文件", "configuration file")
    )
    parser.add_argument(
        "--tasks",
        metavar="FILE",
        help=said(lang, "任务文件（则不检查飞书）", "a task file (then Feishu is not checked)"),
    )
    parser.add_argument(
        "--yes", action="store_true", help=said(lang, "所有确认都回答“是”", "answer yes to every confirmation")
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=said(lang, "状态文件夹", "state"))
    return parser


def runs_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "runs",
        "列出以前的批次；清理过期的状态和素材；导入旧工具的结果文件。",
        "List earlier batches; delete old state and media; import results files of the older tool.",
        lang,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--prune",
        action="store_true",
        help=said(lang, "清理过期的日志、状态和素材", "delete old logs, state and media"),
    )
    what.add_argument(
        "--import",
        dest="import_files",
        metavar="FILE",
        nargs="+",
        default=[],
        help=said(
            lang, "导入旧工具的 feishu_async_results_*.json", "import the older tool's feishu_async_results_*.json"
        ),
    )
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        type=whole_number(1, 36_500),
        help=said(lang, "多少天算过期（log_retention_days）", "age in days to delete (log_retention_days)"),
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=said(lang, "只看不做", "show what would be done, change nothing")
    )
    parser.add_argument(
        "--config", metavar="FILE", help=said(lang, f"配置文件（{CONFIG_FILE}）", f"configuration file ({CONFIG_FILE})")
    )
    parser.add_argument(
        "--tasks",
        metavar="FILE",
        help=said(lang, "导入到这个任务文件（而不是飞书多维表格）", "import for this task file"),
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=said(lang, "状态文件夹", "state"))
    parser.add_argument(
        "--log-dir", metavar="DIR", default=LOG_DIR, help=said(lang, f"日志文件夹（{LOG_DIR}）", f"logs ({LOG_DIR})")
    )
    return parser


def report_parser(lang: str) -> CommandParser:
    parser = new_parser("report", "再看一个批次的结果。", "Show the outcome of a batch again.", lang, "[RUN]")
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="last",
        help=said(lang, "批次编号（见 runs；不写就是最近一次）", "a batch's id (see runs); the last one without it"),
    )
    parser.add_argument("--html", metavar="FILE", help=said(lang, "写成带图表的网页", "write a page with charts"))
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help=said(lang, "写成 Excel 能打开的表格（.csv，或 .xlsx）", "write a table for Excel (.csv, or .xlsx)"),
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=said(lang, f"价格所在的配置文件（{CONFIG_FILE}）", f"configuration with the prices ({CONFIG_FILE})"),
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=said(lang, "状态文件夹", "state"))
    return parser


def attach_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "attach",
        "打开正在运行的批次的界面：后台批次、没有画面的批次、别的窗口里的批次。关掉界面，批次接着跑。",
        "Open the screen of a batch that runs: in the background, headless, or in another window. Closing the screen "
        "leaves the batch running.",
        lang,
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=said(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    return parser


def serve_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "serve",
        "在浏览器里打开正在运行的批次的界面。只有这台机器能打开，链接里的令牌只能用一次。",
        "Show the screen of a running batch in a browser. Only this machine can open it; the token in the link works "
        "once.",
        lang,
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=said(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=whole_number(1, 65535),
        default=0,
        help=said(lang, "端口（默认随便一个空闲的）", "port (any that is free)"),
    )
    return parser


def worker_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "worker",
        "把这台机器借给合成集群：连到 dask 调度器，断开会自动重连，按 Ctrl-C 结束（docs/cluster.md）。",
        "Lend this machine to a cluster that makes films: connect to a dask scheduler, again and again, until Ctrl-C "
        "(docs/cluster.md).",
        lang,
        "ADDRESS",
    )
    parser.add_argument("address", metavar="ADDRESS", help=said(lang, "调度器，tls://主机:8786", "tls://HOST:8786"))
    parser.add_argument(
        "--share",
        metavar="DIR",
        default=os.environ.get("COZEBATCH_SHARE"),
        help=said(
            lang, "共享文件夹在这台机器上的位置（COZEBATCH_SHARE）", "the shared folder as seen here (COZEBATCH_SHARE)"
        ),
    )
    parser.add_argument(
        "--films",
        metavar="N",
        type=whole_number(1, MOST_SYNTHESIS),
        default=1,
        help=said(lang, "同时合成几个（1）", "films at once (1)"),
    )
    parser.add_argument("--host", metavar="HOST", help=said(lang, "在这个地址上接活", "address to listen on"))
    parser.add_argument("--name", metavar="NAME", help=said(lang, "机器的名字", "what the machine is called"))
    for option, zh, en in (
        ("--tls-ca", "CA 证书", "certificate of the CA"),
        ("--tls-cert", "这台机器的证书", "certificate of this machine"),
        ("--tls-key", "证书的私钥", "key of that certificate"),
    ):
        parser.add_argument(option, metavar="FILE", help=said(lang, f"{zh}（PEM）", f"{en} (PEM)"))
    parser.add_argument(
        "--insecure",
        action="store_true",
        help=said(lang, "不加密也用（谁连上都能运行程序）", "without encryption (whoever connects can run programs)"),
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=said(lang, "这台机器的编号存在哪里", "where this machine's id is kept")
    )
    return parser
