"""The command line: its options, their help, and the checks on them. Imports nothing heavy.

It is longer than 300 lines since it is one table.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from cozebatch.coze.debug_link import execute_id_of
from cozebatch.model.default_paths import CONFIG_FILE, LOG_DIR, STATE_DIR, shipped
from cozebatch.model.limits import LONGEST_POLL_INTERVAL, MOST_COZE, MOST_SYNTHESIS
from cozebatch_tui.commands.parser import CommandParser, listed, mended, next_time, seconds, whole_number

Command = Literal["run", "init", "check", "runs", "report", "attach", "serve", "worker"]
SUBCOMMANDS: tuple[Command, ...] = get_args(Command)


def parse(arguments: Sequence[str], lang: str) -> argparse.Namespace:
    """The options as a namespace with `command`. Exits with status 2 if they are invalid."""
    place = _subcommand(arguments)
    command: Command = "run" if place is None else next(name for name in SUBCOMMANDS if name == arguments[place])
    rest = [argument for number, argument in enumerate(arguments) if number != place]
    parser = _PARSERS[command](lang)
    options: argparse.Namespace = parser.parse_args(mended(rest, parser.known_options))
    options.command = command
    if command == "run":
        _check_run(parser, options, lang)
    return options


def _subcommand(arguments: Sequence[str]) -> int | None:
    """The position of the subcommand: first, or after general options. None if there is none."""
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        if argument in SUBCOMMANDS:
            return place
        if argument == "--lang":
            place += 2
        elif argument.startswith("--lang=") or argument in ("-v", "--verbose"):
            place += 1
        else:
            return None
    return None


def wanted_lang(arguments: Sequence[str]) -> str | None:
    """The value of `--lang`, read before parsing, so that errors of the parser come in the right language."""
    wanted = None  # argparse, too, takes the last one
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            wanted = arguments[position + 1]
        if argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
    return wanted


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def _new(prog: str, zh: str, en: str, lang: str, **more: Any) -> CommandParser:
    parser = CommandParser(
        lang=lang,
        subcommands=SUBCOMMANDS,
        prog=prog,
        description=zh if lang == "zh" else en,
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
        **more,
    )
    general = parser.add_argument_group("通用" if lang == "zh" else "general")
    general.add_argument("-h", "--help", action="help", help=_t(lang, "显示帮助", "show this help"))
    general.add_argument(
        "--lang", choices=("zh", "en"), help=_t(lang, "界面语言（默认随系统）", "language (the system's)")
    )
    general.add_argument("-v", "--verbose", action="store_true", help=_t(lang, "更详细的日志", "a more detailed log"))
    general.add_argument("--version", action=_Version, nargs=0, help=_t(lang, "显示版本", "show the version"))
    return parser


class _Version(argparse.Action):
    """Looks up the version only for `--version`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"cozebatch-tui {version('cozebatch-tui')}\n")
        parser.exit()


