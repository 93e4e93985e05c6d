"""The drive of the base, to which the films of finished rows are uploaded: it refuses, loses answers, forgets uploads
that were begun, and has no room for a while. The real uploads and film columns work on it, with real files.

It judges what it sees: no content is uploaded again that is on record as uploaded, no part again that is on record as
arrived, and a row that is told to be done shows the film of that very task, its cover and its place.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from unittest.mock import patch

import anyio
import anyio.lowlevel
import anyio.to_thread

from cozebatch.demo.feishu_media import MediaStore, form_of
from cozebatch.demo.feishu_model import Refusal
from cozebatch.feishu import film_upload
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.codes import NETWORK, meaning
from cozebatch.feishu.film_columns import FilmColumns
from cozebatch.feishu.film_upload import FilmUploads
from cozebatch.feishu.films_out import FilmsOut
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.task import Task
from cozebatch.ports import Medium, PutMedium
from support.simulated.coze import Life
from support.simulated.disk import Disk
from support.simulated.judge import Judge
from support.simulated.swarm import Fault

T = TypeVar("T")

COLUMNS = FilmColumns(cover="cover", film="film", film_link="link")
BLOCK = 16
"""Bytes of one part. A film here has several."""
NO_ROOM = 1061101
GONE = 1254303


@dataclass
class Drive:
    """All machines' drive. `faults` are asked for at each request."""

    rng: random.Random
    judge: Judge
    faults: Callable[[], frozenset[Fault]]
    folder: Path
    store: MediaStore = field(default_factory=lambda: MediaStore("base", block=BLOCK))
    films: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each film that was made, by its path."""
    refused: set[str] = field(default_factory=set)
    """Names of files that there was no room for."""
    shown: set[tuple[str, str]] = field(default_factory=set)
    """Machines, with names of files that they wrote into rows."""
    begun: dict[str, str] = field(default_factory=dict)
    """Names of files, by upload id."""
    disks: dict[str, Disk] = field(default_factory=dict)
    """Of the machines, as they are now."""
    no_room_until: float = 0.0

    def keep_film(self, machine: str, task: Task, execute_id: str) -> str:
        """Write the film of an execution, the same at each try; its path."""
        path = self.folder / machine / f"{task.task_id}-{execute_id}.mp4"
        path.parent.mkdir(exist_ok=True)
        content = f"the film of {execute_id} for {task.task_id}, made on {machine}".encode()
        path.write_bytes(content)
        self.films[str(path)] = hashlib.sha256(content).hexdigest()
        return str(path)

    async def take(self, line: DriveLine, what: str, content_type: str, body: bytes) -> Mapping[str, Any]:
        """Answer one request. Raises `FeishuError`."""
        line.life.require()
        given = form_of(content_type, body) if content_type.startswith("multipart") else json.loads(body)
        told = {
            key: value.decode("latin-1") if isinstance(value, bytes) else str(value) for key, value in given.items()
        }
        name = told.get("file_name") or self.begun.get(told.get("upload_id", ""), "")
        self._judge_request(line, what, name, told)
        await anyio.sleep(self.rng.uniform(0.05, 3.0))
        fate = self.rng.random() if Fault.FILMS_OUT in self.faults() else 1.0
        if fate < 0.08:
            raise FeishuError(NETWORK, wording="never arrived")
        self._draw(fate)
        try:
            if what != "upload_part" and anyio.current_time() < self.no_room_until and fate < 1.0:
                self.refused.add(name)
                raise Refusal(NO_ROOM, "file quota exceeded.", status=400)
            answer = self._answer(what, given)
        except Refusal as refusal:
            code, status = refusal.code, refusal.status
            raise FeishuError(meaning(code, status), code=code, status=status, wording=refusal.message) from None
        if what == "upload_prepare":
            self.begun[answer["upload_id"]] = name
        await anyio.sleep(self.rng.uniform(0.01, 3.0))
        if fate > 0.9 and fate < 1.0:
            raise FeishuError(NETWORK, wording="answer lost")
        return answer

    def _draw(self, fate: float) -> None:
        if 0.08 <= fate < 0.11:
            self.store.forget_open()
        elif 0.11 <= fate < 0.12:
            self.no_room_until = anyio.current_time() + self.rng.uniform(20, 400)

    def _answer(self, what: str, given: Any) -> Mapping[str, Any]:
        answers: Mapping[str, Callable[[Any], dict[str, Any]]] = {
            "upload_all": self.store.upload_all,
            "upload_prepare": self.store.prepare,
            "upload_part": self.store.part,
            "upload_finish": self.store.finish,
        }
        return answers[what](given)

    def _judge_request(self, line: DriveLine, what: str, name: str, told: Mapping[str, str]) -> None:
        on_disk = line.disk.media
        if what in ("upload_all", "upload_prepare"):
            known = on_disk.get((self._content_of(name), f"base/{told['parent_type']}"))
            if (line.machine, name) in self.shown or (known is not None and known.file_token):
                self.judge.blame(f"{line.machine}: {name} is uploaded again, a row shows it or it is on record")
        if what == "upload_part":
            arrived = [m.parts for m in on_disk.values() if m.upload_id == told["upload_id"]]
            if arrived != [int(told["seq"])]:
                self.judge.blame(
                    f"{line.machine}: part {told['seq']} of {name} is sent, on record as arrived: {arrived}"
                )

    def _content_of(self, name: str) -> str:
        """SHA-256 of the file of that name."""
        if name.endswith(".jpg"):
            return hashlib.sha256(_cover(name)).hexdigest()
        return next(sha256 for path, sha256 in self.films.items() if Path(path).name == name)

    def told_done(self, machine: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """A row is told to be done, and shows this. It must be its own film."""
        path = str(fields.get("result", ""))
        if path not in self.films:
            return  # none was made here
        wanted = {"film": (Path(path).name, self.films[path])}
        cover = f"{Path(path).stem}.jpg"
        wanted["cover"] = (cover, hashlib.sha256(_cover(cover)).hexdigest())
        for column, (name, sha256) in wanted.items():
            cell = fields.get(column)
            if cell is None:
                if name not in self.refused:
                    self.judge.blame(f"{machine}: {record_id} is done without its {column}, which there was room for")
                continue
            shown = [
                self.store.files[one["file_token"]].sha256 for one in cell if one["file_token"] in self.store.files
            ]
            if shown != [sha256] or len(cell) != 1:
                self.judge.blame(f"{machine}: the {column} of {record_id} is {cell}, not {name}")
            self.shown.add((machine, name))
            on_record = [m.file_token for m in self.disks[machine].media.values() if m.sha256 == sha256]
            if on_record != [one["file_token"] for one in cell]:
                self.judge.blame(f"{machine}: {record_id} shows {cell}, on record is {on_record}")
        if fields.get("link") != path:
            self.judge.blame(f"{machine}: {record_id} names {fields.get('link')}, its film is {path}")

    def films_out(self, machine: str, life: Life, disk: Disk, base: FeishuBase, wall: Callable[[], float]) -> FilmsOut:
        """The film columns of one process."""
        self.disks[machine] = disk
        line = DriveLine(self, machine, life, disk)

        async def keep(medium: Medium) -> None:
            await disk.journal.write(PutMedium(medium))

        async def is_link(name: str) -> bool:
            await base.columns("tbl")
            return False

        def cover_of(film: Path | None, draft: Path | None) -> bytes | None:
            return _cover(f"{film.stem}.jpg") if film is not None else None

        uploads = FilmUploads(cast(FeishuClient, line), base, disk.journal.medium, keep, wall)
        return FilmsOut(COLUMNS, uploads, cover_of, is_link)


@dataclass
class DriveLine:
    """One process's line to the drive; it has of `FeishuClient` what uploads call."""

    drive: Drive
    machine: str
    life: Life
    disk: Disk
    domain: str = "https://feishu.invalid"

    async def call(self, send: Callable[[Any], Awaitable[T]]) -> T:
        return await send(SimpleNamespace(tenant_access_token="t"))

    async def send(self, method: str, url: str, headers: Mapping[str, str], queries: None, body: bytes) -> Any:
        answer = await self.drive.take(self, url.rpartition("/")[2], headers["Content-Type"], body)
        return SimpleNamespace(value={"data": answer})


def _cover(name: str) -> bytes:
    return f"cover {name}".encode()


@contextmanager
def small_uploads() -> Iterator[None]:
    """Uploads in parts of a few bytes, and without threads, which take no part in virtual time."""
    with (
        patch.object(anyio.to_thread, "run_sync", _at_once),
        patch.object(film_upload, "AT_ONCE", BLOCK),
        patch.object(film_upload, "_BLOCK", range(1, 1024)),
    ):
        yield


async def _at_once(function: Callable[..., T], *arguments: Any, **_: Any) -> T:
    await anyio.lowlevel.checkpoint()
    return function(*arguments)
