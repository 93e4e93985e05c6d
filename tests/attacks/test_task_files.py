"""Task files made to fill the memory or to stop the program: each is a complaint with a cure, or is read as it is."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="measures memory with getrusage")

MOST_MEGABYTES = 300
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>content</t></is></c></row>'
NUMBER = "<v>1</v>"


def peak_megabytes() -> float:
    """Of this process and of the children it has waited for."""
    import resource  # not on Windows

    unit = 1024**2 if sys.platform == "darwin" else 1024
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit


def workbook(path: Path, sheet: str | bytes, *, target: str = "worksheets/sheet1.xml", strings: str = "") -> Path:
    """A minimal workbook with this text as its only sheet, which lies at `target` in the archive."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{links}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{links}/worksheet" '
            f'Target="{target}"/><Relationship Id="r2" Type="{links}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>",
        )
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{strings}</sst>')
        archive.writestr(f"xl/{target}", sheet)
    return path


def sheet(rows: str, before: str = "") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData></worksheet>'


def complaint(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_tasks(path)
    return " ".join(text.en for text in caught.value.complaints)


def contents_or_cure(path: Path) -> list[str] | None:
    """The scripts that were read; None if the file was refused with a sentence for the user."""
    try:
        return [task.content for task in read_tasks(path)]
    except UsageError:
        return None


FAR_OUT = {
    "double quotes": f'<c r="XFD1048576">{NUMBER}</c>',
    "single quotes": f"<c r='XFD1048576'>{NUMBER}</c>",
    "spaces": f'<c r = "XFD1048576" >{NUMBER}</c>',
    "line breaks": f'<c\n s="0"\n r\n=\n"XFD1048576">{NUMBER}</c>',
    "small letters": f'<c r="xfd1048576">{NUMBER}</c>',
    "character references": f'<c r="&#88;FD1048576">{NUMBER}</c>',
    "a prefix": f'<x:c xmlns:x="urn:x" r="XFD1048576">{NUMBER}</x:c>',
    "a row far down": f'</row><row r="1048576"><c r="A1048576">{NUMBER}</c></row><row r="3"><c r="XFD3">{NUMBER}</c>',
    "row numbers without references": f'</row><row r="1048576"><c>{NUMBER}</c></row><row><c r="XFD9">{NUMBER}</c>',
    "beyond Excel": f'<c r="ZZZZ99999999">{NUMBER}</c>',
}


@pytest.mark.parametrize("spelling", FAR_OUT)
@pytest.mark.parametrize("target", ["worksheets/sheet1.xml", "elsewhere.bin"])
def test_a_cell_far_out_costs_no_memory_however_it_is_spelt(tmp_path: Path, spelling: str, target: str) -> None:
    rows = f'{HEADER}<row r="2"><c r="A2" t="str"><v>a</v></c>{FAR_OUT[spelling]}</row>'
    path = workbook(tmp_path / "t.xlsx", sheet(rows), target=target)
    assert path.stat().st_size < 3000
    assert "save it again" in complaint(path)
    assert peak_megabytes() < MOST_MEGABYTES


def test_a_sheet_in_another_encoding_is_bounded_too(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + sheet(f"{HEADER}<row>{FAR_OUT['single quotes']}</row>")
    assert contents_or_cure(workbook(tmp_path / "t.xlsx", text.encode("utf-16"))) is None
    assert peak_megabytes() < MOST_MEGABYTES


@pytest.mark.parametrize("lie", ["A1:XFD1048576", "A1:ZZZZZZ99999999999", "A1", "B7:A1", "²"])
def test_a_dimension_that_lies_changes_nothing(tmp_path: Path, lie: str) -> None:
    rows = f'{HEADER}<row r="2"><c r="A2" t="str"><v>a</v></c></row>'
    path = workbook(tmp_path / "t.xlsx", sheet(rows, f'<dimension ref="{lie}"/>'))
    assert contents_or_cure(path) in (["a"], None)
    assert peak_megabytes() < MOST_MEGABYTES


def test_one_long_text_in_every_cell_is_bounded(tmp_path: Path) -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 20_000))
    path = workbook(tmp_path / "t.xlsx", sheet(HEADER + cells), strings=f"<si><t>{'x' * 900_000}</t></si>")
    assert path.stat().st_size < 200_000
    assert "memory or time" in complaint(path)


def test_a_row_number_beyond_32_bits_is_borne(tmp_path: Path) -> None:
    rows = f'{HEADER}<row r="2"><c r="A2" t="str"><v>a</v></c><c r="A4294967297">{NUMBER}</c></row>'
    contents_or_cure(workbook(tmp_path / "t.xlsx", sheet(rows)))
    assert peak_megabytes() < MOST_MEGABYTES


def test_internal_entities_do_not_multiply(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>' + sheet(
        f'{HEADER}<row r="2"><c r="A2" t="str"><v>&l9;</v></c></row>'
    )
    contents = contents_or_cure(workbook(tmp_path / "t.xlsx", text))
    assert contents is None or all(len(content) < 1000 for content in contents)
    assert peak_megabytes() < MOST_MEGABYTES


@pytest.mark.parametrize(
    "text",
    [
        '[{"content": ' + "[" * 100_000,
        '[{"content": "a", "x": ' + "[" * 900 + "]" * 900 + "}]",
        '[{"content": "a", "x": ' + '{"a":' * 900 + "1" + "}" * 900 + "}]",
        '[{"content": "a", "x": ' + "9" * 10_000 + "}]",
        '[{"content": "a", "x": 1e999}]',
        '{"tasks": [' * 5_000,
    ],
)
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_json_that_is_deep_or_holds_absurd_numbers_is_a_complaint(tmp_path: Path, text: str, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_text(text, encoding="utf-8")
    assert complaint(path)


def test_what_is_read_of_a_file_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"content": "\\ud83d", "x": {"a": ["\\udc00", 1e3]}}]', encoding="utf-8")
    (task,) = read_tasks(path)
    json.dumps([task.content, dict(task.extra)], ensure_ascii=False).encode("utf-8")
