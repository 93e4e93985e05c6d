"""The base of screens that act on tasks: what the keys of a task do is the same on each of them."""

from __future__ import annotations

from cozebatch.model.rows import Row
from cozebatch_tui.screen.action_screen import ActionScreen


class TaskActionScreen(ActionScreen[None]):
    """A screen says which tasks are chosen and which is current."""

    def chosen_ids(self) -> list[str]:
        """The marked tasks, or the one under the cursor."""
        raise NotImplementedError

    def current_row(self) -> Row | None:
        """The task under the cursor, or the one shown."""
        raise NotImplementedError

    def action_retry(self) -> None:
        self.task_actions.retry(self.chosen_ids())

    def action_rerun(self) -> None:
        self.task_actions.rerun(self.chosen_ids())

    def action_cancel(self) -> None:
        self.task_actions.cancel(self.chosen_ids())

    def action_adopt(self) -> None:
        if (row := self.current_row()) is not None and row.state.is_end:
            self.task_actions.adopt(row)

    def action_edit(self) -> None:
        if (row := self.current_row()) is not None:
            self.task_actions.edit(row)

    def action_link(self) -> None:
        if (row := self.current_row()) is not None:
            self.task_actions.open_link(row)

    def action_play(self) -> None:
        if (row := self.current_row()) is not None:
            self.task_actions.play(row)

    def action_folder(self) -> None:
        """The folder of the current film, else that of all films."""
        row = self.current_row()
        path = (row.video_path or row.draft_path) if row is not None else None
        self.task_actions.open_folder(path, self.host.films_folder)

    def action_copy(self) -> None:
        if (row := self.current_row()) is not None:
            self.task_actions.copy(row)
