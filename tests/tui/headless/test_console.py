"""What a run without a screen shows on a terminal: short lines above a bar that is drawn anew in its place."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model import events
from cozebatch.model.board import replay
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row, moved
from cozebatch.model.statistics import Remaining
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch_tui.headless.batch_bar import batch_bar
from cozebatch_tui.headless.console import ConsolePrinter
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.headless.styled import cells, painted, wrapped
from cozebatch_tui.headless.terminal import PLAIN, Terminal, terminal_of
from cozebatch_tui.presentation.glyphs import ASCII, UNICODE
from cozebatch_tui.presentation.tones import Tone

WALL = 1_795_500_000.0
COLOURED = Terminal()


class Emulator(io.StringIO):
    """A terminal with a width, as far as a run without a screen uses one."""

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns
        self.rows = [""]
        self.row = self.column = 0
        self.writes = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.writes += 1
        for code in re.findall(r"\x1b\[[\d;]*[A-Za-z]|\x1b\].*?\x1b\\|[^\x1b]", text, re.DOTALL):
            self._take(code)
        return super().write(text)

    def _take(self, code: str) -> None:
        match code:
            case "\r":
                self.column = 0
            case "\n":
                self.row, self.column = self.row + 1, 0
                self.rows += [""] * (self.row + 1 - len(self.rows))
            case "\x1b[K" | "\x1b[J":
                self.rows[self.row] = self.rows[self.row][: self.column]
                if code.endswith("J"):
                    del self.rows[self.row + 1 :]
            case _ if code.endswith("A"):
                self.row -= int(code[2:-1])
            case _ if not code.startswith("\x1b"):
                line = self.rows[self.row]
                self.rows[self.row] = line[: self.column].ljust(self.column) + code + line[self.column + 1 :]
                self.column += 1


class Shown(Output):
    """An output of that terminal."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self._emulator = emulator

    @property
    def columns(self) -> int:
        return self._emulator.columns


def row(number: int, title: str = "早起的人，运气都不会太差") -> Row:
    return Row(f"rec{number}", number, title=title)


def started(count: int = 4) -> list[events.Event]:
    return [
        events.RunStarted(wall=WALL, clock=0, run_id="r", total=count, max_coze=16, max_synthesis=4),
        events.Loaded(wall=WALL, clock=0, rows=tuple(row(n) for n in range(count))),
    ]


def move(before: Row, after: State, clock: float, **facts: object) -> events.TaskState:
    new = replace(moved(before, after, wall=WALL + clock, clock=clock), **facts)  # type: ignore[arg-type]
    return events.TaskState(
        wall=WALL + clock,
        clock=clock,
        task_id=new.task_id,
        before=before.state,
        after=after,
        attempt=1,
        row=new,
        error=new.error,
    )


def printer_on(emulator: Emulator, terminal: Terminal | None = COLOURED, *, verbose: bool = False) -> ConsolePrinter:
    return ConsolePrinter(Shown(emulator), terminal, "zh", verbose=verbose)


def test_lines_stand_above_the_bar_and_the_bar_is_there_once() -> None:
    emulator = Emulator()
    printer = printer_on(emulator)
    for event in started():
        printer.event(event)
    printer.refresh()
    submitted = move(row(0), State.SUBMITTING, 1)
    running = move(submitted.row, State.RUNNING, 2, execute_id="75")
    for event in (submitted, running):
        printer.event(event)
        printer.refresh()
    assert [line for line in emulator.rows if "0/4" in line] == emulator.rows[-1:]
    assert "早起的人，运气都不会太差  执行中" in emulator.rows[-2]
    assert "rec0" not in "".join(emulator.rows)
    printer.close()
    printer.say("结束")
    assert emulator.rows[-2:] == ["结束", ""]
    assert not any("0/4" in line for line in emulator.rows)


def test_nothing_is_written_while_nothing_changes() -> None:
    emulator = Emulator()
    printer = printer_on(emulator)
    for event in started():
        printer.event(event)
    printer.refresh()
    before = emulator.writes
    printer.refresh()
    assert emulator.writes == before


