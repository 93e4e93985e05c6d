"""`python -m cozebatch.demo` serves the simulated services to other processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import pytest

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID


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
