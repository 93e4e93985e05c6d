"""What runs on a worker: the films, one for each thread of the dask worker, and the look at the machine before.

Both functions are called by name from the engine's machine, so they stay at the top level of this module. A film is
made on an event loop of this process's own; the dask thread waits for it and looks all the time whether it is still
wanted: when the engine, the scheduler or the connection is gone, ffmpeg is ended at once.
"""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.from_thread import BlockingPortal
from distributed import Worker, get_worker

from cozebatch.coze.output import pick
from cozebatch.model.check_item import CheckItem
from cozebatch.model.errors import Category, StepError, UsageError
from cozebatch.model.text import Text
from cozebatch.ports import Product
from cozebatch.synthesis.check import check_synthesis
from cozebatch.synthesis.cluster.job import PROTOCOL, Spec, options_at
from cozebatch.synthesis.cluster.paths import NotShared, from_shared, to_shared
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.scratch import sweep
from cozebatch.synthesis.subtitles import fonts
from cozebatch.synthesis.synthesizer import LocalSynthesizer

SHARE = "COZEBATCH_SHARE"
"""The environment variable that says how this machine sees the shared folder."""
MACHINE = "COZEBATCH_MACHINE"
"""The one with this machine's random id, which marks its scratch folders. Without it none is swept."""

LOOK = 0.2
"""Seconds between two looks whether a film is still wanted."""
REPORT = 0.5
"""Seconds between two reports of progress."""
UNWANTED = "cancelled"
"""Code of what comes of a film that nobody wants any more."""
_TO_UNWIND = 20.0
_KEPT = 2
_GONE = frozenset({"closing", "closed", "failed", "stopping", "stopped", "dont_reply", "undefined"})


def package_version() -> str:
    return importlib.metadata.version("cozebatch-tui")


