"""The text of the metrics file, in Prometheus' text format
(https://prometheus.io/docs/instrumenting/exposition_formats/). Pure.

Labels hold names of this program only: no title, no id and no path ever becomes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cozebatch.metrics.histogram import EXECUTION_BOUNDS, SYNTHESIS_BOUNDS, Histogram
from cozebatch.model.board import Board
from cozebatch.model.rows import Stage
from cozebatch.model.task import State

PAUSES = ("operator", "auth", "quota", "invalid_request", "disk_full", "journal", "until", "max_executions")
"""Reasons for a pause; each is always there, as 0 or 1, so that an alert can name it."""

Kind = Literal["gauge", "counter", "histogram"]
Labels = Mapping[str, str]


@dataclass(slots=True)
class Observed:
    """What only the events tell: durations, and how many films were made. Of this process."""

    executions: Histogram = field(default_factory=lambda: Histogram(EXECUTION_BOUNDS))
    syntheses: Histogram = field(default_factory=lambda: Histogram(SYNTHESIS_BOUNDS))
    films: int = 0


def exposition(board: Board, observed: Observed, *, started_at: float, now: float, running: bool) -> str:
    """The whole file. `started_at` of the batch and `now` in Unix seconds."""
    page = _Page()
    gauges = board.gauges
    page.add("batch_running", "gauge", "1 while the batch runs.", [({}, int(running))])
    page.add("batch_start_time_seconds", "gauge", "When the batch was started, Unix time.", [({}, started_at)])
    page.add("updated_time_seconds", "gauge", "When this file was written, Unix time.", [({}, now)])
    page.add(
        "tasks", "gauge", "Tasks by state.", [({"state": state.value}, count) for state, count in board.counts.items()]
    )
    page.add(
        "limit",
        "gauge",
        "Limits: in force (Coze may have taken some away), and as the operator set them.",
        [
            ({"stage": stage.value, "kind": kind}, value)
            for stage, limit in board.limits.items()
            for kind, value in (("in_force", limit.in_force), ("set", limit.user))
        ],
    )
    page.add(
        "in_use",
        "gauge",
        "Executions in flight at Coze, and films being made.",
        [
            ({"stage": Stage.COZE.value}, _in_flight(board, running=running)),
            ({"stage": Stage.SYNTHESIS.value}, board.counts[State.SYNTHESIZING]),
        ],
    )
    page.add(
        "paused",
        "gauge",
        "1 while nothing new is submitted for this reason.",
        [({"reason": reason}, int(reason in board.paused)) for reason in PAUSES],
    )
    page.add("questions", "gauge", "Tasks whose workflow waits for an answer.", [({}, len(board.questions))])
    page.add("writebacks_owed", "gauge", "Outcomes not in the table yet.", [({}, gauges.owed if gauges else 0)])
    _counters(page, board, observed)
    page.histogram("execution_seconds", "Durations of executions at Coze, as seen here.", observed.executions)
    page.histogram("synthesis_seconds", "Durations of syntheses on this machine.", observed.syntheses)
    return page.text()


def _in_flight(board: Board, *, running: bool) -> int:
    """Executions that hold a slot; while the batch runs, those of earlier runs, too."""
    own = sum(count for state, count in board.counts.items() if state.in_flight)
    return max(own, board.gauges.coze_in_flight) if running and board.gauges is not None else own


def _counters(page: _Page, board: Board, observed: Observed) -> None:
    paid = tokens_in = tokens_out = 0
    for row in board.rows.values():
        paid += row.attempts
        tokens_in += row.tokens_in
        tokens_out += row.tokens_out
    counts = board.counters
    for name, text, value in (
        ("executions_paid_total", "Executions started for the batch's tasks, those that may exist included.", paid),
        ("submissions_total", "Requests to start an execution.", counts.submissions),
        ("polls_total", "Checks of executions.", counts.polls),
        ("retries_total", "Steps that were tried again by themselves.", counts.retries),
        ("throttled_total", "Answers that said that a limit was reached.", counts.throttled),
        ("films_total", "Films and drafts made by this process.", observed.films),
    ):
        page.add(name, "counter", text, [({}, value)])
    page.add(
        "tokens_total",
        "counter",
        "Tokens of the latest execution of each task.",
        [({"kind": "input"}, tokens_in), ({"kind": "output"}, tokens_out)],
    )
    page.add(
        "errors_total",
        "counter",
        "Errors by category, over all attempts.",
        [({"category": category}, number) for category, number in sorted(counts.errors.items())],
    )


class _Page:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: Kind, text: str, samples: Iterable[tuple[Labels, float]]) -> None:
        self._head(name, kind, text)
        self._lines += [_sample(name, labels, value) for labels, value in samples]

    def histogram(self, name: str, text: str, found: Histogram) -> None:
        self._head(name, "histogram", text)
        self._lines += [_sample(f"{name}_bucket", {"le": bound}, number) for bound, number in found.buckets()]
        self._lines += [_sample(f"{name}_sum", {}, found.total), _sample(f"{name}_count", {}, found.count)]

    def _head(self, name: str, kind: Kind, text: str) -> None:
        self._lines += [f"# HELP cozebatch_{name} {text}", f"# TYPE cozebatch_{name} {kind}"]

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _sample(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    number = str(value) if isinstance(value, int) else f"{value:.3f}".rstrip("0").rstrip(".")
    return f"cozebatch_{name}{{{told}}} {number}" if told else f"cozebatch_{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
