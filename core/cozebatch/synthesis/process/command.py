"""`mode: command`: the user's own program makes the film (docs/contract.md §5).

It gets one JSON object on stdin and answers with one on the last line of stdout. It runs without a shell, in a
scratch folder of its own, without our secrets in its environment; with its time-out its whole process group goes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.writing import make_folder, move_new
from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import NOTHING
from cozebatch.ports import Job, Media, Product
from cozebatch.synthesis.failures import clean, failure, from_os_error
from cozebatch.synthesis.names import fitting_name
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process import process
from cozebatch.synthesis.process.process import Finished, OutOfTime
from cozebatch.synthesis.scratch import scratch

_MESSAGE = 1000
_INSIDE = 80
"""Characters for the name of the file that the program made."""


async def run_command(options: SynthesisOptions, job: Job, media: Media) -> Product:
    """Run the configured program for one task. Raises `StepError` (`synthesis`, `synthesis_timeout`,
    `worker_crashed`, `disk_full`)."""
    if not options.command:
        raise failure(Category.SYNTHESIS, "没有配置 synthesis.command", "synthesis.command is not configured")
    output_dir = options.output_dir.absolute()
    async with scratch(output_dir, options.owner) as home:
        request = home / "job.json"
        cwd = home / "work"
        last = ""

        def read_line(line: str) -> None:
            nonlocal last
            last = line if line.strip() else last

        try:
            cwd.mkdir()
            await anyio.to_thread.run_sync(_write_request, request, job, media, output_dir)
            done = await process.run(
                [_program(options.command[0]), *options.command[1:]],
                cwd=cwd,
                env=options.child_environment(),
                timeout=options.timeout,
                stdin=request,
                on_line=read_line,
            )
        except OutOfTime as late:
            detail = _end_of(late.stderr)
            raise failure(
                Category.SYNTHESIS_TIMEOUT,
                f"合成命令超过 {late.seconds:g} 秒未结束，已终止{'：' + detail if detail else ''}",
                f"the command did not end within {late.seconds:g} s and was killed{': ' + detail if detail else ''}",
            ) from None
        except OSError as error:
            raise from_os_error(error, Category.SYNTHESIS, output_dir) from error
        answer = _answer(done, last)
        try:
            return await anyio.to_thread.run_sync(_product, answer, job, cwd, output_dir)
        except OSError as error:
            raise from_os_error(error, Category.SYNTHESIS, output_dir) from error


def _program(name: str) -> str:
    """Make a relative path absolute: the program runs in the scratch folder, not where we were started."""
    return str(Path(name).absolute()) if os.path.dirname(name) else shutil.which(name) or name


def _write_request(path: Path, job: Job, media: Media, output_dir: Path) -> None:
    request = {
        "task": job.task.to_json(),
        "output": dict(job.output),
        "media": {name: list(f) if isinstance(f, tuple) else f for name, f in media.files.items()},
        "output_dir": str(output_dir),
    }
    path.write_text(json.dumps(request) + "\n", encoding="ascii")  # is UTF-8 too, and the same in every code page


def _answer(done: Finished, last: str) -> Mapping[str, Any]:
    if done.returncode != 0:
        raise _failed(done)
    try:
        answer = read_json(last)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        detail = _end_of(done.stderr)
        raise failure(
            Category.SYNTHESIS,
            f"合成命令没有在 stdout 最后一行输出 JSON 对象{'：' + detail if detail else ''}",
            f"the command's last line on stdout was no JSON object{': ' + detail if detail else ''}",
        )
    return answer


def _failed(done: Finished) -> StepError:
    detail = _end_of(done.stderr)
    category = Category.WORKER_CRASHED if done.crashed else Category.SYNTHESIS
    return failure(
        category,
        f"合成命令以状态 {done.returncode} 结束{'：' + detail if detail else ''}",
        f"the command ended with status {done.returncode}{': ' + detail if detail else ''}",
        code=str(done.returncode),
        hint=NOTHING,
    )


def _end_of(stderr: str) -> str:
    """The last characters of what a program wrote: its reason stands at the end."""
    line = clean(stderr, len(stderr) + 1)
    return line if len(line) <= _MESSAGE else "…" + line[-_MESSAGE:]


def _product(answer: Mapping[str, Any], job: Job, cwd: Path, output_dir: Path) -> Product:
    video = _result(answer, "video_path", job, cwd, output_dir)
    draft = _result(answer, "draft_path", job, cwd, output_dir)
    message = answer.get("message")
    return Product(video, draft, None if message is None else clean(str(message), _MESSAGE))


def _result(answer: Mapping[str, Any], key: str, job: Job, cwd: Path, output_dir: Path) -> str | None:
    """The absolute path that the command named. Checks that it exists; moves what lies in the scratch folder out."""
    value = answer.get(key)
    if value is None or value == "":
        return None
    path = Path(os.path.normpath(cwd / str(value)))
    # `os.path.exists` is False for a name that the system does not take; `Path.exists` would raise.
    if not os.path.exists(path) and not Path(str(value)).is_absolute():
        path = Path(os.path.normpath(output_dir / str(value)))
    if not os.path.exists(path) or (path.is_file() and path.stat().st_size == 0):
        raise failure(
            Category.SYNTHESIS,
            f"合成命令报告的 {key} 不存在或为空：{clean(str(value))}",
            f"the command reported a {key} that does not exist or is empty: {clean(str(value))}",
        )
    return str(_move_out(path, job, output_dir) if path.is_relative_to(cwd) else path)


def _move_out(path: Path, job: Job, output_dir: Path) -> Path:
    folder = output_dir / fitting_name(job.task.project_name or job.task.task_id, str(output_dir), room=_INSIDE)
    make_folder(folder, output_dir)
    stem, suffix = (path.stem, path.suffix) if path.is_file() else (path.name, "")
    number = 1
    while True:
        target = folder / f"{stem if number == 1 else f'{stem}_{number}'}{suffix}"
        try:
            move_new(path, target, output_dir)
        except FileExistsError:
            number += 1
        else:
            return target
