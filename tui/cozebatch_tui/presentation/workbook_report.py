"""A run's tasks as an Excel workbook, where openpyxl is installed (the extra `excel`). Texts stay texts: no cell is a
formula, and no long id loses its last digits."""

from __future__ import annotations

import io
from collections.abc import Iterable

from cozebatch.model.errors import UsageError
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch_tui.presentation.csv_report import COLUMNS, LONGEST, values

NO_OPENPYXL = Text(
    "写 .xlsx 要先安装 openpyxl：pip install openpyxl。写 .csv 不用装，Excel 也能打开。",
    "An .xlsx file needs openpyxl: pip install openpyxl. A .csv file needs nothing, and Excel opens it, too.",
)
_WIDTHS = (16, 32, 14, 10, 9, 9, 9, 9, 22, 22, 40, 40, 14, 48, 48, 24, 40)


def workbook(rows: Iterable[Row], lang: Lang) -> bytes:
    """The file's bytes. Raises `UsageError` where openpyxl is missing."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter
    except ImportError:
        raise UsageError(NO_OPENPYXL) from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet(Text("任务", "tasks").in_(lang))
    sheet.freeze_panes = "A2"
    for place, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    heads = [WriteOnlyCell(sheet, value=column.in_(lang)) for column in COLUMNS]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        cells = []
        for value in values(row, lang):
            cell = WriteOnlyCell(sheet, value=clean(value, LONGEST) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # openpyxl takes what begins with = for a formula
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
