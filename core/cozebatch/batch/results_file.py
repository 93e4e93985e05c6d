"""The results file (docs/contract.md §6): what a run came to, for people and other programs.

Written a task at a time, so that a large batch's outputs are never all in memory, into a temporary file that
appears under its name in one step.
"""

from __future__ import annotations

import io
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import anyio.to_thread

from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import make_folder, move_new, open_new, replace
from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.statistics import Statistics
from cozebatch.model.text import Lang
from cozebatch.model.timestamps import compact, iso
from cozebatch.ports import Journal, RunRecord

SCHEMA_VERSION = 1


def task_result(row: Row, output: dict[str, Any], lang: Lang) -> dict[str, Any]:
    """One task's entry; `output` is Coze's result as parsed."""
    result: dict[str, Any] = {
        "record_id": row.record_id,
        "title": row.title,
        "project_name": row.project_name,
        "status": row.state.value,
        "execute_id": row.execute_id,
        "debug_url": row.debug_url,
        "attempts": row.attempts,
        "submitted_at": iso(row.submitted_at),
        "coze_finished_at": iso(row.coze_finished_at),
        "finished_at": iso(row.finished_at),
        "coze_seconds": round(row.coze_seconds, 3),
        "synthesis_seconds": round(row.synthesis_seconds, 3),
        "tokens": row.tokens,
        "draft_path": row.draft_path,
        "video_path": row.video_path,
        "output": output,
        "error": row.error.to_json(lang) if row.error is not None else None,
    }
    if row.note is not None:
        result["note"] = row.note.in_(lang)
    return result


class ResultsWriter:
    """Writes a run's results file; a second writing by the same process replaces the first."""

    def __init__(
        self,
        folder: Path,
        *,
        journal: Journal,
        parse_output: Callable[[str], dict[str, Any]],
        mask: Callable[[str], str],
        lang: Lang,
    ) -> None:
        self._folder = folder.absolute()
        self._journal = journal
        self._parse_output = parse_output
        self._mask = mask
        self._lang: Lang = lang
        self._path: Path | None = None

    async def write(self, run: RunRecord, board: Board, status: str, statistics: Statistics, now: float) -> Path:
        """Write the file and return its absolute path. Raises `OSError`."""
        head = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run.run_id,
            "status": status,
            "started_at": iso(run.started_at),
            "finished_at": iso(now),
            "statistics": statistics.to_json(),
        }
        file, temporary = await anyio.to_thread.run_sync(self._begin, head)
        try:
            with file:
                rows = sorted(board.rows.values(), key=lambda row: row.position)
                for start in range(0, len(rows), 200):
                    chunk = rows[start : start + 200]
                    wanted = [row.execute_id for row in chunk if row.has_output and row.execute_id is not None]
                    outputs = await self._journal.outputs(wanted) if wanted else {}
                    await anyio.to_thread.run_sync(self._add, file, chunk, outputs, start == 0)
                await anyio.to_thread.run_sync(_end, file, not rows)
            return await anyio.to_thread.run_sync(self._appear, temporary, run, now)
        finally:
            with suppress(OSError):
                remove_file(temporary, self._folder)

    def _begin(self, head: dict[str, Any]) -> tuple[IO[str], Path]:
        """The caller closes the file."""
        make_folder(self._folder, self._folder)
        path = self._folder / f".results-{secrets.token_hex(6)}.tmp"
        file = io.TextIOWrapper(open_new(path, self._folder), encoding="utf-8", errors="replace", newline="\n")
        text = json.dumps(head, ensure_ascii=False, indent=2)
        file.write(self._mask(text.removesuffix("\n}")) + ',\n  "tasks": {')
        return file, path

    def _add(self, file: IO[str], rows: Sequence[Row], outputs: Mapping[str, str], first: bool) -> None:
        for row in rows:
            stored = outputs.get(row.execute_id or "") if row.has_output else None
            output = self._parse_output(stored) if stored is not None else {}
            entry = task_result(row, output, self._lang)
            file.write(("\n" if first else ",\n") + "    " + json.dumps(row.task_id, ensure_ascii=False) + ": ")
            text = json.dumps(entry, ensure_ascii=False, indent=2).replace("\n", "\n    ")
            file.write(self._mask(text))
            first = False

    def _appear(self, temporary: Path, run: RunRecord, now: float) -> Path:
        if self._path is not None:
            replace(temporary, self._path, self._folder)
            return self._path
        stem = f"{run.source_kind}_async_results_{compact(now)}"
        number = 1
        while True:
            path = self._folder / (f"{stem}.json" if number == 1 else f"{stem}_{number}.json")
            try:
                move_new(temporary, path, self._folder)
            except FileExistsError:
                number += 1
            else:
                self._path = path
                return path


def _end(file: IO[str], empty: bool) -> None:
    file.write("}\n}\n" if empty else "\n  }\n}\n")
    file.flush()
    os.fsync(file.fileno())