def _t(lang: str, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


def _template(lang: str) -> str | None:
    """Where the commented example of a configuration lies."""
    path = shipped("config.template.jsonc")
    return None if path is None else _t(lang, f"配置模板：{path}", f"Template of a configuration: {path}")


def _run_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui",
        "批量运行 扣子工作流，并在本机合成视频。\n\n"
        "子命令：init 生成配置 · check 检查配置 · runs 以前的批次 · report 一个批次的结果 · "
        "attach 连接批次 · serve 网页界面 · worker 帮别的机器合成",
        "Run Coze workflows for a whole batch, and put the films together on this machine.\n\n"
        "Subcommands: init (write a configuration) · check (check it) · runs (past runs) · report (one run's results) "
        "· attach (see a running batch) · serve (in a browser) · worker (make films for another machine)",
        lang,
    )
    parser.epilog = _template(lang)
    source = parser.add_argument_group(_t(lang, "任务来源", "where tasks come from"))
    source.add_argument("--config", metavar="FILE", help=_t(lang, "配置文件", f"configuration file ({CONFIG_FILE})"))
    source.add_argument("--demo", action="store_true", help=_t(lang, "演示，不需要账号", "demo, needs no account"))
    source.add_argument(
        "--tasks",
        metavar="FILE",
        help=_t(lang, "从文件读任务：.json .jsonl .csv .xlsx", "tasks from a local file instead of Feishu"),
    )
    choice = parser.add_argument_group(_t(lang, "选择任务", "which tasks"))
    for option, zh, en in (
        ("--include", "只跑这些任务", "only these tasks"),
        ("--exclude", "不跑这些任务", "all but these"),
        ("--rerun", "重新付费执行这些任务", "start a new, paid execution for these"),
    ):
        choice.add_argument(option, metavar="ID", nargs="+", action="extend", default=[], help=_t(lang, zh, en))
    choice.add_argument(
        "--adopt",
        metavar="ID=EXECUTE_ID",
        nargs="+",
        action="extend",
        default=[],
        help=_t(lang, "认领已有的执行，不再付费", "follow this execution instead of paying"),
    )
    choice.add_argument(
        "--answer",
        metavar="ID=TEXT",
        nargs="+",
        action="extend",
        default=[],
        help=_t(lang, "答复工作流的提问，接着做（免费）", "answer a workflow's question; it goes on, free"),
    )
    choice.add_argument(
        "--reuse",
        action="store_true",
        help=_t(
            lang, "同样的参数 7 天内付过费，就用那次的结果", "use results of the last 7 days with equal parameters"
        ),
    )
    choice.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000_000), help=_t(lang, "最多 N 个任务", "at most N tasks")
    )
    choice.add_argument(
        "--fresh", action="store_true", help=_t(lang, "忽略以前已付费的结果", "ignore what was already paid for")
    )
    choice.add_argument(
        "--dry-run", action="store_true", help=_t(lang, "只看不跑", "show what would run, submit nothing")
    )
    how = parser.add_argument_group(_t(lang, "怎样跑", "how to run"))
    how.add_argument(
        "--max-coze",
        metavar="N",
        type=whole_number(1, MOST_COZE),
        help=_t(lang, "扣子并发上限（16）", "executions in flight (16)"),
    )
    how.add_argument(
        "--max-synthesis",
        metavar="N",
        type=whole_number(1, MOST_SYNTHESIS),
        help=_t(lang, "合成并发上限（4）", "synthesis workers (4)"),
    )
    how.add_argument(
        "--poll-interval",
        metavar="S",
        type=seconds(LONGEST_POLL_INTERVAL),
        help=_t(lang, "最长多少秒查一次（30）", "longest wait between checks, seconds (30)"),
    )
    how.add_argument(
        "--until",
        metavar="HH:MM",
        type=next_time,
        help=_t(lang, "到点停止提交，已提交的做完", "stop submitting then, finish what runs"),
    )
    how.add_argument(
        "--max-executions",
        metavar="N",
        type=whole_number(1, 10_000_000),
        help=_t(lang, "最多 N 次新执行，重试也算", "at most N new executions, retries included"),
    )
    how.add_argument("--no-ui", action="store_true", help=_t(lang, "没有画面，一行一条消息", "headless"))
    how.add_argument(
        "--detach",
        action="store_true",
        help=_t(lang, "在后台运行，用 attach 看界面", "run in the background; see it with attach"),
    )
    how.add_argument("--handover", action="store_true", help=argparse.SUPPRESS)  # commands/handover.py
    how.add_argument(
        "--json",
        action="store_true",
        help=_t(lang, "与 --no-ui 同用：每行一个 JSON 事件", "with --no-ui: one JSON event a line"),
    )
    how.add_argument(
        "--yes", action="store_true", help=_t(lang, "所有确认都回答“是”", "answer yes to every confirmation")
    )
    files = parser.add_argument_group(_t(lang, "文件", "files"))
    how.add_argument(
        "--allow-sleep",
        action="store_true",
        help=_t(lang, "运行中允许电脑睡眠（默认保持唤醒）", "let the computer sleep meanwhile (kept awake otherwise)"),
    )
    files.add_argument(
        "--metrics",
        metavar="FILE",
        help=_t(lang, "每 15 秒写一次指标，Prometheus 文本格式", "figures in Prometheus' text format, each 15 s"),
    )
    files.add_argument("--no-save", action="store_true", help=_t(lang, "不写结果文件", "write no results file"))
    files.add_argument(
        "--state-dir", metavar="DIR", help=_t(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    files.add_argument("--log-dir", metavar="DIR", default=LOG_DIR, help=_t(lang, "日志文件夹", f"logs ({LOG_DIR})"))
    files.add_argument("--results-dir", metavar="DIR", default=".", help=_t(lang, "结果文件夹", "results (.)"))
    return parser


def _check_run(parser: CommandParser, options: argparse.Namespace, lang: str) -> None:
    if options.demo and options.config:
        parser.error(_t(lang, "--demo 不能和 --config 一起用。", "--demo and --config exclude each other."))
    if options.json and not options.no_ui:
        parser.error(_t(lang, "--json 要和 --no-ui 一起用。", "--json needs --no-ui."))
    if options.detach and (options.dry_run or options.json):
        parser.error(_t(lang, "--detach 不能和 --dry-run、--json 一起用。", "--detach excludes --dry-run and --json."))
    for name in ("include", "exclude", "rerun"):
        setattr(options, name, listed(getattr(options, name)))
    adopted = {}
    for pair in options.adopt:
        task_id, sign, execute_id = pair.partition("=")
        if not (sign and task_id and execute_id_of(execute_id)):
            parser.error(
                _t(lang, f"--adopt 要写成 任务ID=执行ID，不是 {pair}。", f"--adopt takes ID=EXECUTE_ID, not {pair}.")
            )
        adopted[task_id] = execute_id_of(execute_id)
    options.adopt = adopted
    answers: dict[str, str] = {}
    for pair in options.answer:
        task_id, sign, text = pair.partition("=")
        if not (sign and task_id and text.strip()):
            parser.error(
                _t(lang, f"--answer 要写成 任务ID=答复，不是 {pair}。", f"--answer takes ID=TEXT, not {pair}.")
            )
        if task_id in answers:
            parser.error(_t(lang, f"--answer 给了 {task_id} 两个答复。", f"--answer gives {task_id} two answers."))
        answers[task_id] = text
    options.answer = answers


def _init_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui init",
        "一步一步选账号里的工作流、表格和字段，写出一份配置。每个答案马上检查，不花钱。",
        "Choose workflow, table and fields from what the accounts hold, and write a configuration. Each answer is\n"
        "looked at once, free of charge.",
        lang,
    )
    parser.add_argument("--config", metavar="FILE", default=CONFIG_FILE, help=_t(lang, "写到哪里", "where to write it"))
    parser.add_argument(
        "--yes", action="store_true", help=_t(lang, "最后不再问就写", "write it without asking at the end")
    )
    return parser


def _check_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui check", "检查配置，不提交任何任务。", "Check a configuration without submitting anything.", lang
    )
    parser.add_argument(
        "--config", metavar="FILE", default=CONFIG_FILE, help=_t(lang, "配置文件", "configuration file")
    )
    parser.add_argument(
        "--tasks", metavar="FILE", help=_t(lang, "任务文件（则不检查飞书）", "a task file (then Feishu is not checked)")
    )
    parser.add_argument(
        "--yes", action="store_true", help=_t(lang, "所有确认都回答“是”", "answer yes to every confirmation")
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=_t(lang, "状态文件夹", "state"))
    return parser


