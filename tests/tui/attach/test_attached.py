"""Screens on a batch of another thread, over real sockets: they agree with it, and neither can harm the other."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import CozebatchError, UsageError
from cozebatch.model.event_json import board_to_json
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch_tui.attach import host as hosting
from cozebatch_tui.attach import link
from cozebatch_tui.attach.place import read_place
from cozebatch_tui.attach.remote import RemoteSession
from support.attached import PATIENCE, Screen, Served, attached, served, until
from support.ui import rows


def same(screen: Screen, found: Served) -> bool:
    """Whether the screen shows what the engine knows; clocks aside."""
    screen.model.pump()
    shown, known = screen.model.board, found.board
    heads = [board_to_json(board) for board in (shown, known)]
    for head in heads:
        del head["clock"], head["wall"], head["gauges"], head["counters"]
    return heads[0] == heads[1] and shown.rows == known.rows


def same_sums(screen: Screen, found: Served) -> bool:
    screen.model.pump()
    return screen.model.tally.to_json() == found.host._tally.to_json()


def test_a_screen_shows_what_the_engine_knows_and_follows_it(tmp_path: Path, coze: RunningCoze) -> None:
    with served(tmp_path, coze, rows(5)) as found, attached(found) as screen:
        assert screen.session.facts.title == "test"
        screen.until(lambda board: board.counts[State.DONE] == 5, "done")
        until(lambda: same(screen, found), "the same board")
        assert screen.model.tally.throughput(screen.model.board.clock)[-1] == 5
        assert screen.session.run_record.run_id == screen.model.board.run_id
    assert found.running.result().status == "finished"
    assert read_place(found.state) is None


def test_a_screen_that_comes_late_gets_log_and_sums(tmp_path: Path, coze: RunningCoze) -> None:
    with served(tmp_path, coze, rows(3)) as found, attached(found) as first:
        first.until(lambda board: board.counts[State.DONE] == 3, "done")
        with attached(found) as late:
            until(lambda: same(late, found), "the same board")
            assert {event.tag for event in late.model.log} >= {"run_started", "task_state"}
            until(lambda: same_sums(late, found), "the engine's sums")
            sums = [screen.model.tally.to_json() for screen in (late, first)]
            for of_screen in sums:
                del of_screen["usage"]  # the engine's is taken after each event, a screen's after each that it was sent
            assert sums[0] == sums[1]


def test_what_the_journal_has_of_a_task_is_read_from_afar(tmp_path: Path, coze: RunningCoze) -> None:
    with served(tmp_path, coze, rows(1)) as found, attached(found) as screen:
        screen.until(lambda board: board.counts[State.DONE] == 1, "done")
        there = screen.session.task_facts("t1").result(PATIENCE)
        assert there == found.session.task_facts("t1").result(PATIENCE)
        assert there.task.title == "标题1号"
        assert there.executions[0].status == "succeeded"
        with pytest.raises(CozebatchError, match="no task"):
            screen.session.task_facts("t9").result(PATIENCE)


def test_two_screens_and_a_rerun_of_the_same_row_pay_once(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(1)) as found, attached(found) as one, attached(found) as two:
        for screen in (one, two):
            screen.until(lambda board: board.counts[State.DONE] == 1, "done")
        seen = {"t1": one.model.board.rows["t1"].attempts}
        asked = [screen.session.rerun(seen) for screen in (one, two)]
        done = [future.result(PATIENCE) for future in asked]
        assert sorted(done) == [[], ["t1"]]
        one.until(lambda board: board.rows["t1"].attempts == 2 and board.counts[State.DONE] == 1, "again")
        assert two.session.rerun(seen).result(PATIENCE) == []
        with pytest.raises(UsageError):
            two.session.edit("t1", "x", "y", seen=seen["t1"]).result(PATIENCE)
    assert len(quick.ledger().executions) == 2


def test_two_screens_that_pause_at_once_pause(tmp_path: Path, slow: RunningCoze) -> None:
    with (
        served(tmp_path, slow, rows(3), max_coze_concurrent=1) as found,
        attached(found) as one,
        attached(found) as two,
    ):
        seen = one.model.board.pause_changes
        for screen in (one, two):
            screen.session.toggle_pause(paused=False, seen=seen).result(PATIENCE)
        assert list(found.board.paused) == ["operator"]
        for screen in (one, two):
            screen.until(lambda board: board.paused, "paused")
        assert one.session.change_limit(Stage.COZE, 1).result(PATIENCE) == 2
        assert two.session.change_limit(Stage.COZE, 1).result(PATIENCE) == 3


def test_what_a_trial_left_is_started_once_by_two_screens(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(4), trial=1) as found, attached(found) as one, attached(found) as two:
        one.until(lambda board: board.counts[State.DONE] == 1, "the trial")
        until(lambda: one.session.waiting == 3, "three wait")
        done = [screen.session.go_on() for screen in (one, two)]
        assert sorted(len(future.result(PATIENCE)) for future in done) == [0, 3]
        two.until(lambda board: board.counts[State.DONE] == 4, "all")
        until(lambda: two.session.waiting == 0, "none waits")
    assert len(quick.ledger().executions) == 4


def test_a_future_that_the_screen_gave_up_harms_nobody(tmp_path: Path, coze: RunningCoze) -> None:
    with served(tmp_path, coze, rows(2)) as found, attached(found) as screen:
        for _ in range(50):
            screen.session.usual_seconds().cancel()
        assert screen.session.takes_texts().result(PATIENCE) is False
        screen.until(lambda board: board.counts[State.DONE] == 2, "done")
        until(lambda: same(screen, found), "the same board")


def test_a_stop_from_a_screen_drains_and_its_code_is_told(tmp_path: Path, slow: RunningCoze) -> None:
    with served(tmp_path, slow, rows(2)) as found, attached(found) as screen:
        screen.until(lambda board: board.counts[State.RUNNING] == 2, "running")
        screen.session.stop().result(PATIENCE)
        end = screen.session.ended.result(PATIENCE)
    assert (end.code, end.lost) == (130, False)


def test_a_batch_with_a_screen_waits_so_that_failed_rows_can_be_retried(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="fail", code=9999, message="node broke"))
    with served(tmp_path, quick, rows(1), max_retries=0) as found:
        with attached(found) as screen:
            screen.until(lambda board: board.finished is not None, "ended")
            assert not found.running.done()
            quick.set_faults()
            assert screen.session.retry({"t1": 1}).result(PATIENCE) == []
            assert screen.session.retry({"t1": 1}, may_pay=True).result(PATIENCE) == ["t1"]
            screen.until(lambda board: board.counts[State.DONE] == 1, "done")
            assert screen.session.leave().result(PATIENCE) is True
            end = screen.session.ended.result(PATIENCE)
        assert end.code == 0
        assert found.running.result(PATIENCE).status == "finished"
    assert len(quick.ledger().executions) == 2


def test_a_screen_that_breaks_off_is_waited_for_and_then_the_batch_ends(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "GRACE", 0.5)
    with served(tmp_path, quick, rows(1)) as found:
        with attached(found) as screen:
            screen.until(lambda board: board.finished is not None, "ended")
        with pytest.raises(TimeoutError):  # it waits
            found.running.result(0.1)
        assert found.running.result(PATIENCE).status == "finished"


def test_without_a_screen_a_batch_ends_as_it_does(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(1)) as found:
        assert found.running.result(PATIENCE).status == "finished"


@pytest.mark.parametrize(
    "sent", [b"", b"\n", b"half a li", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b'{"nonce": 1}\n', b"\x16\x03\x01" * 50]
)
def test_who_sends_nonsense_is_closed_and_the_batch_goes_on(tmp_path: Path, coze: RunningCoze, sent: bytes) -> None:
    with served(tmp_path, coze, rows(2)) as found:
        with found.connect() as stranger:
            stranger.sendall(sent)
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(65536) == b""
        assert found.running.result(PATIENCE).status == "finished"


def test_a_line_without_an_end_costs_no_memory(tmp_path: Path, slow: RunningCoze) -> None:
    with served(tmp_path, slow, rows(1)) as found, found.connect() as stranger:
        sent = 0
        with suppress(OSError):  # reset or broken pipe, as the system has it
            while sent < 1 << 30:
                stranger.sendall(b"x" * 65536)
                sent += 65536
        assert sent < 16 << 20, "what the system buffers, not what the engine keeps"


def test_a_wrong_proof_is_answered_by_nothing(tmp_path: Path, slow: RunningCoze) -> None:
    with served(tmp_path, slow, rows(1)) as found, found.connect() as stranger:
        stranger.sendall(json.dumps({"nonce": "0" * 64, "protocol": 1, "version": "1"}).encode() + b"\n")
        stranger.recv(65536)
        stranger.sendall(json.dumps({"proof": hashlib.sha256(b"guess").hexdigest()}).encode() + b"\n")
        assert stranger.recv(65536) == b""


def test_more_screens_than_there_is_room_for_are_told(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "SCREENS", 2)
    with (
        served(tmp_path, slow, rows(1)) as found,
        attached(found),
        attached(found),
        RemoteSession([found.state]) as third,
        pytest.raises(UsageError, match="2 screens"),
    ):
        third.open()


def test_a_screen_that_missed_too_much_gets_a_fresh_snapshot(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "LEAST_QUEUE", 1)
    monkeypatch.setattr(link, "EVENTS_EVERY", 0.3)
    with served(tmp_path, quick, rows(20), max_coze_concurrent=20) as found, attached(found) as screen:
        screen.until(lambda board: board.counts[State.DONE] == 20, "done")
        until(lambda: same(screen, found), "the same board")
        assert screen.model.tally.throughput(screen.model.board.clock)[-1] == 20


def test_a_screen_that_takes_nothing_is_closed_and_slows_nobody(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cozebatch_tui.attach.wire.Lines.send.__defaults__", (0.5,))
    many = rows(200, title="长" * 2000)
    with served(tmp_path, quick, many, max_coze_concurrent=50) as found, attached(found) as screen:
        portal = screen.session._portal
        began = time.monotonic()
        portal.start_task_soon(time.sleep, 3.0)  # the connection's thread takes nothing meanwhile
        until(lambda: found.count(State.DONE) == 200, "all done")
        assert time.monotonic() - began < PATIENCE
        screen.until(lambda board: board.counts[State.DONE] == 200, "back again")
        until(lambda: same(screen, found), "the same board")


@pytest.mark.parametrize("seed", range(3))
def test_screens_that_come_and_go_at_random_change_nothing(tmp_path: Path, quick: RunningCoze, seed: int) -> None:
    rng = random.Random(seed)
    with served(tmp_path, quick, rows(100), max_coze_concurrent=12) as found:
        assert found.place
        while not found.running.done() and found.count(State.DONE) < 100:
            match rng.choice(("look", "cut", "leave")):
                case "look":
                    with suppress(UsageError), attached(found) as screen:
                        screen.until(lambda board: board.rows, "rows")
                        time.sleep(rng.random() / 10)
                case "cut":
                    with suppress(OSError), found.connect() as stranger:
                        stranger.sendall(b'{"nonce": "' + b"0" * rng.randint(0, 64))
                case "leave":
                    with suppress(UsageError), attached(found) as screen:
                        screen.session.leave().result(PATIENCE)
        with suppress(UsageError), attached(found) as last:  # refused where it has ended meanwhile
            last.until(lambda board: board.counts[State.DONE] == 100, "all done")
            until(lambda: same(last, found), "the same board")
            last.session.leave().result(PATIENCE)
        assert found.running.result(PATIENCE).status == "finished"
    assert len(quick.ledger().executions) == 100


@pytest.mark.parametrize(
    ("order", "given"),
    [
        ("format_disk", {}),
        ("rerun", {"seen": "all"}),
        ("rerun", {}),
        ("retry", {"seen": {"t1": None}, "may_pay": True}),
        ("edit", {"task_id": "t1"}),
        ("adopt", {"task_id": "../t1", "execute_id": "7"}),
        ("change_limit", {"stage": "moon", "step": 1}),
        ("poster", {"film": "/etc/passwd", "width": 10**9, "height": -1}),
    ],
)
def test_an_order_that_makes_no_sense_is_an_error_for_that_screen_alone(
    tmp_path: Path, slow: RunningCoze, order: str, given: dict[str, object]
) -> None:
    with served(tmp_path, slow, rows(1)) as found, attached(found) as screen:
        screen.until(lambda board: board.counts[State.RUNNING] == 1, "running")
        asked = screen.session._portal.start_task_soon(screen.session._connection.ask, order, given)
        if order == "poster":
            assert asked.result(PATIENCE) is None
        else:
            with pytest.raises(CozebatchError):
                asked.result(PATIENCE)
        assert screen.session.takes_texts().result(PATIENCE) is False
    assert len(slow.ledger().executions) == 1


def test_a_screen_that_dies_in_the_middle_of_an_order_pays_nothing(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(1)) as found, attached(found) as other:
        other.until(lambda board: board.counts[State.DONE] == 1, "done")
        with attached(found) as screen:
            lines = screen.session._connection._lines
            assert lines is not None
            screen.session._portal.call(lines._stream.send, b'{"id": 1, "do": "rerun", "with": {"seen": {"t1": 1}}')
        until(lambda: len(found.host._links) == 1, "it is gone")
        assert other.session.takes_texts().result(PATIENCE) is False
    assert len(quick.ledger().executions) == 1


def test_an_answer_that_cannot_be_sent_is_an_error_and_the_batch_goes_on(
    tmp_path: Path, coze: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def odd(*_: object) -> dict[str, object]:
        return {"ok": {1, 2}}

    with served(tmp_path, coze, rows(2)) as found, attached(found) as screen:
        with monkeypatch.context() as broken:
            broken.setattr("cozebatch_tui.attach.orders.answer", odd)
            with pytest.raises(CozebatchError):
                screen.session.usual_seconds().result(PATIENCE)
        assert screen.session.takes_texts().result(PATIENCE) is False
        screen.until(lambda board: board.counts[State.DONE] == 2, "done")
