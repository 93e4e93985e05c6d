"""The options of a batch, and the checks on them that need more than one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import NamedTuple

from cozebatch.coze.debug_link import execute_id_of
from cozebatch.model.default_paths import CONFIG_FILE, LOG_DIR, STATE_DIR, shipped
from cozebatch.model.id_list import ids_of
from cozebatch.model.limits import LONGEST_POLL_INTERVAL, MOST_COZE, MOST_SYNTHESIS
from cozebatch_tui.commands.new_parser import new_parser, said
from cozebatch_tui.commands.parser import CommandParser, next_time, seconds, whole_number


def run_parser(lang: str) -> CommandParser:
    parser = new_parser(
        "run",
        "批量运行扣子工作流，并在本机合成视频。\n\n" + _subcommands(lang),
        "Run Coze workflows in batches, and put the films together on this machine.\n\n" + _subcommands(lang),
        lang,
    )
    parser.epilog = _template(lang)
    source = parser.add_argument_group(said(lang, "任务来源", "where tasks come from"))
    source.add_argument(
        "--config", metavar="FILE", help=said(lang, f"配置文件（{CONFIG_FILE}）", f"configuration file ({CONFIG_FILE})")
    )
    source.add_argument("--demo", action="store_true", help=said(lang, "演示，不需要账号", "demo, needs no account"))
    source.add_argument(
        "--tasks",
        metavar="FILE",
        help=said(lang, "从文件读任务：.json .jsonl .csv .xlsx", "tasks from a local file instead of Feishu"),
    )
    choice = parser.add_argument_group(said(lang, "选择任务", "which tasks"))
    for option, zh, en in (
        ("--include", '只跑这些任务；ID 带逗号就写成 "a,b"', 'only these tasks; an ID with a comma as "a,b"'),
        ("--exclude", "不跑这些任务", "all but these"),
        ("--rerun", "付费重做这些任务", "start a new execution for these (paid)"),
    ):
        choice.add_argument(option, metavar="ID", nargs="+", action="extend", default=[], help=said(lang, zh, en))
    choice.add_argument(
        "--adopt",
        metavar="ID=EXECUTE_ID",
        nargs="+",
        action="extend",
        default=[],
        help=said(lang, "认领已有的执行（免费）", "follow this execution (free)"),
    )
    choice.add_argument(
        "--answer",
        metavar="ID=TEXT",
        nargs="+",
        action="extend",
        default=[],
        help=said(lang, "答复工作流的提问，接着做（免费）", "answer a workflow's question; it goes on, free"),
    )
    choice.add_argument(
        "--reuse",
        action="store_true",
        help=said(
            lang,
            "同样的输入 7 天内付过费，就用那次的结果（免费）",
            "use results of the last 7 days for equal input (free)",
        ),
    )
    choice.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000_000), help=said(lang, "最多 N 个任务", "at most N tasks")
    )
    choice.add_argument(
        "--fresh",
        action="store_true",
        help=said(lang, "忽略以前已付费的结果，重新付费", "ignore what was already paid for (paid)"),
    )
    choice.add_argument(
        "--dry-run", action="store_true", help=said(lang, "只看会跑哪些、付费几次", "show what would run and cost")
    )
    how = parser.add_argument_group(said(lang, "怎样跑", "how to run"))
    how.add_argument(
        "--max-coze",
        metavar="N",
        type=whole_number(1, MOST_COZE),
        help=said(lang, "扣子并发上限（16）", "executions in flight (16)"),
    )
    how.add_argument(
        "--max-synthesis",
        metavar="N",
        type=whole_number(1, MOST_SYNTHESIS),
        help=said(lang, "合成并发上限（4）", "synthesis workers (4)"),
    )
    how.add_argument(
        "--poll-interval",
        metavar="S",
        type=seconds(LONGEST_POLL_INTERVAL),
        help=said(lang, "最长多少秒查一次（30）", "longest wait between checks, seconds (30)"),
    )
    how.add_argument(
        "--until",
        metavar="HH:MM",
        type=next_time,
        help=said(lang, "到点停止提交，已提交的做完", "stop submitting then, finish what runs"),
    )
    how.add_argument(
        "--max-executions",
        metavar="N",
        type=whole_number(1, 10_000_000),
        help=said(lang, "最多 N 次新执行，重试也算", "at most N new executions, retries included"),
    )
    how.add_argument("--no-ui", action="store_true", help=said(lang, "没有画面，一行一条消息", "headless"))
    how.add_argument(
        "--detach",
        action="store_true",
        help=said(lang, "在后台运行，用 attach 看界面", "run in the background; see it with attach"),
    )
    how.add_argument("--handover", action="store_true", help=argparse.SUPPRESS)  # commands/handover.py
    how.add_argument(
        "--json",
        action="store_true",
        help=said(lang, "与 --no-ui 同用：每行一个 JSON 事件", "with --no-ui: one JSON event a line"),
    )
    how.add_argument(
        "--yes", action="store_true", help=said(lang, "所有确认都回答“是”", "answer yes to every confirmation")
    )
    files = parser.add_argument_group(said(lang, "文件", "files"))
    how.add_argument(
        "--allow-sleep",
        action="store_true",
        help=said(
            lang, "运行中允许电脑睡眠（默认保持唤醒）", "let the computer sleep meanwhile (kept awake otherwise)"
        ),
    )
    files.add_argument(
        "--metrics",
        metavar="FILE",
        help=said(lang, "每 15 秒写一次指标，Prometheus 文本格式", "figures in Prometheus' text format, each 15 s"),
    )
    files.add_argument("--no-save", action="store_true", help=said(lang, "不写结果文件", "write no results file"))
    files.add_argument(
        "--state-dir", metavar="DIR", help=said(lang, f"状态文件夹（{STATE_DIR}）", f"state ({STATE_DIR})")
    )
    files.add_argument(
        "--log-dir", metavar="DIR", default=LOG_DIR, help=said(lang, f"日志文件夹（{LOG_DIR}）", f"logs ({LOG_DIR})")
    )
    files.add_argument("--results-dir", metavar="DIR", default=".", help=said(lang, "结果文件夹（.）", "results (.)"))
    return parser


def check_run(parser: CommandParser, options: argparse.Namespace, lang: str) -> None:
    if options.demo and options.config:
        parser.error(said(lang, "--demo 不能和 --config 一起用。", "--demo and --config exclude each other."))
    if options.json and not options.no_ui:
        parser.error(said(lang, "--json 要和 --no-ui 一起用。", "--json needs --no-ui."))
    if options.detach and (options.dry_run or options.json):
        parser.error(
            said(lang, "--detach 不能和 --dry-run、--json 一起用。", "--detach excludes --dry-run and --json.")
        )
    for name in ("include", "exclude", "rerun"):
        setattr(options, name, ids_of(getattr(options, name)))
    options.adopt = _named_once(parser, lang, options.adopt, _ADOPT)
    options.answer = _named_once(parser, lang, options.answer, _ANSWER)
    named = {"--rerun": options.rerun, "--adopt": options.adopt, "--answer": options.answer}
    for (one, of_one), (other, of_other) in combinations(named.items(), 2):
        for task_id in of_one:
            if task_id in of_other:
                parser.error(
                    said(
                        lang,
                        f"任务 {task_id} 不能同时用 {one} 和 {other}，只留一个。",
                        f"{one} and {other} both name {task_id}; leave one of them.",
                    )
                )


class _Pair(NamedTuple):
    """An option that takes ID=VALUE, how that is written, and what makes a value of what was typed."""

    option: str
    zh: str
    en: str
    read: Callable[[str], str]


def _unless_blank(text: str) -> str:
    return text if text.strip() else ""


_ADOPT = _Pair("--adopt", "任务ID=执行ID", "ID=EXECUTE_ID", execute_id_of)
_ANSWER = _Pair("--answer", "任务ID=答复", "ID=TEXT", _unless_blank)


def _named_once(parser: CommandParser, lang: str, pairs: Iterable[str], kind: _Pair) -> dict[str, str]:
    """What is named for each task, which must be one thing."""
    named: dict[str, str] = {}
    for pair in pairs:
        task_id, _, typed = pair.partition("=")
        value = kind.read(typed)
        if not (task_id and value):
            parser.error(
                said(
                    lang,
                    f"{kind.option} 要写成 {kind.zh}，不是 {pair}。",
                    f"{kind.option} takes {kind.en}, not {pair}.",
                )
            )
        if named.setdefault(task_id, value) != value:
            parser.error(
                said(
                    lang,
                    f"{kind.option} 里任务 {task_id} 出现两次，值不同，只留一个。",
                    f"{kind.option} names {task_id} twice, with different values; leave one of them.",
                )
            )
    return named


_DOES = (
    ("init", "生成配置", "write a configuration"),
    ("check", "检查配置，不提交任务", "check a configuration, submit nothing"),
    ("runs", "以前的批次；导入、清理", "earlier batches; import, cleaning"),
    ("report", "一个批次的结果", "the outcome of a batch"),
    ("attach", "连接正在运行的批次", "the screen of a batch that runs"),
    ("serve", "网页界面", "the same in a browser"),
    ("worker", "帮别的机器合成", "make films for another machine"),
)


def _subcommands(lang: str) -> str:
    title = said(lang, "子命令（选项见 子命令 --help）：", "subcommands (their options: SUBCOMMAND --help):")
    return "\n".join([title, *(f"  {name:<8}{said(lang, zh, en)}" for name, zh, en in _DOES)])


def _template(lang: str) -> str | None:
    """Where the commented example of a configuration lies."""
    path = shipped("config.template.jsonc")
    return None if path is None else said(lang, f"配置模板：{path}", f"Template of a configuration: {path}")
