"""`init` as a process: the questions on stdout, the answers line by line on stdin, the real services simulated."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET
from cozebatch.demo.feishu_tables import CONTENT, READY
from cozebatch.settings import load_settings
from support.program import Program, kill
from support.setup_flow import Services, services


@pytest.fixture
def found() -> Iterator[Services]:
    with services() as served:
        yield served


def command(*options: str, lang: str = "zh") -> list[str]:
    return [sys.executable, "-m", "cozebatch_tui.cli", "init", "--lang", lang, "--config", "c.json", *options]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1", "COZEBATCH_SETTINGS": str(folder / "none.json"), **more}


def init(folder: Path, *lines: str, lang: str = "zh", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(lang=lang),
        cwd=folder,
        env=environment(folder, **env),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def lines(found: Services, *, base: str | None = None, rest: tuple[str, ...] = ()) -> list[str]:
    """Language, source, interface, token, workspace, workflow, base, app, secret, table; then `rest`."""
    table = f"{found.base}?table={CONTENT}" if base is None else base
    return ["zh", "1", found.coze.url, TOKEN, "2", "口播视频", table, APP_ID, APP_SECRET, *rest]


TO_THE_END = ("", "", "", "4", "", "")
"""Columns, tables by account, status, no films, in the file, write."""


def written(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "c.json").read_text(encoding="utf-8"))
    return value


def test_the_questions_in_chinese_lead_to_a_configuration_that_check_takes(tmp_path: Path, found: Services) -> None:
    done = init(tmp_path, *lines(found, rest=TO_THE_END))
    assert done.returncode == 0, done.stdout + done.stderr
    for sentence in (
        "── 3/10 令牌",
        "令牌有效（••••，站点 http://127.0.0.1",
        "工作流“口播视频”，5 个输入：content、title、digitalNo、voiceId、accountId",
        "数据表“视频任务”：9 个字段，20 条记录。",
        "content ← 仿写文案",
        "你有没有试过早起半…",
        f"要生成：{READY}",
        f"“{READY}”的记录现在有 20 条。",
        "没有问题（没有花钱）。",
        "已写入 c.json。",
        "先试 1 条（付费 1 次）：",
        "--config c.json --limit 1",
    ):
        assert sentence in done.stdout, done.stdout
    assert TOKEN not in done.stdout
    assert APP_SECRET not in done.stdout
    questions, _, _ = done.stdout.partition("已写入")
    assert max(cell_len(line) for line in questions.splitlines()) <= 80
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "c.json").stat().st_mode) == 0o600
    settings, warnings = load_settings(tmp_path / "c.json", env={}, need_feishu=True)
    assert warnings == []
    assert settings.tables is not None
    assert settings.tables.voice_table is not None
    assert settings.tables.voice_table.voice_id_field == "音色ID"
    checked = Program(tmp_path, found.coze.url).run("check", "--config", "c.json")
    assert checked.code == 0, checked.out
    assert "warn" not in checked.out
    assert found.coze.ledger().executions == {}
    assert found.feishu.writes == []
    assert not (tmp_path / ".cozebatch" / "setup.json").exists()


def test_one_real_film_follows_with_the_command_it_names(tmp_path: Path, found: Services) -> None:
    done = init(tmp_path, *lines(found, rest=TO_THE_END))
    named = re.search(r"（付费 1 次）：\s+\S+ (.*)", done.stdout)
    assert named is not None
    options = [option for option in named[1].split() if option != "cozebatch_tui"]
    ran = Program(tmp_path, found.coze.url).run(
        "--no-ui", "--poll-interval", "0.5", *options[options.index("--config") :]
    )
    assert ran.code == 0, ran.err
    assert len(found.coze.ledger().executions) == 1
    (execution,) = found.coze.ledger().executions.values()
    assert execution.parameters["voiceId"] == "zh_female_wanwan", "the account's own voice"


def test_wrong_answers_are_explained_and_asked_again(tmp_path: Path, found: Services) -> None:
    typed = [
        "zh",
        "9",
        "1",
        found.coze.url,
        "pat with spaces",
        "pat_wrong_and_long_enough",
        TOKEN,
        "2",
        "nothing like it",
    ]
    typed += [
        "口播视频",
        "https://acme.feishu.cn/docx/Abc",
        "https://acme.feishu.cn/drive/folder/Abc",
        found.base,
        "x y",
    ]
    typed += [APP_ID, "wrong_secret", APP_SECRET, "1", *TO_THE_END]
    done = init(tmp_path, *typed)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("!")]
    for part in ("空格", "不接受这个令牌", "一串数字", "文档", "云盘文件夹", "cli_a1b2c3d4e5"):
        assert any(part in line for line in told), (part, told)


def test_without_the_permission_for_a_list_it_asks_for_the_link_and_names_the_permission(tmp_path: Path) -> None:
    with services(CozeOptions(permissions=PERMISSIONS - {"listWorkspace", "listWorkflow"})) as found:
        link = f"https://www.coze.cn/work_flow?space_id=7&workflow_id={WORKFLOW_ID}"
        typed = ["zh", "1", found.coze.url, TOKEN, link, f"{found.base}?table={CONTENT}", APP_ID, APP_SECRET]
        done = init(tmp_path, *typed, *TO_THE_END)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "listWorkspace" in done.stdout
    assert written(tmp_path)["workflow_config"]["coze_config"]["workflow_id"] == WORKFLOW_ID


def test_back_leads_to_the_question_before(tmp_path: Path, found: Services) -> None:
    done = init(tmp_path, "zh", "2", "<", "1", *lines(found, rest=TO_THE_END)[2:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("任务在哪里") == 2


def test_answers_that_end_too_soon_are_kept_without_secrets_and_gone_on_with(tmp_path: Path, found: Services) -> None:
    done = init(tmp_path, *lines(found))
    assert done.returncode == 2
    assert "init" in done.stderr
    assert not (tmp_path / "c.json").exists()
    kept = (tmp_path / ".cozebatch" / "setup.json").read_text(encoding="utf-8")
    assert TOKEN not in kept
    assert APP_SECRET not in kept
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / ".cozebatch" / "setup.json").stat().st_mode) == 0o600
    again = init(tmp_path, "", "", TOKEN, "", "", "", "", APP_SECRET, *TO_THE_END)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "上次没做完" in again.stdout
    assert written(tmp_path)["tables"]["content_table"]["table_id"] == CONTENT
    assert not (tmp_path / ".cozebatch" / "setup.json").exists()


def test_a_file_that_cannot_be_written_costs_no_answer(tmp_path: Path, found: Services) -> None:
    (tmp_path / "c.json").mkdir()
    done = init(tmp_path, *lines(found, rest=TO_THE_END))
    assert done.returncode == 2
    assert "c.json 无法写入" in done.stderr
    assert "已回答的留着（密钥除外），再运行这个命令就接着做：\n" in done.stderr
    assert CONTENT in (tmp_path / ".cozebatch" / "setup.json").read_text(encoding="utf-8")


def test_nothing_answered_leaves_nothing_behind(tmp_path: Path) -> None:
    assert init(tmp_path, "zh").returncode == 2
    assert list(tmp_path.iterdir()) == []


def interrupted(folder: Path, found: Services, number: int | None) -> tuple[int, str]:
    """Ended by this signal, or killed, as soon as the workflow is chosen; its code and stdout."""
    with subprocess.Popen(
        command(),
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\n" for line in lines(found)[:6]))
        process.stdin.flush()
        kept = folder / ".cozebatch" / "setup.json"
        deadline = time.monotonic() + 30
        while not (kept.exists() and WORKFLOW_ID in kept.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        kill(process, number)
        out, _ = process.communicate(timeout=20)
        return process.returncode, out


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one child there")
def test_ctrl_c_keeps_what_was_answered_and_says_how_to_go_on(tmp_path: Path, found: Services) -> None:
    code, out = interrupted(tmp_path, found, signal.SIGINT)
    assert code == 130
    assert "再运行这个命令就接着做" in out
    assert "init --config c.json" in out
    assert "Traceback" not in out


def test_a_kill_loses_no_answer(tmp_path: Path, found: Services) -> None:
    interrupted(tmp_path, found, None)
    assert not (tmp_path / "c.json").exists()
    table = f"{found.base}?table={CONTENT}"
    done = init(tmp_path, "", "", TOKEN, "", "", table, APP_ID, APP_SECRET, *TO_THE_END)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bytes_that_are_no_text_are_a_wrong_answer(tmp_path: Path) -> None:
    done = subprocess.run(
        command(),
        cwd=tmp_path,
        env=environment(tmp_path),
        input=b"\xff\xfe\xb0\n" * 3,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_an_existing_configuration_is_the_proposal_and_is_kept(tmp_path: Path, found: Services) -> None:
    init(tmp_path, *lines(found, rest=TO_THE_END))
    config = written(tmp_path)
    config["workflow_config"]["max_retries"] = 7
    config["workflow_config"]["poll_interval"] = "soon"
    text = json.dumps(config, ensure_ascii=False).replace('"max_retries"', "“max_retries”", 1)
    (tmp_path / "c.json").write_text("// mine\n" + text, encoding="utf-8")
    done = init(tmp_path, *[""] * 16)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "poll_interval" in done.stdout
    assert "全角" in done.stdout
    assert (tmp_path / "c.json.bak").read_text(encoding="utf-8").startswith("// mine")
    after = written(tmp_path)
    assert after["workflow_config"].pop("max_retries") == 7
    del config["workflow_config"]["max_retries"], config["workflow_config"]["poll_interval"]
    assert after == config
    assert init(tmp_path, *[""] * 16).returncode == 0
    assert (tmp_path / "c.json.bak2").exists(), "what was kept is not replaced"


def test_an_existing_configuration_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("mine", encoding="utf-8")
    assert init(tmp_path).returncode == 2
    assert (tmp_path / "c.json").read_text(encoding="utf-8") == "mine"


def test_secrets_of_the_environment_need_no_answer_and_are_not_written(tmp_path: Path, found: Services) -> None:
    typed = lines(found, rest=("", "", "", "4", ""))
    typed[3] = typed[8] = ""
    done = init(tmp_path, *typed, COZE_API_TOKEN=TOKEN, FEISHU_APP_SECRET=APP_SECRET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "环境变量 COZE_API_TOKEN" in done.stdout
    config = written(tmp_path)
    assert config["workflow_config"]["coze_config"]["token"] == "${COZE_API_TOKEN}"
    assert config["api_config"]["app_secret"] == "${FEISHU_APP_SECRET}"


def test_tasks_of_a_file_are_mapped_and_the_commands_name_it(tmp_path: Path, found: Services) -> None:
    (tmp_path / "任务.csv").write_text("标题,content\n一,文案一\n", encoding="utf-8")
    done = init(tmp_path, "en", "2", found.coze.url, TOKEN, "2", "", "任务.csv", "", "4", "", "", lang="en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "任务.csv" in done.stdout.splitlines()[-1]
    parameters = written(tmp_path)["workflow_config"]["coze_config"]["parameters"]
    assert parameters == {"content": "content", "title": "title"}
    assert written(tmp_path)["task_file"] == {"columns": {"title": "标题"}}


def test_batches_in_the_background_are_offered_and_remembered(tmp_path: Path, found: Services) -> None:
    settings = tmp_path / "settings.json"
    done = init(tmp_path, *lines(found, rest=(*TO_THE_END[:-1], "2")), COZEBATCH_SETTINGS=str(settings))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(settings.read_text(encoding="utf-8"))["detach"] is True
    assert "detach" not in written(tmp_path)
    again = init(tmp_path, *[""] * 30, COZEBATCH_SETTINGS=str(settings))
    assert again.returncode == 0, again.stdout + again.stderr
    assert json.loads(settings.read_text(encoding="utf-8"))["detach"] is True, "what is proposed is what is so"
