"""The command itself: what may be typed, what it costs to start, and what it says when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from cozebatch.demo.coze_server import serve_coze
from cozebatch_tui.cli import main
from cozebatch_tui.commands.options import parse
from cozebatch_tui.locale.choose import choose_lang
from cozebatch_tui.presentation.invocation import STARTED_AS
from support.program import BATCH, Program

HEAVY = ("textual", "rich", "httpx", "pydantic", "lark_oapi", "pyJianYingDraft", "uvicorn", "starlette", "asyncio")


OPTIONS = (
    *("--config", "--demo", "--tasks", "--no-ui", "--json", "--max-coze", "--max-synthesis", "--poll-interval"),
    *("--include", "--exclude", "--limit", "--dry-run", "--fresh", "--rerun", "--adopt", "--yes", "--no-save"),
    *("--state-dir", "--log-dir", "--results-dir", "--lang", "-v", "--verbose", "--version", "-h", "--help"),
)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    code = "from cozebatch_tui.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert loaded_by(code).isdisjoint(set(HEAVY) - {"rich"})  # of rich only `rich.cells`, which measures lines


def test_the_core_imports_no_user_interface() -> None:
    code = "import cozebatch.batch.preflight, cozebatch.feishu.source, cozebatch.files"
    assert loaded_by(code).isdisjoint({"textual", "trio", "cozebatch_tui"})


def test_a_headless_run_of_a_file_imports_neither_textual_nor_the_feishu_sdk(tmp_path: Path) -> None:
    with serve_coze() as coze:
        program = Program(tmp_path, coze.url).configure().tasks(0)
        script = (
            "import sys\nfrom cozebatch_tui.cli import main\n"
            f"code = main({[*BATCH, '--lang', 'en']!r})\n"
            "print(code, *sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=program.folder)
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0"
    assert set(modules).isdisjoint(
        {
            *("textual", "lark_oapi", "pyJianYingDraft", "uvicorn", "starlette", "trio", "click", "pygments"),
            *("dask", "distributed"),
        }
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_option_of_the_contract_is_in_the_help(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(["--help"], lang)
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for option in OPTIONS:
        assert option in shown


def test_several_ids_after_one_option_and_the_option_may_repeat() -> None:
    options = parse(["--include", "a", "b", "--no-ui", "--include", "c"], "en")
    assert options.include == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("typed", "execute_id"),
    [
        ("7500000000000000001", "7500000000000000001"),
        ("https://www.coze.cn/work_flow?execute_id=75001&space_id=1&workflow_id=2", "75001"),
    ],
)
def test_an_execution_may_be_named_by_its_id_or_its_debug_link(typed: str, execute_id: str) -> None:
    assert parse(["--adopt", f"t1={typed}"], "en").adopt == {"t1": execute_id}


@pytest.mark.parametrize(
    "typed",
    [["--max-coze", "0"], ["--limit", "x"], ["--poll-interval", "0"], ["--adopt", "t1"], ["--json"], ["--nope"]],
)
def test_what_makes_no_sense_is_exit_2(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(typed, "en")
    assert left.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "zh", "en"),
    [
        ("--limt 3", "没有 --limt 这个选项，是不是 --limit？", "There is no option --limt; did you mean --limit?"),
        ("--maxcoze 3", "是不是 --max-coze？", "did you mean --max-coze?"),
        ("--completely-unlike", "没有 --completely-unlike 这个选项。", "There is no option --completely-unlike."),
        (
            "--max-coze abc",
            "--max-coze 要填 1 到 1000 的整数，不是 abc。",
            "takes a whole number from 1 to 1000, not abc.",
        ),
        ("--max-coze 0", "要填 1 到 1000 的整数", "takes a whole number from 1 to 1000"),
        ("--max-coze 100000", "--max-coze 要填 1 到 1000 的整数，不是 100000。", "--max-coze takes a whole number"),
        ("--max-synthesis 65", "--max-synthesis 要填 1 到 64 的整数", "--max-synthesis takes a whole number"),
        ("--poll-interval often", "--poll-interval 要填大于 0、不超过 3600 的秒数", "--poll-interval takes seconds"),
        ("--limit", "--limit 后面要写一个值。", "--limit needs a value."),
        ("--include", "--include 后面要写至少一个值。", "--include needs at least one value."),
        ("--no-ui=1", "--no-ui 后面不用写值。", "--no-ui takes no value."),
        ("--lang de", "--lang 只能是 zh、en。", "--lang takes zh or en."),
        ("--no-ui check", "子命令 check 要写在最前面。", "The subcommand check comes first."),
        ("chek", "没有 chek 这个子命令，是不是 check？", "There is no subcommand chek; did you mean check?"),
        (
            "start",
            "多了一个词：start。子命令有：run init check runs report attach serve worker。",
            "One word too many: start. Subcommands:",
        ),
        ("runs --prune --import x", "--import 不能和 --prune 一起用。", "--import and --prune exclude each other."),
        ("--adopt t1", "--adopt 要写成 任务ID=执行ID，不是 t1。", "--adopt takes ID=EXECUTE_ID, not t1."),
        (
            "--adopt t1=75001 t1=75002",
            "--adopt 里任务 t1 出现两次，值不同，只留一个。",
            "--adopt names t1 twice, with different values; leave one of them.",
        ),
        (
            "--rerun t1 --adopt t1=75001",
            "任务 t1 不能同时用 --rerun 和 --adopt，只留一个。",
            "--rerun and --adopt both name t1; leave one of them.",
        ),
        (
            "--answer t1=A --rerun t2 t1",
            "任务 t1 不能同时用 --rerun 和 --answer，只留一个。",
            "--rerun and --answer both name t1; leave one of them.",
        ),
        ("--json", "--json 要和 --no-ui 一起用。", "--json needs --no-ui."),
        ("--demo --config c.json", "--demo 不能和 --config 一起用。", "--demo and --config exclude each other."),
    ],
)
def test_a_mistyped_command_is_answered_in_one_sentence_with_the_cure(
    typed: str, zh: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, sentence in (("zh", zh), ("en", en)):
        with pytest.raises(SystemExit) as left:
            parse(typed.split(), lang)
        assert left.value.code == 2
        first, second = capsys.readouterr().err.splitlines()
        assert first.startswith("cozebatch-tui: ")
        assert sentence in first
        assert "--help" in second


def test_long_dashes_and_commas_of_any_kind_are_understood() -> None:
    options = parse(["—no-ui", "–-include", "a,b，c、d", "——limit＝3", "--exclude", "x,", "y"], "zh")
    assert (options.no_ui, options.limit) == (True, 3)
    assert (options.include, options.exclude) == (["a", "b", "c", "d"], ["x", "y"])


def test_an_id_with_a_comma_stands_in_double_quotes() -> None:
    options = parse(["--include", '"a,b",c', "--exclude", '"d，e"', "--rerun", '"f;g"', "--yes"], "en")
    assert (options.include, options.exclude, options.rerun) == (["a,b", "c"], ["d，e"], ["f;g"])


def test_a_report_without_a_name_is_of_the_last_run() -> None:
    assert parse(["report"], "zh").run == "last"


def test_without_configuration_headless_names_the_two_ways_on(tmp_path: Path) -> None:
    done = Program(tmp_path, "").run("--no-ui")
    assert done.code == 2
    assert "init" in done.err
    assert "--demo" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_configuration_is_exit_2_with_all_that_is_wrong(tmp_path: Path) -> None:
    program = Program(tmp_path, "https://example.com").configure(max_retries=-1, poll_interval="often").tasks(1)
    done = program.batch()
    assert done.code == 2
    assert "max_retries" in done.err
    assert "poll_interval" in done.err
    assert program.token not in done.err


@pytest.mark.parametrize(
    ("asked", "env", "lang"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LC_ALL": "zh_TW", "LANG": "en_US"}, "zh"),
    ],
)
def test_the_language_is_what_was_asked_for_or_the_systems(asked: str | None, env: dict[str, str], lang: str) -> None:
    assert choose_lang(asked, env) == lang


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    done = Program(tmp_path, "").run("--version")
    assert done.code == 0
    assert done.out.startswith("cozebatch-tui ")


def test_results_are_one_json_document(tmp_path: Path) -> None:
    with serve_coze() as coze:
        program = Program(tmp_path, coze.url).configure().tasks(0)
        assert program.batch().code == 0
    assert json.dumps(program.results()["tasks"]) == "{}"


def test_the_package_runs_as_a_module_and_its_help_names_what_was_typed() -> None:
    command = [sys.executable, "-m", "cozebatch_tui", "--lang", "en"]
    typed = f"{Path(sys.executable).stem} -m cozebatch_tui"
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    assert shown.startswith(f"usage: {typed} ")
    wrong = subprocess.run([*command, "--nope"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "cozebatch-tui: There is no option --nope" in wrong.stderr
    assert f"All options: {typed} --help" in wrong.stderr


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("command", ["", "init", "check", "runs", "report", "attach", "serve", "worker"])
def test_help_fits_80_columns_and_names_the_command_as_it_was_started(
    command: str, lang: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv(STARTED_AS, "cozebatch.cmd")
    with pytest.raises(SystemExit):
        main([*command.split(), "--help", "--lang", lang])
    lines = capsys.readouterr().out.split("\n")
    assert lines[0].startswith(f"用法：cozebatch.cmd {command}".rstrip() if lang == "zh" else "usage: cozebatch.cmd")
    assert [line for line in lines if cell_len(line) > 80 and not line.endswith("config.template.jsonc")] == []
    if lang == "zh":
        assert [line for line in lines if line.endswith(":")] == []
