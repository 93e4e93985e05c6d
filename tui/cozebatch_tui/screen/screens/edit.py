"""The editor of a task's title and script. It only gives back what was typed: asking and paying come after it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, TextArea

from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.task import Task
from cozebatch.ports import Edit
from cozebatch_tui.locale import task as texts
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.figures import Figures
from cozebatch_tui.screen.widgets.task_texts import changes

MOST = 100_000
"""Characters of a script that are taken into the editor."""

Edited = tuple[str, str, bool]
"""Title, script, and whether they go into the source, too."""


class Tick(Checkbox):
    """A check box with a sign for each state: Textual tells them apart by colour alone."""

    BUTTON_LEFT = BUTTON_RIGHT = ""

    @property
    def _button(self) -> Content:
        glyphs = host_of(self).look.glyphs
        return Content(f" {glyphs.ticked if self.value else glyphs.unticked} ")


class EditScreen(ModalScreen[Edited | None]):
    """Title above, script below, and what differs from the source. None if nothing is to be done."""

    SCOPED_CSS = False  # the rules name classes of the screen

    DEFAULT_CSS = """
    EditScreen { align: center middle; }
    EditScreen > Vertical {
        width: 96; max-width: 96%; height: 34; max-height: 96%; padding: 0 1; background: $surface;
        border: round $primary; border-title-color: $foreground;
    }
    EditScreen Label { color: $muted; height: 1; }
    EditScreen Input { height: 3; }
    EditScreen TextArea { height: 2fr; min-height: 4; }
    EditScreen VerticalScroll { height: 1fr; min-height: 2; border: round $line; border-title-color: $muted; }
    EditScreen VerticalScroll Figures { height: auto; }
    EditScreen Horizontal { height: 1; align-horizontal: right; }
    EditScreen Checkbox { width: 1fr; }
    EditScreen Button { margin-left: 2; padding: 0 2; }
    EditScreen.-short Input { height: 1; border: none; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "continue", show=False, priority=True),
    ]

    def __init__(self, task: Task, edit: Edit | None, *, offers_write_back: bool = False) -> None:
        super().__init__()
        self._offers_write_back = offers_write_back
        self._title = clean(task.title, 2000)
        self._script = clean_lines(task.content, MOST)
        self._source = (edit.source_title, edit.source_content) if edit is not None else (task.title, task.content)
        self._leaving = False

    def compose(self) -> ComposeResult:
        lang = host_of(self).lang
        with Vertical() as box:
            box.border_title = Content(texts.EDIT_TITLE.in_(lang))
            yield Label(Content(texts.TITLE.in_(lang)))
            yield Input(self._title)
            yield Label(Content(texts.SCRIPT.in_(lang)))
            yield TextArea(self._script, show_line_numbers=False)
            with VerticalScroll(can_focus=False) as difference:
                difference.border_title = Content(texts.CHANGES.in_(lang))
                yield Figures()
            with Horizontal():
                offer = Tick(Content(texts.WRITE_BACK.in_(lang)), compact=True)
                offer.display = self._offers_write_back
                yield offer
                yield Button(Content(texts.LEAVE.in_(lang)), id="leave", compact=True)
                yield Button(
                    Content(f"{texts.CONTINUE.in_(lang)} ctrl+s"), id="continue", variant="warning", compact=True
                )

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()
        self._typed()

    async def recompose(self) -> None:
        """Redraw in another language; what was typed stays."""
        title, script, write_back = self.edited
        await super().recompose()
        self.query_one(Input).value, self.query_one(TextArea).text = title, script
        self.query_one(Checkbox).value = write_back
        self.query_one(TextArea).focus()

    @property
    def edited(self) -> Edited:
        write_back = self._offers_write_back and self.query_one(Checkbox).value
        return self.query_one(Input).value.strip(), self.query_one(TextArea).text, write_back

    @property
    def is_changed(self) -> bool:
        return self.edited[:2] != (self._title, self._script)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @guarded
    def _typed(self) -> None:
        self._leaving = False
        title, script, _ = self.edited
        parts = [changes(old, new) for old, new in zip(self._source, (title, script), strict=True) if old != new]
        nothing = Content.styled(texts.UNCHANGED.in_(host_of(self).lang), "$muted")
        self.query_one(Figures).draw(Content("\n").join(parts) if parts else nothing)
        self.query_one("#continue", Button).disabled = not self.is_changed or not script.strip()

    @guarded
    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "continue":
            self.action_continue()
        else:
            self.dismiss(None)

    def action_continue(self) -> None:
        if self.is_changed and self.edited[1].strip():
            self.dismiss(self.edited)

    def action_leave(self) -> None:
        """What was typed is dropped at the second press only."""
        if self._leaving or not self.is_changed:
            self.dismiss(None)
            return
        self._leaving = True
        host_of(self).say(texts.PRESS_AGAIN.in_(host_of(self).lang).format(key="esc"), severity="warning")
