"""The kinds of input from outside: good samples of each, and the code that reads them.

A reader gets the bytes, a folder of its own, and the seed's random numbers. It lets only those exceptions out that a
person is told.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import httpx

from cozebatch.coze.answers import read_poll, read_submission
from cozebatch.coze.debug_link import execute_id_of
from cozebatch.coze.http import Answer
from cozebatch.coze.output import parse_output, pick
from cozebatch.demo.coze_output import SHAPES, result_of, shaped
from cozebatch.demo.environment import demo_configuration
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.files.sheet_parser import TooFar
from cozebatch.files.source import read_tasks
from cozebatch.files.workbook import Unreadable, sheets
from cozebatch.importing.reading import read_results
from cozebatch.journal.opening import DamagedJournal
from cozebatch.journal.salvage.salvage import rebuild, salvage
from cozebatch.journal.sqlite import open_journal
from cozebatch.model.errors import JournalError, StepError, UsageError, unwrapped_groups
from cozebatch.model.redact import Masker
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.policy.retry_after import read_retry_after
from cozebatch.ports import Execution, PutExecution, PutOutput, PutRow, RunRecord
from cozebatch.settings import jsonc, parse_settings
from cozebatch.synthesis.compose import given_captions, styles
from cozebatch.synthesis.download.part_file import extent
from support.mutations.feishu_kind import FEISHU_SAMPLES, read_feishu
from support.mutations.media_kind import PROBE_SAMPLES, read_probe

ALLOWED = (UsageError, StepError, JournalError)

Reader = Callable[[bytes, Path, random.Random], None]

_mask = Masker(["pat_0123456789abcdefghij"]).mask
_HEADERS = (
    *("", "0", "30", "²", "-5", "1e400", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 2015", "\x00", "é"),
    *("bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes ²-9/²", "bytes 0-" + "9" * 300 + "/1", '"etag"', "W/\xff"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    samples: Sequence[bytes]
    read: Reader


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _coze_samples() -> list[bytes]:
    result = {"videoUrl": "https://cdn.example/v.mp4", "audioUrl": "https://cdn.example/a.mp3", "title": "标题"}
    record: dict[str, Any] = {
        "execute_id": "7500000000000000001",
        "execute_status": "Success",
        "update_time": 1_700_000_000,
        "usage": {"input_count": 10, "output_count": 20, "token_count": 30},
        "token": "30",
        "logid": "20260101",
        "debug_url": "https://www.coze.cn/work_flow?execute_id=7500000000000000001",
        "node_execute_status": {"End": {"node_id": "900001", "is_finish": True}},
    }
    outputs = [
        json.dumps({"Output": json.dumps(result)}),
        json.dumps({"Output": json.dumps({"data": json.dumps(result)}), "node_status": "{}"}),
        f"```json\n{json.dumps(result)}\n```",
    ]
    samples = [_dumped({"code": 0, "msg": "", "data": [{**record, "output": output}]}) for output in outputs]
    failed = {**record, "execute_status": "Fail", "error_code": "5000", "error_message": "节点失败", "output": ""}
    asks = {**record, "execute_status": "Running", "interrupt_data": {"event_id": "1/2", "type": 2, "data": "?"}}
    samples += [_dumped({"code": 0, "data": [failed]}), _dumped({"code": 0, "data": [asks]})]
    samples.append(_dumped({"code": 0, "msg": "", "execute_id": "7500000000000000001", "debug_url": "https://a/b"}))
    samples.append(_dumped({"code": 4200, "msg": "no such workflow", "detail": {"logid": "2026"}}))
    return samples


def _read_coze(data: bytes, _folder: Path, rng: random.Random) -> None:
    names = ("retry-after", "date", "x-tt-logid", "content-length")
    raw = [(name.encode(), rng.choice(_HEADERS).encode("latin-1", "replace")) for name in names if rng.random() < 0.3]
    answer = Answer(rng.choice([200, 200, 200, 400, 401, 404, 429, 500, 503, 504]), httpx.Headers(raw), data)
    answer.sent_at  # noqa: B018 - a property that reads a header
    answer.retry_after  # noqa: B018
    repr(read_submission(answer, _mask)).encode()
    with suppress(StepError):
        seen = read_poll(answer, "7500000000000000001", _mask).result
        json.dumps(seen.output).encode()
        _read_output((seen.output or "").encode("utf-8", "surrogatepass"), _folder, rng)


def _read_output(data: bytes, _folder: Path, rng: random.Random) -> None:
    output = parse_output(data.decode("utf-8", "replace"), names=("videoUrl", "audioUrl", "images"))
    json.dumps(output, allow_nan=False).encode()
    for key in ("videoUrl", "captions", "a.b.c", "", "images.0", "title"):
        pick(output, key)


_CAPTIONS = (
    "1\n00:00:00,000 --> 00:00:01,500\n早起的人\n\n2\n00:00:01,500 --> 00:00:03,000\n运气不会差\n",
    "WEBVTT\n\nNOTE hello\n\n00:01.000 --> 00:02.000 align:start\n<c.yellow>Hello</c> &amp; <00:01.500>bye\n",
    "[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\b1}粗\\N行\n",
    "[ti:歌]\n[00:01.00]第一句\n[00:02.50][00:05.00]第二句\n",
    json.dumps([{"start": 0, "end": 1.5, "text": "一"}, {"start": 1.5, "end": 3, "text": "二"}]),
    json.dumps({"segments": [{"start": 0.0, "end": 1.0, "text": "a", "words": [{"word": "a", "start": 0, "end": 1}]}]}),
    json.dumps({"utterances": [{"start_time": 0, "end_time": 1500, "text": "一", "words": []}]}),
    "字幕：\n```srt\n1\n00:00:00，000 -> 00:00:01,500\n一\nHello\n```\n完",
    "[offset:-200]\n[00:00:00.000 --> 00:00:02.000]  一\n[0:2.0,0:4.0,1]  二\n",
    "start\tend\ttext\n0\t1500\t一\n1500\t3000\t二\n",
    json.dumps(
        {"texts": ["一", "二"], "timelines": [{"start": 0, "end": 1_500_000}, {"start": 1_500_000, "end": 3e6}]}
    ),
    json.dumps(
        {"chunks": [{"timestamp": [0, 1.5], "text": "一"}], "words": [{"word": "a", "start": "0s", "end": "1s"}]}
    ),
)


def _read_captions(data: bytes, _folder: Path, rng: random.Random) -> None:
    text = data.decode("utf-8", rng.choice(["replace", "surrogateescape"]))
    values: list[Any] = [text]
    with suppress(ValueError, RecursionError):
        values.append(json.loads(text))
    for value in values:
        for caption in given_captions.read(value, rng.choice([1, 3_000_000, 3_600_000_000])):
            assert isinstance(caption.text, str)


def _workbook() -> bytes:
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.'
            'openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
            'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/'
            '2006/relationships/styles" Target="styles.xml"/><Relationship Id="r3" Type="http://schemas.openxmlformats.org/'
            'officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
            '<c r="A1" t="inlineStr"><is><t>title</t></is></c><c r="B1" t="inlineStr"><is><t>content</t></is></c></row>'
            '<row r="2"><c r="A2" t="inlineStr"><is><t>one</t></is></c><c r="B2" s="1"><v>12</v></c></row>'
            '<row r="3" hidden="1"><c r="A3" t="s"><v>0</v></c><c r="B3" t="e"><f>A1</f><v>#N/A</v></c></row>'
            '</sheetData><autoFilter ref="A1:B3"/><mergeCells><mergeCell ref="A2:A3"/></mergeCells></worksheet>',
        )
        archive.writestr(
            "xl/styles.xml",
            '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>'
            '<numFmt numFmtId="164" formatCode="[&gt;9]&quot;a&quot;00,0.0;[h]:mm;@"/></numFmts>'
            '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
            "</cellXfs></styleSheet>",
        )
        archive.writestr(
            "xl/sharedStrings.xml",
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><r><t>tw_x000D_o</t></r></si>'
            "</sst>",
        )
    return book.getvalue()


_WORKBOOK = _workbook()
_TABLES = (
    b'[{"task_id": "t1", "title": "one", "content": "first"}, {"task_id": "t2", "content": "second", "extra": 7}]',
    b'{"task_id": "t1", "title": "one", "content": "first"}\n{"task_id": "t2", "content": "second"}\n',
    '标题,文案,数字人编号\n一,"第一,\n行",1\n二,第二,2\n'.encode(),
    "title\tcontent\na\tb\n".encode("utf-16"),
    "标题,文案\n一,第一\n".encode("gb18030"),
    '选题表\n\n标题;仿写文案;声音ID\n一;文案;="00123"\n二;\'001;7.3E+18\n三;#N/A;=VLOOKUP(1,A:B,2)\n'.encode(),
)


def _parts() -> list[bytes]:
    """The parts of the workbook, marked with their names."""
    with zipfile.ZipFile(io.BytesIO(_WORKBOOK)) as archive:
        return [b"<" + name.encode() + b">" + archive.read(name) for name in archive.namelist()]


def _read_part(data: bytes, folder: Path) -> None:
    """A workbook with one struck part, read without a process of its own."""
    name, _, text = data[1:].partition(b">")
    path = folder / "part.xlsx"
    with zipfile.ZipFile(io.BytesIO(_WORKBOOK)) as good, zipfile.ZipFile(path, "w") as archive:
        for other in good.namelist():
            archive.writestr(other, text if other.encode() == name else good.read(other))
    with suppress(Unreadable, TooFar):
        for sheet in sheets(str(path)):
            for row in sheet.rows:
                json.dumps([row.number, row.hidden, row.texts, row.faults]).encode()


def _read_task_file(data: bytes, folder: Path, rng: random.Random) -> None:
    if data[:1] == b"<":
        _read_part(data, folder)
        return
    if rng.random() < 0.01:  # each one starts a process
        _read_workbook(data, folder, rng)
        return
    ending = {b"[": "json", b"{": "jsonl"}.get(data[:1], "csv")
    path = folder / f"tasks.{ending if rng.random() < 0.8 else 'json'}"
    path.write_bytes(data)
    for task in read_tasks(path):
        task.fingerprint()


def _read_workbook(data: bytes, folder: Path, rng: random.Random) -> None:
    """A workbook whose sheet is `data`, or whose bytes are struck."""
    book = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_WORKBOOK)) as good, zipfile.ZipFile(book, "w") as archive:
        struck = rng.choice(good.namelist())
        for name in good.namelist():
            archive.writestr(name, data if name == struck else good.read(name))
    path = folder / "tasks.xlsx"
    path.write_bytes(book.getvalue())
    for task in read_tasks(path):
        task.fingerprint()


def _read_configuration(data: bytes, folder: Path, _rng: random.Random) -> None:
    path = folder / "config.json"
    path.write_bytes(data)
    raw = jsonc.load(path)
    environment = {"COZE_API_TOKEN": "pat_0123456789abcdefghij", "FEISHU_APP_SECRET": "secret"}
    for need_feishu in (True, False):
        with suppress(UsageError):
            settings, _ = parse_settings(raw, env=environment, need_feishu=need_feishu)
            settings.hosts_to_ask_about()
            styles.parse(settings.template_config)


def _journal_sample(folder: Path) -> bytes:
    """A journal with a few runs, written by the program."""

    async def write() -> None:
        async with open_journal(folder / "sample.sqlite3") as journal:
            for number in range(3):
                run = RunRecord(f"run{number}", "file:a", "file", "w1", started_at=100.0, max_coze=4, max_synthesis=2)
                tasks = [Task(f"t{n}", title=f"标题 {n}", content="文案" * 50) for n in range(10)]
                await journal.begin(run, [(task, Row(task.task_id, n)) for n, task in enumerate(tasks)])
                for n, task in enumerate(tasks):
                    execution = Execution(task.task_id, 1, "running", 100.0, f"e{number}{n}", run_id=run.run_id)
                    await journal.write(PutExecution(execution), PutRow(Row(task.task_id, n)))
                await journal.write(PutOutput(f"e{number}1", "{}" * 100))

    anyio.run(write)
    return (folder / "sample.sqlite3").read_bytes()


def _read_journal(data: bytes, folder: Path, _rng: random.Random) -> None:
    path = folder / "journal.sqlite3"
    path.write_bytes(data)

    async def look() -> None:
        async with open_journal(path) as journal:
            for run in await journal.runs():
                await journal.rows(run.run_id)
            await journal.record()

    try:
        with unwrapped_groups():
            anyio.run(look)
    except DamagedJournal:
        rebuild(path, salvage(path, folder, {}), now=200.0)
        with unwrapped_groups():
            anyio.run(look)


def _read_results(data: bytes, folder: Path, _rng: random.Random) -> None:
    path = folder / "feishu_async_results_20250101_000000.json"
    path.write_bytes(data)
    read_results([path], feishu=True, mask=_mask, now=200.0)


_HEADER_SAMPLES = (
    *(header.encode() for header in _HEADERS),
    b"https://a.feishu.cn/base/bascnAAAA?table=tblBBBB&view=vewCCCC",
    b"https://www.coze.cn/work_flow?execute_id=7500000000000000001&space_id=1",
)


def _read_header(data: bytes, _folder: Path, rng: random.Random) -> None:
    text = data.decode("latin-1")
    read_retry_after(text, now=1_700_000_000.0)
    execute_id_of(text)
    with suppress(LinkError):
        parse_base(text)
    names = ("Content-Range", "Content-Length", "ETag", "Last-Modified")
    headers = [(name.encode(), data.replace(b"\n", b" ")) for name in names if rng.random() < 0.7]
    with suppress(StepError):
        extent(httpx.Response(rng.choice([200, 206]), headers=headers), rng.choice([0, 5]))


_COMMENTED = b'{"workflow_config": {/* a */ "max_retries": 3,}} // end'


def kinds(folder: Path) -> Mapping[str, Kind]:
    """All kinds; `folder` is for making samples."""
    result = result_of({"title": "标题", "content": "一。二。三。"}, "https://a.example/v", 12.0)
    outputs = [shaped(result, shape).encode() for shape in SHAPES]
    configuration = _dumped(demo_configuration("http://127.0.0.1:1", "http://127.0.0.1:2"))
    results = _dumped(
        {
            "timestamp": "2025-01-01",
            "tasks": {"rec1": {"status": "completed", "title": "a", "execute_id": "1", "output": {"videoUrl": "x"}}},
        }
    )
    return MappingProxyType(
        {
            "coze": Kind(_coze_samples(), _read_coze),
            "output": Kind(outputs, _read_output),
            "feishu": Kind(FEISHU_SAMPLES, read_feishu),
            "captions": Kind([text.encode() for text in _CAPTIONS], _read_captions),
            "task files": Kind((*_TABLES, *_parts()), _read_task_file),
            "configuration": Kind([configuration, _COMMENTED], _read_configuration),
            "journal": Kind([_journal_sample(folder)], _read_journal),
            "older results": Kind([results], _read_results),
            "probe": Kind(PROBE_SAMPLES, read_probe),
            "headers": Kind(_HEADER_SAMPLES, _read_header),
        }
    )
