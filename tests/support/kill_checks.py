"""What must be true after a batch was killed several times and then came to its end, held against the services' own
ledgers (docs/contract.md §4 to §6)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cozebatch.demo.coze_ledger import Ledger, SimulatedExecution
from cozebatch.demo.coze_server import SimulatedCoze
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from support.program import Program
from support.witness import Submission, Witness

RUNNING = "生成中"

ANSWERS_IN = 5.0
"""Seconds within which an interrupt must end the process."""

TO_DISK = 2.0
"""Seconds an answer may be under way to the disk on a busy machine, when a kill comes in between."""

SEND_GRACE = 2.5
"""Seconds after a first interrupt until which an answer that comes is certainly still put down."""

ENDS = ("done", "failed", "held")


@dataclass
class Start:
    """One process of the batch. Times are monotonic seconds."""

    began: float
    abrupt: bool
    """It is ended without being asked: SIGKILL, or a second interrupt."""
    signalled: float | None = None
    number: int = 0
    ready: bool = False
    """It had its handlers in place when the signal came."""
    ended: float = 0.0
    code: int = 0
    lines: list[str] = field(default_factory=list)
    errors: str = ""
    hung: bool = False
    screen: bool = False
    """It had its screen: there are no events on stdout."""
    rerun: float | None = None
    """When a person asked for one more execution on it."""

    def says(self, event: str) -> bool:
        return any(f'"event": "{event}"' in line for line in self.lines)


@dataclass
class World:
    """The services, the program, and what was done to it. `titles`: task id → title."""

    coze: SimulatedCoze
    witness: Witness
    feishu: SimulatedFeishu | None
    program: Program
    titles: dict[str, str]
    limit: int
    max_retries: int
    request_timeout: float
    starts: list[Start] = field(default_factory=list)
    reruns: int = 0
    """Executions that a person asked for beyond one a task."""
    later: int = 0
    """Starts that were new runs: the one before had finished, or the file had another name."""

    def results(self) -> dict[str, dict[str, Any]]:
        """What the results files say of each task: the newest that did not skip it, if it had ended by then."""
        merged: dict[str, dict[str, Any]] = {}
        found = self.program.folder.glob("*_async_results_*.json")
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns):
            tasks = json.loads(path.read_text(encoding="utf-8"))["tasks"]
            ended = {t for t, facts in merged.items() if facts["status"] in ENDS}
            merged |= {t: facts for t, facts in tasks.items() if facts["status"] != "skipped" or t not in ended}
        return merged


@contextmanager
def journal_copy(folder: Path) -> Iterator[sqlite3.Connection]:
    """The journal as it lies on the disk. A copy: opening it here must not tidy up what a kill left."""
    with tempfile.TemporaryDirectory() as name:
        for path in (folder / ".cozebatch").glob("journal.sqlite3*"):
            shutil.copy(path, name)
        with closing(sqlite3.connect(Path(name) / "journal.sqlite3")) as connection:
            yield connection


def last_status(folder: Path) -> str | None:
    """How the newest run stands in the journal; None before there is one."""
    if not (folder / ".cozebatch" / "journal.sqlite3").exists():
        return None
    with journal_copy(folder) as journal:
        if journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone() is None:
            return None
        found = journal.execute("SELECT status FROM run ORDER BY place DESC LIMIT 1").fetchone()
    return None if found is None else str(found[0])


def violations(world: World) -> list[str]:
    """All that does not hold, a line each."""
    found = [*_starts(world)]
    if not found:
        ledger = world.coze.ledger()
        with journal_copy(world.program.folder) as journal:
            found += _account(world, ledger, journal)
        found += _tables(world)
    return [*found, *_left_behind(world.program.folder)]


def _starts(world: World) -> Iterator[str]:
    """Exit codes, and what an interrupt leaves."""
    if sys.platform == "win32":
        raise NotImplementedError
    for number, start in enumerate(world.starts, 1):
        what = f"start {number}"
        if start.hung:
            yield f"{what} hung: {start.errors[-500:]}"
            continue
        ended = start.says("run_finished") and start.code in (0, 1)
        if start.signalled is None:
            if start.code not in (0, 1):
                yield f"{what} ended by itself with {start.code}: {start.errors[-1500:]}"
        elif start.number == signal.SIGKILL:
            if start.code != -signal.SIGKILL and not ended:
                yield f"{what} was killed and ended with {start.code}"
        elif start.screen:
            if start.code not in (0, 1, 130) and start.ready:
                yield f"{what}, on the screen: ended with {start.code}: {start.errors[-1500:]}"
        elif start.ended - start.signalled > ANSWERS_IN:
            took, at = start.ended - start.signalled, start.signalled - start.began
            yield f"{what}: {signal.Signals(start.number).name} after {at:.2f} s took {took:.1f} s"
        elif not start.ready and not start.says("run_started"):
            continue  # Python itself was still starting: it ends as Python does
        elif start.code != 130 and not ended and not (start.says("run_finished") and start.code == -start.number):
            yield f"{what}: {signal.Signals(start.number).name} ended with {start.code}: {start.errors[-1500:]}"
        elif start.code == 130 and start.says("run_started") and not start.abrupt and not start.says("run_finished"):
            yield f"{what}: interrupted, and left without results"
    if last_status(world.program.folder) != "finished":
        yield f"the last start left the run {last_status(world.program.folder)}"


def _account(world: World, ledger: Ledger, journal: sqlite3.Connection) -> Iterator[str]:
    """Tasks, executions, results and figures against Coze's own ledger."""
    statistics = world.program.results()["statistics"]
    tasks = world.results()
    known = {e for (e,) in journal.execute("SELECT execute_id FROM execution WHERE execute_id IS NOT NULL")}
    runs = journal.execute("SELECT count(*) FROM run").fetchone()[0]
    if not 1 <= runs <= 1 + world.later:
        yield f"{runs} runs where one was to be continued, {world.later} begun"
    if set(tasks) != set(world.titles):
        yield f"the results name {sorted(set(tasks) ^ set(world.titles))} too many or too few"
        return
    for task_id, title in world.titles.items():
        for line in _task(world, title, tasks[task_id], ledger.tasks.get(title, []), known):
            yield f"{task_id}: {line}"
    flying = most_at_once(e for e in ledger.executions.values() if e.execute_id in known)
    unknown = len(ledger.executions.keys() - known)
    if flying > world.limit:
        yield f"{flying} known executions in flight, limit {world.limit}"
    if ledger.max_in_flight > world.limit + unknown:
        yield f"{ledger.max_in_flight} in flight, limit {world.limit}, {unknown} unanswered"
    counts = Counter(task["status"] for task in tasks.values())
    told = {status: statistics[status] for status in (*ENDS, "cancelled", "skipped", "pending")}
    if runs == 1 and (told != {s: counts[s] for s in told} or statistics["total_tasks"] != len(tasks)):
        yield f"the statistics say {told}, the tasks {dict(counts)}"
    requests, unsure = ledger.requests.get("submit", 0), sum(s.abrupt for s in world.starts) * world.limit
    if runs == 1 and not requests <= statistics["submissions"] <= requests + unsure:
        yield f"{statistics['submissions']} submissions told, Coze saw {requests}"


