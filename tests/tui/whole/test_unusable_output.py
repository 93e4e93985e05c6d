"""A paid execution whose output cannot be had, or says nothing, is not told as done, and is not paid again."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.demo.faults import Fault
from support.batches import Files

TRIMMED = (Fault(what="trimmed"), Fault(what="code", code=4314, on="node"))
EMPTY = (Fault(what="output", text='{"Output":""}'),)


def task(files: Files) -> dict[str, Any]:
    found: dict[str, Any] = files.program.results()["tasks"]["row-1"]
    return found


@pytest.mark.parametrize("faults", [TRIMMED, EMPTY], ids=["trimmed", "empty"])
def test_the_next_start_asks_for_the_output_again_and_pays_nothing(files: Files, faults: tuple[Fault, ...]) -> None:
    files.write(["甲"])
    files.coze.set_faults(*faults)
    failed = files.run()
    assert failed.code == 1, failed.out + failed.err
    assert task(files)["error"]["category"] == "bad_output"
    files.coze.set_faults(*faults[:1] if faults is TRIMMED else ())
    again = files.run()
    assert files.executions == 1
    if faults is TRIMMED:
        assert again.code == 0, again.out + again.err
        assert task(files)["status"] == "done"
    else:  # the execution keeps what it came to
        assert task(files)["error"]["category"] == "bad_output"