def _runs_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui runs",
        "列出以前的批次；清理过期的状态和素材；导入旧工具的结果文件。",
        "List past runs; delete old state and media; import results files of the older tool.",
        lang,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--prune",
        action="store_true",
        help=_t(lang, "清理过期的日志、状态和素材", "delete old logs, state and media"),
    )
    what.add_argument(
        "--import",
        dest="import_files",
        metavar="FILE",
        nargs="+",
        default=[],
        help=_t(
            lang, "导入旧工具的 feishu_async_results_*.json", "import the older tool's feishu_async_results_*.json"
        ),
    )
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        type=whole_number(1, 36_500),
        help=_t(lang, "多少天算过期（log_retention_days）", "age in days to delete (log_retention_days)"),
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=_t(lang, "只看不做", "show what would be done, change nothing")
    )
    parser.add_argument("--config", metavar="FILE", help=_t(lang, "配置文件", f"configuration file ({CONFIG_FILE})"))
    parser.add_argument(
        "--tasks",
        metavar="FILE",
        help=_t(lang, "导入到这个任务文件（而不是飞书多维表格）", "import for this task file"),
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=_t(lang, "状态文件夹", "state"))
    parser.add_argument("--log-dir", metavar="DIR", default=LOG_DIR, help=_t(lang, "日志文件夹", f"logs ({LOG_DIR})"))
    return parser