def _task(
    world: World, title: str, task: dict[str, Any], executions: list[SimulatedExecution], known: set[str]
) -> Iterator[str]:
    status, own = task["status"], {e.execute_id: e for e in executions}
    failed = [e for e in executions if e.outcome == "Fail" and e.execute_id in known]
    if status == "skipped" and world.later:
        status = "done"  # finished by an earlier run
    if status not in ENDS:
        yield f"ended as {status}"
    allowed = 1 + world.reruns + min(len(failed), (1 + world.max_retries) * (1 + world.later + world.reruns) - 1)
    if len(executions) > allowed:
        yield f"{len(executions)} executions, {len(failed)} of them reported as failed"
    doubtful = (status == "held") + world.reruns  # a held task may have been run again, and be held again
    if not len(executions) <= task["attempts"] <= len(executions) + doubtful:
        yield f"{task['attempts']} attempts told, {len(executions)} executions started"
    succeeded = [e for e in executions if e.outcome == "Success" and e.execute_id in known]
    no_film = status == "failed" and task["error"]["category"] in ("synthesis", "synthesis_timeout", "worker_crashed")
    rerun_failed = status == "failed" and bool(executions) and executions[-1].outcome == "Fail"
    asked_again = world.reruns > 0 and (status == "held" or rerun_failed)
    if succeeded and not (status == "done" or no_film or asked_again):
        yield f"{succeeded[-1].execute_id} succeeded and was known, but the task is {status}"
    if status == "done" or no_film:
        mine = own.get(task["execute_id"])
        if mine is None or mine.outcome != "Success":
            yield f"done with {task['execute_id']}, which is no success of its own"
        elif mine.execute_id not in json.dumps(task["output"]):
            yield f"the output of {mine.execute_id} is lost"
        elif status == "done" and task["video_path"]:
            film = Path(task["video_path"]).read_text(encoding="utf-8")
            if mine.execute_id not in film:
                yield f"its film is of {film}"
    if [e for e in executions if e.execute_id not in known] and status != "held" and not world.reruns:
        yield f"an execution that the program does not know of, but the task is {status}"
    if status == "held" and not _rightly_held(world, [s for s in world.witness.submissions() if s.title == title]):
        yield f"held without a reason: {task['error']}"


