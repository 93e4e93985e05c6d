"""`mode: command`, to the letter of docs/contract.md §5."""

# A test may block its own event loop.
# ruff: noqa: ASYNC240

from __future__ import annotations

import json
import locale
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media, Product
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process.command import run_command
from support.films import job, options

pytestmark = pytest.mark.anyio

Configured = Callable[..., SynthesisOptions]


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    def make(code: str, **changes: Any) -> SynthesisOptions:
        script = tmp_path / "make.py"
        script.write_text("import json, os, sys, time\n" + code, encoding="utf-8")
        command = (sys.executable, str(script), "a b; $(x)", "*")
        return options(tmp_path, mode="command", command=command, **changes)

    return make


async def run(configured: SynthesisOptions, media: Media | None = None) -> Product:
    done = await run_command(configured, job({"videoUrl": "http://x/y"}), media or Media({}))
    assert not list(configured.output_dir.glob(".cozebatch*"))
    return done


async def failing(configured: SynthesisOptions) -> StepError:
    with pytest.raises(StepError) as caught:
        await run_command(configured, job(), Media({}))
    assert not list(configured.output_dir.rglob("*"))
    return caught.value


async def test_it_gets_the_task_and_answers_with_a_film(configured: Configured, tmp_path: Path) -> None:
    chosen = configured(
        """
got = json.load(sys.stdin)
path = os.path.join(got["output_dir"], "film.mp4")
open(path, "w").write("film")
print("noise")
got["arguments"] = sys.argv[1:]
print(json.dumps({"video_path": path, "message": json.dumps(got, ensure_ascii=False)}))
print("   ")
"""
    )
    done = await run(chosen, Media({"video": "/m/v.mp4", "images": ("/m/1.png", "/m/2.png")}))
    assert done.video_path == str(tmp_path / "output" / "film.mp4")
    assert done.draft_path is None
    got = json.loads(done.message or "")
    assert got["task"]["task_id"] == "rec1"
    assert got["task"]["content"] == "你好。"
    assert got["output"] == {"videoUrl": "http://x/y"}
    assert got["media"] == {"video": "/m/v.mp4", "images": ["/m/1.png", "/m/2.png"]}
    assert got["output_dir"] == str(tmp_path / "output")
    assert got["arguments"] == ["a b; $(x)", "*"]


async def test_it_runs_in_an_empty_folder_without_our_secrets(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret-1")
    monkeypatch.setenv("COZE_API_TOKEN", "secret-2")
    code = 'print(json.dumps({"message": str(os.listdir(".")) + str(dict(os.environ))}))'
    done = await run(configured(code, secret_variables=("MY_TOKEN", "COZE_API_TOKEN")))
    assert done.message is not None
    assert done.message.startswith("[]")
    assert "secret-" not in done.message


async def test_what_it_leaves_in_its_folder_is_moved_out(configured: Configured, tmp_path: Path) -> None:
    code = """
open("film.mp4", "w").write("film")
os.mkdir("draft"); open("draft/x", "w").write("x")
print(json.dumps({"video_path": "film.mp4", "draft_path": "draft"}))
"""
    first, second = await run(configured(code)), await run(configured(code))
    assert first.video_path == str(tmp_path / "output" / "项目一" / "film.mp4")
    assert second.video_path == str(tmp_path / "output" / "项目一" / "film_2.mp4")
    assert first.draft_path is not None
    assert Path(first.draft_path, "x").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.stderr.write('the end of it\\n'); sys.exit(4)", "the end of it"),
        ("sys.stderr.write('x' * 15000 + 'the end of it\\n'); sys.exit(4)", "the end of it"),
        ("print('no json')", "JSON"),
        ("print('[1]')", "JSON"),
        ("", "JSON"),
        ("print(json.dumps({'video_path': 'nothing.mp4'}))", "nothing.mp4"),
        ("open('empty.mp4', 'w'); print(json.dumps({'video_path': 'empty.mp4'}))", "empty.mp4"),
    ],
)
async def test_a_failure_is_a_failed_synthesis_that_says_why(configured: Configured, code: str, said: str) -> None:
    error = await failing(configured(code))
    assert error.info.category is Category.SYNTHESIS
    assert said in error.info.message.en


async def test_what_is_printed_in_the_code_page_of_the_system_is_read(configured: Configured) -> None:
    """A program that knows nothing of UTF-8, here a Python that is told so, on a Chinese Windows or an English one."""
    text = "字幕" if locale.getencoding() == "cp936" else "é"
    code = f"""
sys.stdout.reconfigure(encoding={locale.getencoding()!r})
print(json.dumps({{"message": {text!r}}}, ensure_ascii=False))
"""
    assert (await run(configured(code))).message == text


async def test_out_of_time_is_told_with_the_end_of_stderr(configured: Configured) -> None:
    code = "sys.stderr.write('step 2 of 9'); sys.stderr.flush(); time.sleep(60)"
    error = await failing(configured(code, timeout=6.0 if sys.platform == "win32" else 0.8))
    assert error.info.category is Category.SYNTHESIS_TIMEOUT
    assert "step 2 of 9" in error.info.message.en


async def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    error = await failing(options(tmp_path, mode="command", command=("no-such-program-here",)))
    assert error.info.category is Category.SYNTHESIS
    assert "no-such-program-here" in error.info.message.en