def _report_parser(lang: str) -> CommandParser:
    parser = _new("cozebatch-tui report", "再看一个批次的结果。", "Show a run's results again.", lang)
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="last",
        help=_t(lang, "批次编号（见 runs；不写就是最近一次）", "a batch's id (see runs); the last one without it"),
    )
    parser.add_argument("--html", metavar="FILE", help=_t(lang, "写成带图表的网页", "write a page with charts"))
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help=_t(lang, "写成 Excel 能打开的表格（.csv，或 .xlsx）", "write a table for Excel (.csv, or .xlsx)"),
    )
    parser.add_argument("--state-dir", metavar="DIR", default=STATE_DIR, help=_t(lang, "状态文件夹", "state"))
    return parser


def _attach_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui attach",
        "打开正在运行的批次的界面：后台批次、没有画面的批次、别的窗口里的批次。关掉界面，批次接着跑。",
        "Open the screen of a batch that runs: in the background, headless, or in another window. Closing the screen "
        "leaves the batch running.",
        lang,
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=_t(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    return parser


def _serve_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui serve",
        "在浏览器里打开正在运行的批次的界面。只有这台机器能打开，链接里的令牌只能用一次。",
        "Show the screen of a running batch in a browser. Only this machine can open it; the token in the link works "
        "once.",
        lang,
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=_t(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=whole_number(1, 65535),
        default=0,
        help=_t(lang, "端口（默认随便一个空闲的）", "port (any that is free)"),
    )
    return parser


def _worker_parser(lang: str) -> CommandParser:
    parser = _new(
        "cozebatch-tui worker",
        "把这台机器借给合成集群：连到 dask 调度器，断开会自动重连，按 Ctrl-C 结束（docs/cluster.md）。",
        "Lend this machine to a cluster that makes films: connect to a dask scheduler, again and again, until Ctrl-C\n"
        "(docs/cluster.md).",
        lang,
    )
    parser.add_argument("address", metavar="ADDRESS", help=_t(lang, "调度器，tls://主机:8786", "tls://HOST:8786"))
    parser.add_argument(
        "--share",
        metavar="DIR",
        default=os.environ.get("COZEBATCH_SHARE"),
        help=_t(
            lang, "共享文件夹在这台机器上的位置（COZEBATCH_SHARE）", "the shared folder as seen here (COZEBATCH_SHARE)"
        ),
    )
    parser.add_argument(
        "--films",
        metavar="N",
        type=whole_number(1, MOST_SYNTHESIS),
        default=1,
        help=_t(lang, "同时合成几个（1）", "films at once (1)"),
    )
    parser.add_argument("--host", metavar="HOST", help=_t(lang, "在这个地址上接活", "address to listen on"))
    parser.add_argument("--name", metavar="NAME", help=_t(lang, "机器的名字", "what the machine is called"))
    for option, zh, en in (
        ("--tls-ca", "CA 证书", "certificate of the CA"),
        ("--tls-cert", "这台机器的证书", "certificate of this machine"),
        ("--tls-key", "证书的私钥", "key of that certificate"),
    ):
        parser.add_argument(option, metavar="FILE", help=_t(lang, f"{zh}（PEM）", f"{en} (PEM)"))
    parser.add_argument(
        "--insecure",
        action="store_true",
        help=_t(lang, "不加密也用（谁连上都能运行程序）", "without encryption (whoever connects can run programs)"),
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help=_t(lang, "这台机器的编号存在哪里", "where this machine's id is kept")
    )
    return parser


_PARSERS: Mapping[Command, Callable[[str], CommandParser]] = {
    "run": _run_parser,
    "init": _init_parser,
    "check": _check_parser,
    "runs": _runs_parser,
    "report": _report_parser,
    "attach": _attach_parser,
    "serve": _serve_parser,
    "worker": _worker_parser,
}
