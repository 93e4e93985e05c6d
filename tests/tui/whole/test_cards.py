"""A Feishu group is told how a batch ended; a bot that is out of order changes nothing about the batch."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from cozebatch.demo.faults import Fault
from support.batches import Files
from support.raw_server import RawServer, raw_server, read_request, whole

SECRET = "hook-of-the-night-4711"


def configured(files: Files, server: RawServer) -> None:
    path = files.program.folder / "c.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    config["notify"] = {"feishu_webhook": f"{server.url}/bot/{SECRET}", "secret": "signed-with-this-one"}
    path.write_text(json.dumps(config), encoding="utf-8")


def test_one_card_tells_of_the_end_and_the_address_is_nowhere(files: Files) -> None:
    cards: list[dict[str, Any]] = []

    def answer(connection: socket.socket, server: RawServer) -> None:
        cards.append(json.loads(read_request(connection).partition(b"\r\n\r\n")[2]))
        connection.sendall(whole(b'{"code":0}'))

    files.write(["甲", "乙", "丙"])
    files.coze.set_faults(Fault(what="code", on="submit", match="乙", code=4105, message="<at id=all></at> no"))
    with raw_server(answer) as server:
        configured(files, server)
        found = files.run("tasks.csv", "--lang", "zh")
    assert found.code == 1, found.out + found.err
    assert [card["card"]["header"]["title"]["content"] for card in cards] == ["批次结束：tasks.csv"]
    shown = json.dumps(cards[0], ensure_ascii=False)
    assert "完成  2" in shown
    assert "失败  1" in shown
    assert cards[0]["sign"]
    everything = (
        found.out
        + found.err
        + "".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in files.program.folder.rglob("*")
            if path.is_file() and path.name != "c.json"
        )
    )
    assert SECRET not in everything
    assert "signed-with-this-one" not in everything


@pytest.mark.parametrize("answer", [b'{"code":19021,"msg":"sign match fail"}', b"<html>", b""])
def test_a_bot_that_refuses_is_logged_and_the_batch_is_as_good_as_ever(files: Files, answer: bytes) -> None:
    def treat(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(whole(answer) if answer else b"")

    files.write(["甲"])
    with raw_server(treat) as server:
        configured(files, server)
        found = files.run()
    assert found.code == 0, found.out + found.err
    assert "Feishu card" in found.out + found.err


def test_a_webhook_that_is_none_is_told_before_anything_is_paid(files: Files) -> None:
    files.write(["甲"])
    path = files.program.folder / "c.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for wrong in ("https://open.feishu.cn", "hook", 5):
        config["notify"] = {"feishu_webhook": wrong}
        path.write_text(json.dumps(config), encoding="utf-8")
        found = files.run()
        assert found.code == 2
        assert "notify.feishu_webhook" in found.err
    assert files.executions == 0
