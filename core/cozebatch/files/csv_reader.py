"""Task files with a header and separated cells: `,`, `;` or tab, told apart by the header. Titles may stand above it.

Read by a reader of our own, because an error has to name line and column, a quotation mark that never closes must not
swallow the rest of the file as one script, and the standard reader's limit of a cell's size is process-wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from cozebatch.files.cell_faults import without_text_mark
from cozebatch.files.columns import Complaints, named
from cozebatch.files.field_names import HEADER_WITHIN, USUAL, FieldNames
from cozebatch.files.rows import Row

DELIMITERS = ",;\t"

_SAMPLE = 100_000
_END_OF_LINE = re.compile(r"\r\n|\r|\n")
_SEPARATOR_LINE = re.compile(r"sep=(.)[ \t]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE)


def read_csv(text: str, complaints: Complaints, names: FieldNames = USUAL) -> tuple[list[str], Iterator[Row]]:
    """The columns, and the rows as they are read. Raises `UsageError`, also while the rows are read."""
    start = line = 0
    declared = _SEPARATOR_LINE.match(text)
    if declared:
        # Excel writes such a line to name the delimiter.
        start, line = declared.end(), 1
    delimiter = declared[1] if declared else _delimiter(text, names)
    records = _records(text, delimiter, start, line + 1, complaints)
    first: list[tuple[int, list[str]]] = []
    for record in records:
        if any(cell.strip() for cell in record[1]):
            first.append(record)
        if len(first) == HEADER_WITHIN:
            break
    if not first:
        raise complaints.fail(None, None, "文件是空的", "the file is empty")
    cells = [[cell.strip() for cell in record[1]] for record in first]
    at = names.header_among(cells)
    if at is None:
        return [column for column in max(cells, key=lambda row: sum(map(bool, row))) if column], iter(())
    below = chain(first[at + 1 :], records)
    return [column for column in cells[at] if column], _rows(cells[at], below, complaints)


def _rows(header: list[str], records: Iterator[tuple[int, list[str]]], complaints: Complaints) -> Iterator[Row]:
    for line, cells in records:
        surplus = [i for i, cell in enumerate(cells) if cell.strip() and (i >= len(header) or not header[i])]
        if surplus:
            complaints.add(
                line,
                str(surplus[0] + 1),
                f"这一格没有列名（表头有 {len(header)} 列）；文案里有分隔符时要用双引号把整格括起来",
                f"this cell has no column name (the header has {len(header)}); a text with the delimiter in it has to "
                "stand in double quotes",
            )
            continue
        row = dict(named(header, cells))
        exact = {column: text for column, cell in row.items() if (text := without_text_mark(cell)) is not None}
        yield Row(line, row | exact, exact=exact) if exact else Row(line, row)


def _delimiter(text: str, names: FieldNames) -> str:
    """The one that makes a header of one of the first lines; else the one most frequent in the first line."""
    lines = text.lstrip()[:_SAMPLE].splitlines()[:HEADER_WITHIN]
    for line in lines:
        for mark in DELIMITERS:
            if mark in line and names.is_header(cell.strip().strip('"') for cell in line.split(mark)):
                return mark
    outside = re.sub(r'"[^"]*"', "", lines[0] if lines else "")
    return max(DELIMITERS, key=outside.count)


def _records(
    text: str, delimiter: str, position: int, line: int, complaints: Complaints
) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it begins on."""
    mark = re.escape(delimiter)
    quoted = re.compile(rf' *"((?:[^"]++|"")*+)" *(?={mark}|\r|\n|\Z)')
    plain = re.compile(rf"[^{mark}\r\n]*+")
    opening = re.compile(r' *"')
    length = len(text)
    while position < length:
        began, cells = line, []
        while True:
            found = quoted.match(text, position)
            if found:
                cells.append(found[1].replace('""', '"'))
                line += len(_END_OF_LINE.findall(found[1]))
            elif opening.match(text, position):
                raise complaints.fail(
                    line,
                    str(len(cells) + 1),
                    '双引号没有成对：整格用 " 括起来时，里面的 " 要写两个',
                    'a double quote is not closed: in a quoted cell each " of the text is written twice',
                )
            else:
                found = plain.match(text, position)
                assert found is not None
                cells.append(found[0])
            position = found.end()
            if text.startswith(delimiter, position):
                position += 1
                continue
            break
        end = _END_OF_LINE.match(text, position)
        if end:
            position = end.end()
            line += 1
        yield began, cells
