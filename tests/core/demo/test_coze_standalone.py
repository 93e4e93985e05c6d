"""`python -m cozebatch.demo` serves the simulated services to other processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import pytest
from rich.cells import cell_len

from cozebatch.demo.__main__ import main
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.serving import serve


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child process is POSIX")
def test_the_services_run_until_interrupted() -> None:
    command = [sys.executable, "-m", "cozebatch.demo", "--coze-port", "0", "--feishu-port", "0", "--duration", "100"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        url = re.search(r"http://127\.0\.0\.1:\d+", "".join(lines))
        assert url is not None
        assert "pat_demo" in "".join(lines)
        assert f"先粘贴 {url[0]}" in "".join(lines), "the Chinese README sends its readers here"
        assert f"paste {url[0]}" in "".join(lines)
        run = {"workflow_id": WORKFLOW_ID, "is_async": True, "parameters": {"title": "一", "content": "说一说"}}
        started = httpx.post(f"{url[0]}/v1/workflow/run", json=run, headers={"Authorization": f"Bearer {TOKEN}"})
        assert started.json()["code"] == 0
        (execution,) = httpx.get(f"{url[0]}/_ledger").json()["tasks"]["一"]
        assert 60 <= execution["ends_at"] - execution["started_at"] <= 140
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert complaints == ""


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """Its exit code, and what it wrote."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return ended.value.code, out + err


def test_its_help_is_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, "--help")
    assert code == 0
    for option in ("--coze-port", "--feishu-port", "--duration", "--time-scale", "--concurrency", "--seed", "--help"):
        _, _, after = text.partition(f"{option} ")
        chinese, english = after.splitlines()[:2]
        assert re.search("[\u4e00-\u9fff]", chinese), option
        assert english.strip().isascii(), option
    assert max(map(cell_len, text.splitlines())) <= 80


async def nothing(scope: object, receive: object, send: object) -> None:
    """An application that nobody asks for anything."""


def test_a_port_that_is_taken_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(nothing) as url:
        code, text = told(capsys, "--coze-port", url.rpartition(":")[2])
    assert code == 2
    assert "没有启动 / not started: 已被占用 / " in text


@pytest.mark.parametrize("wrong", [("--coze-port", "99999"), ("--coze-prot", "1"), ("--duration", "x")])
def test_a_wrong_option_is_told_with_where_to_look(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, *wrong)
    assert code == 2
    assert wrong[0] in text
    assert "选项 / options: python -m cozebatch.demo --help" in text
