"""A batch as the application shows it, whichever process it runs in. Draws nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.exit_codes import Exit

if TYPE_CHECKING:
    from cozebatch.ports import RunRecord
    from cozebatch_tui.screen.view_model import ViewModel
    from cozebatch_tui.session.controls import Controls


class ShownBatch(ABC):
    """`running` is done when the batch has ended."""

    def __init__(self) -> None:
        self.view_model: ViewModel | None = None
        self.running: Future[Any] | None = None
        self.draining = False
        """It was asked to stop here."""
        self._report: Path | None = None
        """The page that this process has written."""

    @property
    @abstractmethod
    def session(self) -> Controls | None:
        """None until there is a plan to show."""

    @property
    @abstractmethod
    def run_record(self) -> RunRecord | None:
        """Of the run that is shown; None until it has begun."""

    @property
    def is_demo(self) -> bool:
        return self.run_record is not None and self.run_record.source_kind == "demo"

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where the tasks come from; empty while that is not known."""

    @property
    @abstractmethod
    def results_path(self) -> str | None:
        """The results file, once it is written."""

    @property
    @abstractmethod
    def command(self) -> str:
        """How the batch is gone on with when it was stopped."""

    @abstractmethod
    def stop(self) -> None:
        """Begin a drain. May be called from any thread and more than once."""

    @abstractmethod
    def exit_code(self, otherwise: int = Exit.OK) -> int:
        """The batch's exit code, or `otherwise` while it is not known."""

    @abstractmethod
    def close(self) -> None:
        """Leave the batch; what was asked of it here is completed first."""

    @property
    def is_running(self) -> bool:
        return self.running is not None and not self.running.done()

    @property
    def unfinished(self) -> bool:
        """Whether work goes on. What a trial left for later does not."""
        return self.is_running and self.view_model is not None and not self.view_model.is_over

    def work_left(self) -> tuple[int, int]:
        """How many executions run at Coze, and how many films are unfinished here."""
        if self.view_model is None:
            return 0, 0
        counts = self.view_model.board.counts
        in_flight = sum(number for state, number in counts.items() if state.in_flight)
        return in_flight, counts[State.DOWNLOADING] + counts[State.QUEUED] + counts[State.SYNTHESIZING]

    def write_report(self, lang: Lang) -> Path:
        """Write the page of this batch as it stands, beside its results; takes as long as its tasks are many.

        The second time it replaces the first one's page, never a file that was there before. Raises `OSError`.
        """
        from cozebatch.disk.writing import write_whole
        from cozebatch.model.statistics import compute
        from cozebatch_tui.presentation.report import page
        from cozebatch_tui.presentation.report.posters import posters

        assert self.session is not None
        assert self.run_record is not None
        assert self.view_model is not None
        board = self.view_model.board
        run = replace(self.run_record, clock=board.clock, status="open" if board.unfinished else "finished")
        limits = board.limits
        figures = compute(
            board,
            elapsed=board.clock,
            max_coze=max(1, limits[Stage.COZE].user),
            max_synthesis=max(1, limits[Stage.SYNTHESIS].user),
        )
        folder = self.session.results_dir.absolute()
        rows = list(board.rows.values())
        written = page(run, rows, figures.to_json(), lang, posters(rows), self.session.prices)
        if self._report is None:
            self._report = _new_file(folder, f"report_{run.run_id}")
        write_whole(self._report, written, folder)
        return self._report


def _new_file(folder: Path, stem: str) -> Path:
    """A new, empty page of that name; a name that is taken gets a number. Raises `OSError`."""
    from cozebatch.disk.writing import open_new

    for number in range(1, 1000):
        path = folder / f"{stem}{f'_{number}' if number > 1 else ''}.html"
        with suppress(FileExistsError):
            open_new(path, folder).close()
            return path
    raise FileExistsError(str(path))