def test_a_bar_that_a_narrower_terminal_has_broken_into_rows_is_taken_away_whole() -> None:
    emulator = Emulator(120)
    printer = printer_on(emulator)
    for event in started():
        printer.event(event)
    printer.refresh()
    bar = emulator.rows.pop()
    emulator.columns = 40
    broken = [bar[start : start + 40] for start in range(0, len(bar), 40)]
    assert len(broken) > 1
    emulator.rows += broken
    emulator.row += len(broken) - 1
    printer.say("一行")
    printer.refresh()
    assert sum("─" in line for line in emulator.rows) == 1
    assert emulator.rows[-2] == "一行"


def test_another_output_gets_room_and_the_bar_comes_back_below() -> None:
    emulator = Emulator()
    printer = printer_on(emulator)
    for event in started():
        printer.event(event)
    printer.refresh()
    printer.elsewhere(lambda: emulator.write("日志文件无法写入\n"))
    assert emulator.rows[-2] == "日志文件无法写入"
    assert "0/4" in emulator.rows[-1]


def test_a_failure_says_what_happened_and_what_to_do_broken_between_words() -> None:
    emulator = Emulator(60)
    printer = printer_on(emulator)
    for event in started():
        printer.event(event)
    error = ErrorInfo(Category.CONTENT_REJECTED, Text("文案含敏感内容", "sensitive"), code="4105", logid="2026")
    submitted = move(row(0), State.SUBMITTING, 1)
    printer.event(submitted)
    printer.event(move(submitted.row, State.FAILED, 2, error=error))
    shown = [line for line in emulator.rows if line]
    first = next(n for n, line in enumerate(shown) if "失败" in line)
    assert shown[first].endswith("文案不合规：文案")
    assert all(line.startswith(" " * 11) for line in shown[first + 1 :])
    assert "--rerun rec0 付费重" in shown[-2]
    assert "4105" not in "".join(shown), "the code is in the log"


def test_verbose_lines_have_ids_and_codes() -> None:
    emulator = Emulator(200)
    printer = printer_on(emulator, verbose=True)
    for event in started():
        printer.event(event)
    error = ErrorInfo(Category.CONTENT_REJECTED, Text("敏感", "sensitive"), code="4105", logid="2026")
    submitted = move(row(0), State.SUBMITTING, 1)
    printer.event(submitted)
    printer.event(move(submitted.row, State.FAILED, 2, error=error))
    text = "".join(emulator.rows)
    assert "rec0" in text
    assert "code=4105" in text
    assert "logid=2026" in text


def test_a_terminal_that_obeys_nothing_gets_lines_without_any_escape() -> None:
    emulator = Emulator()
    printer = printer_on(emulator, PLAIN)
    for event in started():
        printer.event(event)
    printer.refresh()
    printer.close()
    assert "\x1b" not in emulator.getvalue()
    assert "\r" not in emulator.getvalue()


def test_a_pipe_gets_the_lines_of_the_log() -> None:
    emulator = Emulator()
    printer = printer_on(emulator, None)
    for event in started():
        printer.event(event)
    printer.refresh()
    submitted = move(row(0), State.SUBMITTING, 1)
    printer.event(submitted)
    printer.event(move(submitted.row, State.RUNNING, 2, execute_id="75"))
    assert emulator.rows[-2].endswith("rec0  早起的人，运气都不会太差  提交中 -> 执行中")
    assert "\x1b" not in emulator.getvalue()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("terminal", [COLOURED, Terminal(colour=False), Terminal(colour=False, glyphs=ASCII)])
@pytest.mark.parametrize("width", [1, 7, 20, 40, 60, 80, 120, 200])
def test_the_bar_fits_every_width(lang: str, terminal: Terminal, width: int) -> None:
    board = replay(started(60))
    line = batch_bar(board, Remaining(1160, "coze"), lang, terminal, width, draining=False)  # type: ignore[arg-type]
    assert cells(line) <= width
    if width >= 20:
        assert "0/60" in painted(line, colour=False)
    if width >= 80:
        assert "19:20" in painted(line, colour=False)


