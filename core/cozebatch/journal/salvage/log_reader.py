"""Reads runs and tasks from the log files, for a journal that is lost.

A log line is written after the journal's record, so an intact journal always knows at least as much. `run_line` makes
the line that starts a run. A task's move is recognized by the arrow between two state names, in the log's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cozebatch.model.stamped_files import LOG_FILES
from cozebatch.model.task import State
from cozebatch.ports import RunRecord

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) [A-Z]+ +(.*)")
_RUN = re.compile(r"- run_id=(\S+) kind=(feishu|file|demo) workflow=(\S*) source=(.+)")
_ENDED = re.compile(
    r"- (?:(?:run|batch) (finished|interrupted|stopped):"
    r"|(?:运行|批次)结束（(finished|interrupted|stopped|完成|中断|停止)）)"
)
"""Logs of earlier versions say `run`, `运行` and the English words."""
_FINISHED = frozenset({"finished", "完成"})
_EXECUTE_ID = re.compile(r"\bexecute_id=([0-9A-Za-z_-]+)")
_LONGEST_ID = 120
"""Characters of a task id in a log line; longer ids are cut."""


def run_line(run: RunRecord) -> str:
    """The line that a run logs at its start, so that it can be found again if the journal is lost."""
    return f"run_id={run.run_id} kind={run.source_kind} workflow={run.workflow_id} source={run.source_key}"


@dataclass(slots=True)
class Trace:
    """The last log entry of a task. Times are whole Unix seconds."""

    state: State
    at: float
    execute_id: str | None = None
    submitted_at: float | None = None
    executions: int = 0


@dataclass(slots=True)
class LoggedRun:
    run_id: str
    source_kind: str
    workflow_id: str
    source_key: str
    started_at: float
    finished: bool = False
    tasks: dict[str, Trace] = field(default_factory=dict)


@dataclass(slots=True)
class Logs:
    runs: dict[str, LoggedRun] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    """Execute ids in lines whose run or task could not be identified."""


def read_logs(folder: Path, words: Mapping[str, State]) -> Logs:
    """Read all logs of `folder`, oldest first. `words` maps the names used in them to states. Unreadable files are
    skipped."""
    names = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    move = re.compile(rf"(.+?) ({names}) -> ({names})(?:  (.*))?")
    logs = Logs()
    for path in sorted(folder.glob(LOG_FILES.pattern), key=lambda path: path.name):
        with suppress(OSError), path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            _read(lines, logs, move, words)
    return logs


def _read(lines: Iterable[str], logs: Logs, move: re.Pattern[str], words: Mapping[str, State]) -> None:
    current: LoggedRun | None = None
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\r\n"))
        if found is None:
            continue
        text = found[2]
        moved = move.fullmatch(text)
        if moved is not None:
            _note(logs, current, moved, _time(found[1]), words)
        elif begins := _RUN.fullmatch(text):
            run_id, kind, workflow_id, source_key = begins.groups()
            new = LoggedRun(run_id, kind, workflow_id, source_key, _time(found[1]))
            current = logs.runs.setdefault(run_id, new)
            current.finished = False
        elif current is not None and (ended := _ENDED.match(text)):
            current.finished = not _FINISHED.isdisjoint(ended.groups())


def _note(logs: Logs, run: LoggedRun | None, moved: re.Match[str], at: float, words: Mapping[str, State]) -> None:
    task_id, state = moved[1], words[moved[3]]
    found = _EXECUTE_ID.search(moved[4] or "") if state is State.RUNNING else None
    if run is None or len(task_id) >= _LONGEST_ID:
        if found is not None:
            logs.strays.append(found[1])
        return
    trace = run.tasks.setdefault(task_id, Trace(state, at))
    if state is State.SUBMITTING:
        trace.execute_id, trace.submitted_at = None, at
    if found is not None and found[1] != trace.execute_id:
        trace.execute_id = found[1]
        trace.executions += 1
    trace.state, trace.at = state, at


def _time(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").timestamp()
