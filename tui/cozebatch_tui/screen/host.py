"""What screens, widgets and actions need of the application, as a Protocol: none of them imports the application."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Literal, Protocol, cast

from textual.message_pump import MessagePump

from cozebatch.model.text import Lang
from cozebatch_tui.screen.look.terminal import Look

if TYPE_CHECKING:
    from cozebatch.model.question import Question
    from cozebatch.model.task import Task
    from cozebatch.ports import Edit
    from cozebatch_tui.screen.posters import Posters
    from cozebatch_tui.screen.view_model import ViewModel
    from cozebatch_tui.session.controls import Controls


Severity = Literal["information", "warning", "error"]


class Host(Protocol):
    """The application, seen from a screen or a widget."""

    lang: Lang

    @property
    def look(self) -> Look:
        """What this terminal can show."""
        ...

    @property
    def batch_title(self) -> str:
        """The name of the batch in the header."""
        ...

    @property
    def origin(self) -> str:
        """Where the tasks come from; empty while that is not known."""
        ...

    @property
    def waiting(self) -> int:
        """New executions that a trial has left for later."""
        ...

    @property
    def films_folder(self) -> str | None:
        """Where films go, as it is shown; None where none are made."""
        ...

    @property
    def is_draining(self) -> bool:
        """The operator leaves; what runs is finished."""
        ...

    @property
    def in_browser(self) -> bool:
        """The screen is drawn in a browser: nothing is opened on the machine of the batch."""
        ...

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Open it in the browser that shows the screen, or in the system's."""
        ...

    def go_on(self) -> None:
        """Start what a trial has left, after asking."""
        ...

    def write_report(self) -> None:
        """Write the report of this batch and open it."""
        ...

    @property
    def posters(self) -> Posters:
        """Frames of the films that were made."""
        ...

    @property
    def session(self) -> Controls:
        """The batch, in this process or another; there is one from the first plan on."""
        ...

    @property
    def view_model(self) -> ViewModel:
        """What the engine reported so far."""
        ...

    def say(self, text: str, *, severity: Severity = "information") -> None:
        """Show a reply to the operator, on whichever screen is on top. Safe at any time."""
        ...

    def tell_error(self, error: Exception) -> None:
        """Show an error of the screen's own and log it in full. Safe at any time."""
        ...

    async def confirm(self, question: str) -> bool:
        """Ask a question with yes and no; only from a worker."""
        ...

    async def edit_script(
        self, task: Task, edit: Edit | None, *, offers_write_back: bool
    ) -> tuple[str, str, bool] | None:
        """Let the operator edit a title and a script, and say whether they go into the source, too; None if he
        leaves. Only from a worker."""
        ...

    async def ask_answer(self, question: Question) -> str | dict[str, str] | None:
        """Let the operator answer what an execution asks: one text, or a value for each field. None if he leaves.
        Only from a worker."""
        ...

    async def ask_line(self, question: str) -> str | None:
        """Ask for one line; None if the operator gives none. Only from a worker."""
        ...

    def start_work(self, work: Coroutine[None, None, None]) -> None:
        """Run this in a worker; an error in it goes to `tell_error`."""
        ...

    def copy_to_clipboard(self, text: str) -> None: ...


def host_of(node: MessagePump) -> Host:
    """The application that `node` lives in."""
    return cast("Host", node.app)