def test_the_bar_shows_the_stages_in_their_colours_and_without_colours_in_their_signs() -> None:
    happened = started(4)
    submitted = move(row(0), State.SUBMITTING, 1)
    running = move(submitted.row, State.RUNNING, 2, execute_id="75")
    failed = move(row(1), State.SUBMITTING, 1)
    happened += [submitted, running, failed]
    happened.append(move(failed.row, State.FAILED, 3, error=ErrorInfo(Category.SERVER, Text.same("x"))))
    board = replay(happened)
    coloured = batch_bar(board, None, "en", COLOURED, 60, draining=False)
    sizes = {style: len(text) for text, style in coloured[:6]}
    assert sizes[Tone.COZE] == sizes[Tone.FAILED] > 0
    assert sizes[Tone.DONE] == 0
    plain = painted(
        batch_bar(board, None, "en", Terminal(colour=False, glyphs=ASCII), 60, draining=False), colour=False
    )
    assert plain.startswith("*" * sizes[Tone.COZE] + "x" * sizes[Tone.FAILED] + "-")


def test_a_pause_is_told_where_the_time_of_the_end_stood() -> None:
    board = replay([*started(), events.Paused(wall=WALL, clock=1, reason="quota")])
    line = painted(batch_bar(board, Remaining(60, "coze"), "zh", COLOURED, 80, draining=False), colour=False)
    assert "额度不足" in line
    assert "1:00" not in line


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))), st.integers(20, 120), st.integers(0, 30))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, width: int, indent: int) -> None:
    lines = wrapped([(text, None)], width, indent)
    assert all(cells(line) <= width for line in lines)
    joined = "".join(painted(line, colour=False) for line in lines)
    assert _without_blanks(joined) == _without_blanks(text)


def test_a_line_breaks_between_words_and_not_before_a_full_stop() -> None:
    lines = wrapped([("甲乙丙丁。one two", None)], 9, 2)
    assert ["".join(text for text, _ in line) for line in lines] == ["甲乙丙", "  丁。one", "  two"]


@pytest.mark.parametrize(
    ("environment", "encoding", "obeys", "code_page", "expected"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", True, None, Terminal()),
        ({"TERM": "dumb"}, "utf-8", True, None, Terminal(moves=False, colour=False, glyphs=ASCII)),
        ({"TERM": "linux"}, "utf-8", True, None, Terminal(glyphs=ASCII)),
        ({"NO_COLOR": "1"}, "utf-8", True, None, Terminal(colour=False)),
        ({"NO_COLOR": ""}, "utf-8", True, None, Terminal()),
        ({}, "gbk", True, 936, Terminal(glyphs=ASCII)),
        ({}, "utf-8", True, 936, Terminal(glyphs=ASCII)),
        ({"WT_SESSION": "1"}, "utf-8", True, 936, Terminal(glyphs=UNICODE)),
        ({}, "utf-8", False, 437, PLAIN),
    ],
)
def test_what_a_terminal_can_do(
    environment: dict[str, str], encoding: str, obeys: bool, code_page: int | None, expected: Terminal
) -> None:
    assert terminal_of(environment, encoding, obeys=obeys, code_page=code_page) == expected


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "¥1.20"), ("gbk", "￥1.20"), ("ascii", "CNY 1.20")])
def test_an_amount_is_readable_in_any_encoding(encoding: str, shown: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    Output(stream).line("¥1.20")
    assert raw.getvalue().decode(encoding).strip() == shown


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "a…"), ("gbk", "a…"), ("ascii", "a...")])
def test_what_is_left_out_is_marked_in_any_encoding(encoding: str, shown: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    Output(stream).line("a…")
    assert raw.getvalue().decode(encoding).strip() == shown


def _without_blanks(text: str) -> str:
    return "".join(char for char in text if not char.isspace())
