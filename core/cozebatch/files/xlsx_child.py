"""The child process that reads a workbook for `xlsx_reader`: a bounded one, because a small file can be built to ask
for any amount of memory or time.

Run as a script: `python -P xlsx_child.py FILE BYTES`, where BYTES is the memory it may have. Its answers are lines of
JSON on stdout: `{"sheet": NAME}` before each visible sheet, then `[ROW, HIDDEN, [COLUMN, TEXT, …], {COLUMN: FAULT}]` a
row that has values, `{"merged": [[ROW, COLUMN, ROW, COLUMN], …]}` after the last row, and `{"end": REASON}` as the last
line: REASON is empty, `broken`, or `[ROW, COLUMN]` of a value too far out.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from cozebatch.bounds.memory import bound_memory, bound_processor_time
from cozebatch.files.sheet_parser import TooFar
from cozebatch.files.workbook import Unreadable, sheets

SECONDS = 120


def main(path: str, memory: int) -> None:
    bound_memory(memory)
    bound_processor_time(SECONDS)
    reason = _read(path, sys.stdout)
    sys.stdout.write(json.dumps({"end": reason}) + "\n")
    sys.stdout.flush()


def _read(path: str, out: TextIO) -> Any:
    try:
        for sheet in sheets(path):
            out.write(json.dumps({"sheet": sheet.name}) + "\n")
            for row in sheet.rows:
                flat = [value for pair in row.texts.items() for value in pair]
                out.write(json.dumps([row.number, row.hidden, flat, row.faults]) + "\n")
            out.write(json.dumps({"merged": sheet.merged}) + "\n")
    except TooFar as far:
        return far.args
    except Unreadable:
        return "broken"
    return ""


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
