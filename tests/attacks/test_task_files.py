"""Task files made to fill the memory or to stop the program: each is a complaint with a cure, or is read as it is."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="measures memory with getrusage")

MOST_MEGABYTES = 300
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>content</t></is></c></row>'
NUMBER = "<v>1</v>"


READ = """
import json, resource, sys
from pathlib import Path
from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError
for name in sys.argv[1:]:
    try:
        found = {"contents": [task.content for task in read_tasks(Path(name))]}
    except UsageError as error:
        found = {"complaint": " ".join(text.en for text in error.complaints)}
    print(json.dumps(found))
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
try:
    own = Path("/proc/self/status").read_text()
    peak = max(peak, int(own.partition("VmHWM:")[2].split()[0]))
except OSError:
    peak = max(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(peak // 1024)
"""


def read(*paths: Path) -> list[dict[str, Any]]:
    """What a process of its own reads of each file: `contents` or a `complaint`. It and its children stay small."""
    done = subprocess.run([sys.executable, "-c", READ, *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *found, megabytes = done.stdout.splitlines()
    assert int(megabytes) < MOST_MEGABYTES
    return [json.loads(line) for line in found]


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


@pytest.mark.parametrize("target", ["worksheets/sheet1.xml", "elsewhere.bin"])
def test_a_cell_far_out_costs_no_memory_however_it_is_spelt(tmp_path: Path, target: str) -> None:
    paths = []
    for number, cell in enumerate(FAR_OUT.values()):
        rows = f'{HEADER}<row r="2"><c r="A2" t="str"><v>a</v></c>{cell}</row>'
        paths.append(workbook(tmp_path / f"{number}.xlsx", sheet(rows), target=target))
        assert paths[-1].stat().st_size < 3000
    for spelling, found in zip(FAR_OUT, read(*paths), strict=True):
        far = ("save it again", "column 16384: this cell has no column name")
        assert any(told in found["complaint"] for told in far), spelling


def test_a_sheet_in_another_encoding_is_bounded_too(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + sheet(f"{HEADER}<row>{FAR_OUT['single quotes']}</row>")
    (found,) = read(workbook(tmp_path / "t.xlsx", text.encode("utf-16")))
    assert found["complaint"]


def test_a_dimension_that_lies_changes_nothing(tmp_path: Path) -> None:
    rows = f'{HEADER}<row r="2"><c r="A2" t="str"><v>a</v></c></row>'
    lies = ["A1:XFD1048576", "A1:ZZZZZZ99999999999", "A1", "B7:A1", "²"]
    paths = [
        workbook(tmp_path / f"{number}.xlsx", sheet(rows, f'<dimension ref="{lie}"/>'))
        for number, lie in enumerate(lies)
    ]
    for lie, found in zip(lies, read(*paths), strict=True):
        assert found.get("contents", ["a"]) == ["a"], lie


def test_a_text_in_every_cell_row_numbers_beyond_32_bits_and_entities_are_bounded(tmp_path: Path) -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 20_000))
    long_text = f"<si><t>{'x' * 900_000}</t></si>"
    repeated = workbook(tmp_path / "repeated.xlsx", sheet(HEADER + cells), strings=long_text)
    assert repeated.stat().st_size < 200_000
    a = '<c r="A2" t="str"><v>a</v></c>'
    far = workbook(tmp_path / "far.xlsx", sheet(f'{HEADER}<row r="2">{a}<c r="A4294967297">{NUMBER}</c></row>'))
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughing = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>' + sheet(
        f'{HEADER}<row r="2"><c r="A2" t="str"><v>&l9;</v></c></row>'
    )
    in_repeated, _, in_laughing = read(repeated, far, workbook(tmp_path / "laughing.xlsx", laughing))
    assert "memory or time" in in_repeated["complaint"]
    assert all(len(content) < 1000 for content in in_laughing.get("contents", []))


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
