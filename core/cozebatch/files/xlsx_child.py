"""The child process that reads a workbook for `xlsx_reader`: a bounded one, because the library may abort its process.

Run as a script: `python -P xlsx_child.py FILE BYTES`, where BYTES is the memory it may have. python-calamine asks for
the whole rectangle of a sheet at once, whatever spelling of cell references made it large; when that is refused, the
process is over. Its answers are lines of JSON on stdout: `{"sheet": NAME}` before each visible sheet, then a list a
row, and `{"end": REASON}` as the last one, REASON being empty, `password` or `broken`.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, TextIO

from cozebatch.bounds.memory import bound_memory, bound_processor_time

SECONDS = 120


def main(path: str, memory: int) -> None:
    bound_memory(memory)
    bound_processor_time(SECONDS)
    reason = _read(path, sys.stdout)
    sys.stdout.write(json.dumps({"end": reason}) + "\n")
    sys.stdout.flush()


def _read(path: str, out: TextIO) -> str:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            for sheet in workbook.sheets_metadata:
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
                    out.write(json.dumps({"sheet": sheet.name}) + "\n")
                    found = workbook.get_sheet_by_name(sheet.name)
                    indent = [""] * (found.start[1] if found.start is not None else 0)
                    for row in found.iter_rows():
                        out.write(json.dumps([*indent, *map(_value, row)]) + "\n")
    except PasswordError:
        return "password"
    except CalamineError:
        return "broken"
    return ""


def _value(cell: Any) -> Any:
    """As it may stand in JSON: dates and times as text."""
    match cell:
        case datetime():
            return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return cell


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
