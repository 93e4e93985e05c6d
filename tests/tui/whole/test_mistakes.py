"""Mistakes that people make: each is answered with its exit code and one sentence in the reader's language, with the
cure, and nothing is paid. Together with `test_checked_before_paying`, which needs a table, and `test_cli`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.model.text import Lang
from cozebatch_tui.cli import main

TASKS = [{"task_id": "t1", "title": "标题", "content": "文案"}]
RUN = ("--no-ui", "--config", "c.json", "--tasks", "tasks.json")
LANGS: tuple[Lang, ...] = ("zh", "en")

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def shared_coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        yield coze


@dataclass
class Folder:
    """A folder with a configuration and a task file, in which commands are typed."""

    path: Path
    coze: RunningCoze
    capsys: pytest.CaptureFixture[str]

    def configure(self, change: Change = lambda _: None, spell: Callable[[str], str] = lambda text: text) -> None:
        coze = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": self.coze.url}
        config = {"workflow_config": {"coze_config": coze, "poll_interval": 0.2, "synthesis": {"mode": "none"}}}
        change(config)
        (self.path / "c.json").write_text(spell(json.dumps(config, ensure_ascii=False)), encoding="utf-8")

    def type(self, lang: Lang, *typed: str) -> tuple[int | None, str]:
        """The exit code, and what was printed."""
        try:
            code: int | None = main([*typed, "--lang", lang])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else None
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def answers(self, typed: tuple[str, ...], zh: str, en: str, code: int = 2) -> None:
        """Both languages say their sentence; nothing is paid."""
        before = len(self.coze.ledger().executions)
        for lang, sentence in zip(LANGS, (zh, en), strict=True):
            left, printed = self.type(lang, *typed)
            assert sentence in printed
            assert left == code
            assert "Traceback" not in printed
        assert len(self.coze.ledger().executions) == before


@pytest.fixture
def folder(
    shared_coze: RunningCoze, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Folder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS, ensure_ascii=False), encoding="utf-8")
    folder = Folder(tmp_path, shared_coze, capsys)
    folder.configure()
    return folder


def coze(**keys: Any) -> Change:
    return lambda config: config["workflow_config"]["coze_config"].update(keys)


def workflow(**keys: Any) -> Change:
    return lambda config: config["workflow_config"].update(keys)


def synthesis(**keys: Any) -> Change:
    return lambda config: config["workflow_config"]["synthesis"].update(keys)


def top(**keys: Any) -> Change:
    return lambda config: config.update(keys)


def styled(**style: Any) -> Change:
    """Films with a style."""

    def change(config: dict[str, Any]) -> None:
        synthesis(mode="video")(config)
        config["template_config"] = style

    return change


OTHER_SITE = "https://www.coze.com/work_flow?space_id=1&workflow_id=7500000000000000001"


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        (
            coze(base_url="https://api.coze.cn/v1/workflow/run"),
            "网址里不能带路径，应为 https://api.coze.cn。",
            "should have no path: write https://api.coze.cn.",
        ),
        (coze(base_url="https://www.coze.cn"), "接口地址应为 https://api.coze.cn", "write https://api.coze.cn"),
        (coze(base_url="http://api.coze.cn"), "应以 https:// 开头", "should begin with https://"),
        (coze(base_url="api.coze.cn"), "base_url", "base_url"),
        (coze(token='"pat_abcdefghijklmnop"'), "前后多了引号", "stands in quotes of its own"),
        (coze(token="pat_abc defghijklmnop"), "第 8 个字符是空格", "character 8 is a space"),
        (coze(token="Bearer pat_abcdefghijklmnop"), "请去掉前面的 Bearer", "leave out the leading 'Bearer '"),
        (coze(token="你的令牌"), "还是模板里的示例文字", "is still the sample text"),
        (coze(token="${UNSET_TOKEN}"), "环境变量 UNSET_TOKEN 没有设置", "variable UNSET_TOKEN is not set"),
        (coze(token=""), "缺少扣子令牌", "the Coze token is missing"),
        (coze(workflow_id=""), "缺少工作流 ID", "the workflow id is missing"),
        (coze(workflow_id="我的工作流"), "只能有英文字母、数字", "may hold letters, digits"),
        (coze(base_url="https://api.coze.cn", workflow_id=OTHER_SITE), "是另一个站点的", "is of the other site"),
        (coze(bot_id="1", app_id="2"), "bot_id 和 app_id 只能写一个", "bot_id and app_id exclude each other"),
        (coze(parameters={"content": "contnet"}), "没有，是不是 content？", "did you mean content?"),
        (coze(parameters={"title": "title"}), "content", "requires inputs that are not sent: content"),
        (workflow(max_coze_concurrent="abc"), "应为 1 到 1000 的整数", "should be a whole number from 1 to 1000"),
        (workflow(max_coze_concurrent=0), "现在是 0，应为 1 到 1000", "is 0, should be a whole number"),
        (workflow(poll_interval="often"), "应为大于 0、不超过 3600 的数字", "should be a number above 0"),
        (workflow(max_retries=-1), "应为 0 到 20 的整数", "should be a whole number from 0 to 20"),
        (workflow(on_unknown_submit="resbmit"), "是否想写 resubmit？", "did you mean resubmit?"),
        (synthesis(mode="vidoe"), "是否想写 video？", "did you mean video?"),
        (synthesis(mode="draft"), "要写剪映草稿文件夹", "needs JianYing's draft folder"),
        (synthesis(mode="video", width=7), "应为 16 到 8192 的偶数", "should be an even number from 16 to 8192"),
        (synthesis(mode="video", background_music_volume=30), "应为 0 到 2 的数字", "should be a number from 0 to 2"),
        (synthesis(mode="video", background_music_path="no.mp3"), "背景音乐", "background music"),
        (synthesis(mode="video", output_dir="c.json"), "输出文件夹", "output folder"),
        (synthesis(mode="command"), "要写程序", "needs a program here"),
        (synthesis(mode="command", command=["no-such-program"]), "no-such-program", "no-such-program"),
        (top(notify={"feishu_webhook": "http://example.com/x"}), "应以 https:// 开头", "should begin with https://"),
        (top(log_retention_days=-1), "应为 1 到 36500 的整数", "should be a whole number from 1 to 36500"),
        (styled(title_color="redd"), "应为 #RRGGBB 形式的颜色", "#RRGGBB"),
        (top(workflow_config=[]), "workflow_config", "workflow_config"),
    ],
)
def test_a_wrong_value_names_its_place_and_the_right_one(folder: Folder, change: Change, zh: str, en: str) -> None:
    folder.configure(change)
    folder.answers(RUN, zh, en)


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        (workflow(max_coze_concurent=3), "是否想写 max_coze_concurrent？", "did you mean max_coze_concurrent?"),
        (styled(title_colr="#fff"), "title_color", "title_color"),
    ],
)
def test_what_does_no_harm_is_a_warning_with_the_nearest_name(folder: Folder, change: Change, zh: str, en: str) -> None:
    folder.configure(change)
    folder.answers(("check", "--config", "c.json", "--tasks", "tasks.json"), zh, en, code=0)


@pytest.mark.parametrize(
    ("spell", "zh", "en"),
    [
        (lambda text: text.replace('":', '"：', 1), "这里是全角的 ：", "： is a full-width sign"),
        (
            lambda text: text.replace('"workflow_config"', "“workflow_config”", 1),
            "这里是全角的 “，要改成半角的",
            "“ is a full-width sign",
        ),
        (lambda text: text.replace(",", "，", 1), "这里是全角的 ，", "， is a full-width sign"),
        (lambda text: text.replace("0.2", '"C:\\Users\\x"', 1), r"路径里的 \ 要写成 \\", "a backslash is not doubled"),
        (lambda text: text[:-1], "这里应有逗号或结束括号", "a comma or a closing bracket is missing here"),
        (lambda _: "", "文件是空的", "the file is empty"),
        (lambda _: " \n ", "文件是空的", "the file is empty"),
        (lambda _: "[]", "最外层应为对象", "the outermost value should be an object"),
        (lambda _: "PK\x03\x04", "第 1 行", "line 1"),
    ],
)
def test_a_misspelt_file_names_line_and_column(folder: Folder, spell: Callable[[str], str], zh: str, en: str) -> None:
    folder.configure(spell=spell)
    folder.answers(RUN, zh, en)


@pytest.mark.parametrize(
    ("name", "text", "zh", "en"),
    [
        ("f.csv", "title,script_x\na,b\n", "没有文案列", "there is no column with the scripts"),
        ("f.csv", "title,script_x\na,b\n", "task_file.columns.content", "task_file.columns.content"),
        ("f.csv", "我的任务表\ntitle,script\na,b\n", "没有文案列", "there is no column with the scripts"),
        ("f.csv", "title,content\na,#REF!\n", "#REF! 是错误值", "#REF! is an error value"),
        ("f.csv", "title,content,content\na,b,c\n", "只能留一个", "keep one"),
        ("f.json", json.dumps(TASKS * 2), "task_id t1 与第 1 行重复", "task_id t1 stands on line 1 already"),
        ("f.json", '[{"content": "x"', "第 1 行第 17 列：JSON 格式不对", "line 1: column 17: is no JSON"),
        ("f.json", "3", "应为任务的列表", "a list of tasks"),
        ("f.jsonl", '{"content": "x"}\nhello\n', "第 2 行", "line 2"),
        ("f.xls", "x", "任务文件应为 .json .jsonl .csv .xlsx 之一", "ends in one of .json .jsonl .csv .xlsx"),
        ("f.xlsx", "x", "旧的 .xls 请用 Excel 另存为 .xlsx", "save an old .xls as .xlsx"),
    ],
)
def test_a_task_file_that_cannot_be_used_is_told(folder: Folder, name: str, text: str, zh: str, en: str) -> None:
    (folder.path / name).write_text(text, encoding="utf-8")
    folder.answers((*RUN[:-1], name), zh, en)


@pytest.mark.parametrize(
    ("typed", "zh", "en"),
    [
        ((*RUN, "--include", "nope"), "--include 指定的任务不存在", "--include names tasks that the source does not"),
        ((*RUN, "--adopt", "t9=75001"), "--adopt 指定的任务不存在", "--adopt names tasks that the source does not"),
        ((*RUN, "--adopt", "t1=abc"), "查不到执行 abc，没有认领", "has no execution abc of this workflow"),
        ((*RUN, "--rerun", "t1"), "请加 --yes 确认", "confirm with --yes"),
        ((*RUN, "--fresh"), "请加 --yes 确认", "confirm with --yes"),
        ((*RUN, "--limit", "0"), "--limit 要填 1 到", "--limit takes a whole number"),
        ((*RUN, "--until", "25:00"), "--until 要写成时间，如 06:30", "--until takes HH:MM"),
        ((*RUN, "--max-executions", "0"), "--max-executions 要填 1 到", "--max-executions takes a whole number"),
        ((*RUN, "--max-coze", "100000"), "--max-coze 要填 1 到 1000", "--max-coze takes a whole number"),
        ((*RUN, "--maxcoze", "3"), "是不是 --max-coze？", "did you mean --max-coze?"),
        ((*RUN, "--state-dir", "c.json"), "请换一个 --state-dir", "choose another --state-dir"),
        ((*RUN, "--log-dir", "c.json"), "请换一个 --log-dir", "choose another --log-dir"),
        ((*RUN, "--results-dir", "c.json"), "请换一个 --results-dir", "Choose another --results-dir"),
        ((*RUN[:2], "d.json", *RUN[3:]), "是不是 c.json？", "did you mean c.json?"),
        ((*RUN[:-1], "task.json"), "是不是 tasks.json？", "did you mean tasks.json?"),
        (RUN[:3], "缺少飞书应用的配置", "the Feishu app is missing"),
        (("--no-ui",), "没有找到配置文件 configs/config.json", "There is no configuration at configs/config.json"),
        (("check", "--config", "d.json"), "是不是 c.json？", "did you mean c.json?"),
        (("report",), "还没有批次", "No batches yet"),
        (("report", "20200101_000000"), "还没有批次", "No batches yet"),
        (("runs", "--import", "no.json"), "导入需要配置", "An import needs the configuration"),
        (("start",), "多了一个词：start", "One word too many: start"),
        (("--no-ui", "check"), "子命令 check 要写在最前面", "The subcommand check comes first"),
    ],
)
def test_a_wrong_command_line_is_answered_with_the_right_one(
    folder: Folder, typed: tuple[str, ...], zh: str, en: str
) -> None:
    folder.answers(typed, zh, en)


def test_a_misspelt_exclude_is_told_before_the_task_is_paid_for(folder: Folder) -> None:
    told = (*RUN, "--exclude", "t1x", "--dry-run")
    folder.answers(
        told,
        "--exclude 里有来源没有的任务：t1x",
        "--exclude names tasks that the source does not have: t1x",
        code=0,
    )


def test_a_results_file_that_cannot_be_written_is_no_success(folder: Folder) -> None:
    assert folder.type("en", *RUN)[0] == 0
    (folder.path / "file").write_bytes(b"")
    code, printed = folder.type("zh", *RUN, "--results-dir", "file")
    assert "结果文件无法写入" in printed, "nothing was left to do, so that nothing was looked at before"
    assert code == 1


def test_long_dashes_and_wide_commas_are_taken_for_what_they_are(folder: Folder) -> None:
    code, printed = folder.type("zh", "—no-ui", *RUN[1:], "--include", "t1，", "--dry-run")
    assert code == 0
    assert "t1" in printed


@pytest.mark.parametrize(
    "option", ["--include", "--exclude", "--rerun", "--tasks", "--config", "--state-dir", "--results-dir", "--metrics"]
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_variable_that_is_not_set_does_not_start_every_task(folder: Folder, option: str, blank: str) -> None:
    folder.answers((*RUN, option, blank), f"{option} 后面写的是空的。", f"{option} is followed by nothing but blanks.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes lie in folders on POSIX only")
@pytest.mark.parametrize(
    "typed",
    [
        (*RUN[:-1], "pipe.json"),
        (*RUN[:-1], "pipe.xlsx"),
        (*RUN[:2], "pipe.json", *RUN[3:]),
        ("check", "--config", "pipe.json"),
    ],
)
def test_a_pipe_is_not_waited_for(folder: Folder, typed: tuple[str, ...]) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    for name in ("pipe.json", "pipe.xlsx"):
        os.mkfifo(folder.path / name)
    folder.answers(typed, "：不是普通文件。", "cannot be read: is no regular file.")


def test_links_that_lead_in_a_circle_are_told(folder: Folder) -> None:
    (folder.path / "round.csv").symlink_to("round.csv")
    folder.answers((*RUN[:3], "--tasks", "round.csv"), "round.csv", "round.csv")
