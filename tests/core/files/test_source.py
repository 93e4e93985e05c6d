from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.files import FileSource
from cozebatch.files.cell_faults import fault_of, without_text_mark
from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError
from cozebatch.model.task import Task
from cozebatch.ports import TaskSource

NOW = datetime(2026, 11, 24, 8, 5, 9)
Write = Callable[[str, "str | bytes"], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def complaints(path: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_tasks(path)
    assert all(c.zh and c.zh != c.en and c.en.startswith(str(path)) for c in caught.value.complaints)
    return [c.en[len(str(path)) :].lstrip(": ") for c in caught.value.complaints]


def only_complaint(path: Path) -> str:
    (only,) = complaints(path)
    return only


@pytest.mark.anyio
async def test_a_file_is_a_source_read_off_the_event_loop(write: Write) -> None:
    path = write("tasks.csv", "title,content,account_id\n一,文案,a\n")
    threads = []

    def now() -> datetime:
        threads.append(threading.get_ident())
        return NOW

    source: TaskSource = FileSource(path, now=now)
    (task,) = await source.load()
    assert task == Task("row-1", "一", "文案", account_id="a", project_name="a_一_20261124_080509")
    assert threads != [threading.get_ident()]
    assert source.kind == "file"


def test_the_key_is_the_same_from_wherever_the_file_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("tasks.csv", "content\nx\n")
    monkeypatch.chdir(path.parent)
    assert FileSource("tasks.csv").key == FileSource(path).key
    assert FileSource("other.csv").key != FileSource(path).key


FILES = {
    "csv": "Task ID,仿写标题,Content,数字人编号,声音id,关联账号,项目名称,模板 名称,城市\n"
    "t1,标题,文案,7,v1,小红,p,样式,上海\n",
    "jsonl": '{"task_id": "t1", "title": "标题", "content": "文案", "digital_no": 7.0, "voice_id": "v1", '
    '"account_id": "小红", "project_name": "p", "template": "样式", "城市": "上海"}\n',
    "json": '[{"仿写标题": "标题", "仿写文案": "文案", "digitalNo": 7, "声音ID": "v1", "account": "小红",'
    '"项目名称": "p", "模板名称": "样式", " 城市 ": "上海", "task_id": "t1"}]',
}


@pytest.mark.parametrize("ending", FILES)
def test_columns_are_known_by_our_names_and_the_chinese_ones(write: Write, ending: str) -> None:
    (task,) = read_tasks(write(f"t.{ending}", FILES[ending]))
    assert task == Task("t1", "标题", "文案", "7", "v1", "小红", "p", "样式", extra={"城市": "上海"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_comes_in_the_encodings_and_delimiters_that_excel_writes(
    write: Write, encoding: str, delimiter: str
) -> None:
    rows = [["仿写标题", "仿写文案"], ["第一", '"他说""好"", 就这样;\t\r\n换行"'], ["第二", ""]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    first, second = read_tasks(write("t.csv", text.encode(encoding)))
    assert (first.title, first.content) == ("第一", '他说"好", 就这样;\t\r\n换行')
    assert (second.task_id, second.title, second.content) == ("row-2", "第二", "")


def test_excels_own_separator_line_is_understood(write: Write) -> None:
    path = write("t.csv", "sep=;\r\ncontent;title\r\na,b;c\r\n;;;x\r\n")
    assert only_complaint(path).startswith("line 4: column 4: this cell has no column name")


def test_rows_that_are_entirely_empty_are_no_tasks(write: Write) -> None:
    tasks = read_tasks(write("t.csv", "\n , \ncontent,title\n,,\na,\n\n , \nb,\n,,,,\n"))
    assert [(t.task_id, t.content) for t in tasks] == [("row-1", "a"), ("row-2", "b")]
    tasks = read_tasks(write("t.json", '[{}, {"content": "a"}, {"content": null, "title": ""}, {"content": "b"}]'))
    assert [(t.task_id, t.content) for t in tasks] == [("row-1", "a"), ("row-2", "b")]


def test_a_row_without_a_script_is_still_a_task(write: Write) -> None:
    first, _ = read_tasks(write("t.jsonl", '{"title": "x", "content": null}\n{"content": "y"}\n'))
    assert first == Task("row-1", "x", "")


def test_a_header_alone_is_no_task_and_no_error(write: Write) -> None:
    assert read_tasks(write("t.csv", "content,title\n")) == []
    assert read_tasks(write("t.json", "[]")) == []


@pytest.mark.parametrize("document", ['{"tasks": [T]}', '{"a": [1], "tasks": [T], "n": 1}', '{"list": [T]}', " [ T ] "])
def test_json_is_a_list_or_an_object_that_holds_one(write: Write, document: str) -> None:
    (task,) = read_tasks(write("t.json", document.replace("T", '{"content": "x"}')))
    assert task.content == "x"


def test_numbers_become_plain_text(write: Write) -> None:
    numbers = (
        '{"content": "x", "digital_no": 7.0, "a": 1e3, "b": 0.00001, "c": 7400000000000000001, "d": true, "e": [1]}'
    )
    (task,) = read_tasks(write("t.jsonl", numbers))
    assert task.digital_no == "7"
    assert dict(task.extra) == {"a": "1000", "b": "0.00001", "c": "7400000000000000001", "d": "true", "e": "[1]"}


def test_duplicate_ids_name_both_lines(write: Write) -> None:
    path = write("t.csv", 'task_id,content\na,"two\nlines"\nb,x\na,y\n,z\nrow-4,w\n')
    assert complaints(path) == [
        "line 5: task_id a stands on line 2 already.",
        "line 7: task_id row-4 stands on line 6 already.",
    ]
    path = write("t.json", '{"tasks": [\n{"task_id": 1, "content": "x"},\n\n{"task_id": "1", "content": "x"}]}')
    assert only_complaint(path) == "line 4: task_id 1 stands on line 2 already."


def test_a_file_without_scripts_says_which_columns_it_has(write: Write) -> None:
    for name, text in {"t.csv": "标题,文案2\na,b\n", "t.jsonl": '{"标题": "a"}\n'}.items():
        text = only_complaint(write(name, text))
        assert "content or 仿写文案" in text
    assert "found: 标题, 文案2" in only_complaint(write("t.csv", "标题,文案2\na,b\n"))


def test_two_columns_of_one_meaning_are_a_complaint(write: Write) -> None:
    assert "column 仿写文案: means the same as column content" in only_complaint(
        write("t.csv", "content,仿写文案\na,b\n")
    )
    assert "column x: means the same as column x" in only_complaint(write("t.csv", "content,x,x\na,b,c\n"))
    assert "line 1: column 仿写文案: content is given twice" in only_complaint(
        write("t.jsonl", '{"content": "a", "仿写文案": "b"}')
    )


def test_a_comma_too_many_does_not_cut_a_script_in_two(write: Write) -> None:
    text = only_complaint(write("t.csv", "title,content\na,早上好, 大家好\n"))
    assert text.startswith("line 2: column 3: this cell has no column name")


@pytest.mark.parametrize("cell", ['"never closed\nnext,x', '"closed" and more'])
def test_an_unpaired_quotation_mark_does_not_swallow_the_file(write: Write, cell: str) -> None:
    text = only_complaint(write("t.csv", f"title,content\nok,{cell}\nb,c\n"))
    assert text.startswith("line 2: column 2: a double quote is not closed")


def test_a_broken_utf8_file_does_not_pass_for_another_encoding(write: Write) -> None:
    data = "content\n文案一\n文案二\n".encode()
    assert only_complaint(write("t.csv", data.replace("二".encode(), b"\xe4\xba")))[:26] == "line 3: the encoding is br"
    assert "neither UTF-8 nor GB18030" in only_complaint(write("t.csv", b"content\n\xff\xff\xff\n"))


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("t.json", '[\n{"content": "a"},\n{"content": b}]', "line 3: column 13: is no JSON"),
        ("t.json", '[{"content": "a"}\n{"content": "b"}]', "line 2: column 1: , is missing"),
        ("t.json", '{"content": "a"}', "there is no list of tasks"),
        ("t.json", '{"a": [1], "b": [2]}', "there is no list of tasks"),
        ("t.json", '[\n"x"]', "line 2: each task should be an object"),
        ("t.json", '[{"content": ["x"]}]', "line 1: column content: should be text"),
        ("t.json", "5", "line 1: a list of tasks"),
        ("t.json", "[" * 50_000, "line 1: column 2: brackets are nested too deeply"),
        ("t.jsonl", '{"content": "a"}\n{"content": NaN}', "line 2: column 1: a number is no plain number"),
        ("t.jsonl", '{"content": 1e999}', "line 1: column content: the number is out of range"),
        ("t.jsonl", '{"content": "a"}\n\n{"content": "b"} {}', "line 3: column 17: a line holds one object"),
        ("t.csv", "", "the file is empty"),
        ("t.json", " \n", "the file is empty"),
        ("t.jsonl", "\n", "the file is empty"),
        ("t.txt", "x", "a task file ends in one of"),
        ("t.csv", f"task_id,content\n{'x' * 300},a\n", "line 2: column task_id: a task_id has at most 200"),
    ],
)
def test_what_cannot_be_read_names_its_place(write: Write, name: str, text: str, wanted: str) -> None:
    assert only_complaint(write(name, text)).startswith(wanted)


def test_a_file_that_cannot_be_opened_is_a_complaint(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no task file"):
        read_tasks(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        read_tasks(tmp_path / "folder.csv")


def test_complaints_are_bounded(write: Write) -> None:
    assert len(complaints(write("t.csv", "task_id,content\n" + "a,x\n" * 500))) == 20


def test_half_a_character_does_not_get_into_a_task(write: Write) -> None:
    (task,) = read_tasks(write("t.json", '[{"content": "a\\ud83d", "x": "\\udc00"}]'))
    assert task.content == "a\ufffd"
    assert task.extra["x"] == "\ufffd"


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
def test_a_hundred_megabytes_in_one_cell_are_a_complaint_in_seconds(write: Write, name: str) -> None:
    huge = "字" * 34_000_000
    text = f'title,content\n"x","{huge}"\n' if name == "t.csv" else f'[{{"content": "{huge}"}}]'
    began = time.perf_counter()
    wanted = "line 2" if name == "t.csv" else "line 1"
    found = only_complaint(write(name, text if name != "t.jsonl" else text[1:-1]))
    assert found.startswith(f"{wanted}: column content: this cell is larger than 1 MB")
    assert time.perf_counter() - began < 20


cells = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20).filter(
    lambda cell: fault_of(cell) is None and without_text_mark(cell) is None
)


@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from([",", ";", "\t"]))
def test_whatever_a_cell_holds_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], mark: str
) -> None:
    quoted = [mark.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [("content", "x"), *rows]]
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_bytes("\n".join(quoted).encode())
    wanted = [(a.strip(), b) for a, b in rows if a.strip() or b.strip()]
    assert [(t.content, t.extra["x"]) for t in read_tasks(path)] == wanted
    path = path.with_suffix(".json")
    path.write_text(json.dumps([{"content": a, "x": b} for a, b in rows]))
    assert [(t.content, t.extra["x"]) for t in read_tasks(path)] == wanted


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_half_a_character_does_not_get_into_the_name_of_a_column(write: Write, name: str) -> None:
    row = '{"content": "a", "b\\ud800": "c"}'
    [task] = read_tasks(write(name, row if name.endswith("l") else f"[{row}]"))
    assert dict(task.extra) == {"b?": "c"}
    assert task.fingerprint()
