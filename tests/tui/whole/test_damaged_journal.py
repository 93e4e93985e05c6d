"""The real command on a journal that was really damaged: said, kept, rebuilt when wanted, nothing paid twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.message import MessageScreen
from cozebatch_tui.screen.screens.start import StartScreen
from support.program import BATCH, Program, kill, read_until
from support.ui import application, rows


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.6)) as served:
        yield served


def started(coze: RunningCoze) -> dict[str, int]:
    return {title: len(executions) for title, executions in coze.ledger().tasks.items()}


def damage(state: Path, how: str) -> None:
    journal = state / "journal.sqlite3"
    if how != "with its log":
        with closing(sqlite3.connect(journal)) as db:  # all of it into the one file
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = journal.read_bytes()
    middle = len(whole) // 4096 // 2 * 4096
    spoilt = {
        "zero bytes": b"",
        "truncated": whole[:middle],
        "garbage in the middle": whole[:middle] + b"\xa5" * 8192 + whole[middle + 8192 :],
        "with its log": b"",
    }[how]
    journal.write_bytes(spoilt)


@pytest.mark.parametrize("how", ["zero bytes", "truncated", "garbage in the middle", "with its log"])
def test_a_damaged_journal_is_said_and_gone_on_from_only_when_accepted(
    tmp_path: Path, coze: RunningCoze, how: str
) -> None:
    program = Program(tmp_path, coze.url).configure(max_coze_concurrent=3).tasks(9)
    with program.start(*BATCH, "--json") as process:
        lines = read_until(process, '"to": "done"', 3)
        kill(process)
        rest, _ = process.communicate(timeout=60)
    told = [json.loads(line) for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("}\n")]
    known = {event["task_id"] for event in told if event.get("to") == "running"}
    before = started(coze)
    damage(tmp_path / ".cozebatch", how)
    refused = program.batch()
    assert refused.code == 2
    assert "damaged" in refused.err
    assert "--yes" in refused.err
    assert started(coze) == before
    assert not list((tmp_path / ".cozebatch").glob("journal.damaged-*"))
    accepted = program.batch("--yes")
    assert accepted.code in (0, 1), accepted.err
    assert "rebuilt" in accepted.err
    assert list((tmp_path / ".cozebatch").glob("journal.damaged-*.sqlite3"))
    assert set(started(coze).values()) == {1}, "nothing is paid twice"
    statuses = program.statuses()
    for title in before:
        number = title.removeprefix("标题").removesuffix("号")
        assert statuses[f"t{number}"] in ("done", "held"), statuses
    assert program.batch().code in (0, 1)
    assert set(started(coze).values()) == {1}
    if how == "with its log":
        assert set(statuses.values()) <= {"done", "held"}
        assert {statuses[task_id] for task_id in known} == {"done"}, "the log of the file held everything"


@pytest.mark.anyio
@pytest.mark.parametrize("answer", ["n", "y"])
async def test_the_screen_asks_before_it_goes_on_from_a_rebuilt_journal(
    tmp_path: Path, coze: RunningCoze, answer: str
) -> None:
    async with application(tmp_path, coze, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "all done")
    journal = tmp_path / "state" / "journal.sqlite3"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) // 8192 * 4096])
    async with application(tmp_path, coze, rows(3), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the question")
        await screen.until(lambda: "damaged" in screen.text(), "what is wrong")
        await screen.press(answer)
        after = MessageScreen if answer == "n" else StartScreen
        await screen.until(lambda: isinstance(screen.app.screen, after), "what follows")
        if answer == "n":
            await screen.until(lambda: "or with --yes" in screen.text(), "the way on")
        await screen.press("q")
    kept = list((tmp_path / "state").glob("journal.damaged-*.sqlite3"))
    assert len(kept) == (answer == "y")
    assert set(started(coze).values()) == {1}