def make(spec: Mapping[str, Any], topic: str, neighbours: Mapping[str, int]) -> dict[str, Any]:
    """Make one film; what became of it, as plain data. A failure is a value too: dask would log a raised one.

    `topic`: where start and progress are told. `neighbours`: worker → films that are made at once on its machine.
    """
    worker = get_worker()
    wanted = Spec.from_json(spec)
    key = wanted.key
    worker.log_event(topic, {"key": key, "started": str(worker.address)})
    tell = _Told(worker, topic, key)
    ended = threading.Event()
    films = int(worker.state.nthreads)
    processors = max(1, (os.cpu_count() or 1) * films // max(films, neighbours.get(worker.address, films)))
    film = _WORKSHOP.portal().start_task_soon(_film, wanted, processors, tell, ended)
    while not concurrent.futures.wait([film], LOOK).done:
        if not _is_wanted(worker, key):
            film.cancel()
            ended.wait(_TO_UNWIND)
            return {"error": _unwanted().info.to_json()}
    answer: dict[str, Any] = film.result()
    return {**answer, "worker": str(worker.address)}


def _is_wanted(worker: Worker, key: str) -> bool:
    """Whether the scheduler still wants it of us, and is there at all."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing" and worker.status.name not in _GONE


def _unwanted() -> StepError:
    return failure(Category.WORKER_CRASHED, "合成被取消", "the synthesis was cancelled", code=UNWANTED)


class _Told:
    """Sends progress on, at most twice a second."""

    def __init__(self, worker: Worker, topic: str, key: str) -> None:
        self._worker, self._topic, self._key = worker, topic, key
        self._last = -REPORT

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT:
            self._last = now
            self._worker.log_event(self._topic, {"key": self._key, "fraction": round(fraction, 3)})


@dataclass
class _Kept:
    synthesizer: LocalSynthesizer
    notes: list[Text]
    users: int = 0


class _Workshop:
    """The event loop of this process for films, and a synthesizer for each set of options that was used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._kept: dict[str, _Kept] = {}

    def portal(self) -> BlockingPortal:
        """The loop's thread is a daemon: a worker that is told to end must not wait for it."""
        with self._lock:
            if self._portal is None:
                ready: concurrent.futures.Future[BlockingPortal] = concurrent.futures.Future()
                threading.Thread(target=anyio.run, args=(_serve, ready), daemon=True, name="films").start()
                self._portal = ready.result()
            return self._portal

    async def take(self, spec: Spec, processors: int, share: str) -> _Kept:
        """The synthesizer for these options. Give it back with `give_back`. Raises `NotShared`, `UsageError`."""
        name = json.dumps([spec.options, processors], sort_keys=True)
        kept = self._kept.pop(name, None)
        if kept is None:
            options = options_at(spec.options, share, owner=os.environ.get(MACHINE, ""), processors=processors)
            notes: list[Text] = []
            kept = _Kept(LocalSynthesizer(options, pick=pick, on_note=notes.append), notes)
        self._kept[name] = kept  # the one used last stands last
        kept.users += 1
        return kept

    async def give_back(self, kept: _Kept) -> None:
        kept.users -= 1
        idle = [name for name, other in self._kept.items() if not other.users]
        for name in idle[: max(0, len(self._kept) - _KEPT)]:
            await self._kept.pop(name).synthesizer.aclose()


_WORKSHOP = _Workshop()


async def _serve(ready: concurrent.futures.Future[BlockingPortal]) -> None:
    async with BlockingPortal() as portal:
        ready.set_result(portal)
        await portal.sleep_until_stopped()


async def _film(spec: Spec, processors: int, tell: Callable[[float], None], ended: threading.Event) -> dict[str, Any]:
    try:
        share = _share()
        kept = await _WORKSHOP.take(spec, processors, share)
        try:
            made = await kept.synthesizer.synthesize(spec.job(), spec.media_at(share), tell)
            return _answer(made, share) | {"notes": [note.to_json() for note in kept.notes]}
        finally:
            kept.notes.clear()
            with anyio.CancelScope(shield=True):
                await _WORKSHOP.give_back(kept)
    except StepError as error:
        return {"error": error.info.to_json()}
    except UsageError as error:
        return {"error": failure(Category.SYNTHESIS, error.complaints[0].zh, error.complaints[0].en).info.to_json()}
    except NotShared:
        text = ("路径不在共享文件夹里", "a path is not in the shared folder")
        return {"error": failure(Category.SYNTHESIS, *text).info.to_json()}
    except Exception as error:  # noqa: BLE001 - dask would log its text, which may hold parts of a script
        name = type(error).__name__
        told = failure(Category.INTERNAL, f"合成进程内部错误：{name}", f"an internal error in synthesis: {name}")
        return {"error": told.info.to_json()}
    finally:
        ended.set()


def _answer(made: Product, share: str) -> dict[str, Any]:
    def travel(path: str | None) -> str | None:
        return None if path is None else to_shared(path, share)

    return {
        "video": travel(made.video_path),
        "draft": travel(made.draft_path),
        "message": made.message,
        "warnings": [warning.to_json() for warning in made.warnings],
    }


def _share() -> str:
    """How this machine sees the shared folder. Raises `StepError`."""
    share = os.environ.get(SHARE, "")
    if not share or not os.path.isabs(share):
        raise failure(
            Category.SYNTHESIS,
            f"这台机器没有说共享文件夹在哪里：启动时写明（{SHARE}）",
            f"this machine does not say where the shared folder is: start it with {SHARE}",
        )
    return share


async def examine(request: Mapping[str, Any]) -> dict[str, Any]:
    """What this machine is, and whether it can make the films of these options. Runs on the worker's own event loop.

    `request`: `protocol`, `version`, `options`, `probes` (files in the share) and `content` (what must stand in each).
    """
    found: dict[str, Any] = {"protocol": PROTOCOL, "version": package_version(), "problem": None, "items": []}
    if request["protocol"] != PROTOCOL or request["version"] != found["version"]:
        return found
    try:
        share = _share()
        options = options_at(request["options"], share, owner=os.environ.get(MACHINE, ""), processors=0)
        for travelling in request["probes"]:
            await _require_same(Path(from_shared(travelling, share)), request["content"], share)
    except StepError as error:
        return found | {"problem": error.info.message.to_json()}
    except NotShared as error:
        text = Text(f"路径不在共享文件夹里：{error.path}", f"a path is not in the shared folder: {error.path}")
        return found | {"problem": text.to_json()}
    await anyio.to_thread.run_sync(_sweep, options)
    await anyio.to_thread.run_sync(fonts.look_again_if_lacking)
    try:
        items = await check_synthesis(options)
    except UsageError as error:
        return found | {"problem": error.complaints[0].to_json()}
    return found | {"items": [_plain(item) for item in items]}


async def _require_same(probe: Path, content: str, share: str) -> None:
    """Raise `StepError` unless the engine's file is there with what it wrote into it."""
    try:
        is_same = await anyio.Path(probe).read_text(encoding="ascii") == content
    except (OSError, ValueError):
        is_same = False
    if is_same:
        return
    if not await anyio.Path(share).is_dir():
        raise failure(
            Category.SYNTHESIS,
            f"共享文件夹不在：{share}。在那里挂载好，或换个位置重新启动",
            f"its shared folder is not there: {share}. Mount it there, or start it again with its right place",
        )
    raise failure(
        Category.SYNTHESIS,
        f"看不到同一个文件夹：{probe.parent}。把共享文件夹挂载到那里，或换个位置重新启动",
        f"it does not see the same folder at {probe.parent}. Mount the shared folder there, or start it again with the "
        "right place",
    )


def _plain(item: CheckItem) -> list[Any]:
    return [item.level.value, item.subject.to_json(), item.text.to_json()]


def _sweep(options: SynthesisOptions) -> None:
    """Remove what a worker of this machine that was killed has left, before its films are begun again elsewhere."""
    folders = [options.output_dir] if options.mode != "draft" else []
    folders += [Path(options.draft_folder_path)] if options.draft_folder_path else []
    for folder in folders:
        try:
            sweep(folder, options.owner)
        except OSError:
            continue  # the check of the folder says what is wrong with it