def _rightly_held(world: World, submissions: list[Submission]) -> bool:
    """Its last submission was not answered, or a process ended between its intent and the answer on disk."""
    abrupt = [start for start in world.starts if start.abrupt]
    if not submissions:
        return bool(abrupt)
    last = max(submissions, key=lambda submission: submission.arrived)
    if last.answered is None or last.answered - last.arrived > world.request_timeout - 0.3:
        return True
    if any(start.began < last.arrived <= start.ended and start.ended - TO_DISK <= last.answered for start in abrupt):
        return True
    # The next intent may never have become a request, that of a rerun either.
    if any(start.began > last.arrived or (start.rerun or 0.0) > last.arrived for start in abrupt):
        return True
    return any(
        start.signalled is not None and last.arrived <= start.ended and start.signalled + SEND_GRACE <= last.answered
        for start in world.starts
    )


def most_at_once(executions: Iterable[SimulatedExecution]) -> int:
    moments = sorted(m for e in executions for m in ((e.started_at, 1), (e.ends_at, -1)))
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


def _tables(world: World) -> Iterator[str]:
    """The status cells agree with the outcomes, and each was written once unless a process ended in between."""
    if world.feishu is None:
        return
    expected: dict[str, tuple[str, ...]] = {
        "done": (DONE,),
        "failed": (FAILED,),
        "held": (READY, RUNNING),
        "skipped": (DONE, FAILED),
    }
    if world.reruns:  # for a rerun that is held nothing is written: the table says what it said before
        expected["held"] += (DONE, FAILED)
    ends = sum(start.signalled is not None for start in world.starts)
    for task_id, task in world.results().items():
        cell = world.feishu.cell(CONTENT, task_id, "状态")
        if cell not in expected.get(task["status"], ()):
            yield f"{task_id} is {task['status']}, the table says {cell}"
        told = [
            str(write.fields["状态"])
            for write in world.feishu.writes
            if write.record_id == task_id and write.fields.get("状态") in (DONE, FAILED)
        ]
        if len(told) > 1 + ends + world.reruns or (len(set(told)) > 1 and not world.reruns):
            yield f"{task_id}: the table was told {told}"


def _left_behind(folder: Path) -> Iterator[str]:
    """No child process outlives the program by more than moments."""
    deadline = time.monotonic() + ANSWERS_IN
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, command in left:
        yield f"process {pid} was left behind: {command}"


def processes_in(folder: Path) -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            cwd = os.readlink(entry / "cwd")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if cwd.startswith(str(folder)):
            found.append((int(entry.name), command))
    return found
