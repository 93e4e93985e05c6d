"""Tiny real media made on the spot, and a file server that can misbehave on purpose."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from cozebatch.model.task import Task
from cozebatch.ports import Job
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg


@functools.cache
def ffmpeg_path() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def tool() -> Ffmpeg:
    return Ffmpeg(ffmpeg_path(), dict(os.environ))


def make(target: Path, *arguments: str) -> Path:
    """Run ffmpeg with `arguments` into `target`."""
    command = [ffmpeg_path(), "-hide_banner", "-v", "error", "-y", *arguments, str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


def codecs(path: Path) -> list[str]:
    """The codec of each stream."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(path), "-map", "0", "-c", "copy", "-f", "framecrc", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return [line.split(": ")[1] for line in said.splitlines() if line.startswith("#codec_id")]


def talking_head(
    target: Path, *, seconds: float = 2.0, size: str = "180x320", fps: str = "25", sound: str | None = "sine=440"
) -> Path:
    """A short film with a moving picture and (unless None) the lavfi source `sound`."""
    arguments = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps}"]
    if sound is not None:
        arguments += ["-f", "lavfi", "-i", sound]
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-t", str(seconds)]
    return make(target, *arguments, *x264)


def speech(target: Path, *, bursts: list[tuple[float, float]], seconds: float) -> Path:
    """Noise in the given (start, end) seconds and silence between: what a pause detector hears in speech."""
    on = "+".join(f"between(t,{start},{end})" for start, end in bursts) or "0"
    source = f"anoisesrc=a=0.4:c=pink:r=48000:seed=7,volume='{on}':eval=frame"
    return make(target, "-f", "lavfi", "-i", source, "-t", str(seconds))


def options(tmp_path: Path, **changes: Any) -> SynthesisOptions:
    """Options for a small, quick film below `tmp_path`."""
    facts: dict[str, Any] = {
        "mode": "video",
        "output_dir": tmp_path / "output",
        "media_dir": tmp_path / "media",
        "width": 180,
        "height": 320,
        "fps": 25,
        "timeout": 60.0,
        "allow_loopback": True,
        "workers": 2,
        "preset": "ultrafast",
        "crf": 30,
    }
    return SynthesisOptions(**{**facts, **changes})


def job(output: dict[str, Any] | None = None, **facts: Any) -> Job:
    task_facts: dict[str, Any] = {"task_id": "rec1", "title": "标题", "content": "你好。", "project_name": "项目一"}
    run = {"run_id": "run-1", "submitted_at": 1_700_000_000.0}
    run.update({name: facts.pop(name) for name in ("run_id", "submitted_at") if name in facts})
    return Job(task=Task(**{**task_facts, **facts}), output=output or {}, **run)  # type: ignore[arg-type]


class Progress:
    """Collects fractions."""

    def __init__(self) -> None:
        self.heard: list[float] = []

    def __call__(self, fraction: float) -> None:
        self.heard.append(fraction)


Handler = http.server.BaseHTTPRequestHandler


@dataclass
class FileServer:
    """Paths → bytes or a function that answers. `requests` holds (path, headers) as they came."""

    files: dict[str, bytes | Callable[[Handler], None]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(self, handler: Handler) -> None:
        self.requests.append((handler.path, dict(handler.headers.items())))
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
        elif callable(content):
            content(handler)
        else:
            send(handler, content)


def send(handler: Handler, content: bytes, *, etag: str = '"one"', cut_at: int | None = None) -> None:
    """Answer with `content`, honouring Range and If-Range; `cut_at` breaks the connection after that many bytes."""
    start = 0
    asked = handler.headers.get("Range", "")
    if asked and handler.headers.get("If-Range") == etag:
        start = int(asked.removeprefix("bytes=").split("-")[0])
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - start))
    handler.send_header("ETag", etag)
    handler.end_headers()
    body = content[start:]
    handler.wfile.write(body if cut_at is None else body[:cut_at])


@contextmanager
def serving() -> Iterator[FileServer]:
    served = FileServer()

    class Serve(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                served.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
