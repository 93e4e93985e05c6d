"""The Textual application: loads the batch behind the first paint, shows its screens, and leaves only after a drain.

Screens are imported when they are first shown: until then something is painted already.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.worker import Worker, WorkerState

from cozebatch.model.errors import CozebatchError, JournalError, UsageError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.charges import costs_about
from cozebatch_tui.presentation.formatting import short_origin
from cozebatch_tui.presentation.terminal_signals import TerminalSignals, takes_signals
from cozebatch_tui.screen.action_keys import bindings_of, live_keys, text_with_keys
from cozebatch_tui.screen.action_registry import Scope
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.asking_app import AskingApp
from cozebatch_tui.screen.continued import guard_continue, stops_given_back
from cozebatch_tui.screen.farewell import farewell, set_up, unfinished_setup
from cozebatch_tui.screen.host import Host
from cozebatch_tui.screen.lifecycle import DRAIN_SECONDS, BatchLifecycle
from cozebatch_tui.screen.look.questions import Answers, ask_terminal
from cozebatch_tui.screen.posters import Posters
from cozebatch_tui.screen.screens.message import MessageScreen
from cozebatch_tui.screen.shown_batch import ShownBatch
from cozebatch_tui.screen.startup import AppStart, Chosen
from cozebatch_tui.session.hangup import hangup_watched
from cozebatch_tui.session.signals import Interrupts, leave_at_once

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch_tui.screen.screens.main import MainScreen
    from cozebatch_tui.screen.view_model import ViewModel
    from cozebatch_tui.session.controls import Controls

PUMPS_A_SECOND = 12


class CozebatchApp(AskingApp):
    """One batch, from loading to leaving."""

    TITLE = "cozebatch"
    CSS = """
    Screen { layers: base over; background: $background; color: $foreground; }
    ModalScreen { background: $background 60%; }
    ThemeScreen { background: transparent; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    ENABLE_COMMAND_PALETTE = True
    loading: ClassVar[Text] = texts.LOADING

    def __init__(self, start: AppStart, answers: Answers | None = None) -> None:
        """`answers`: what the terminal said of itself."""
        super().__init__(start.lang, answers or Answers())
        self.start = start
        self.main: MainScreen | None = None
        self._posters: Posters | None = None
        self.batch: ShownBatch = self._batch_of(start)
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._signals: TerminalSignals | None = None
        """The title and the bell of this batch's window, where there is one."""
        _: Host = self  # the type checker holds the application against what its screens need

    @property
    def batch_title(self) -> str:
        return self.start.title

    @property
    def origin(self) -> str:
        return short_origin(self.batch.origin)

    @property
    def waiting(self) -> int:
        session = self.batch.session
        return 0 if session is None else min(session.waiting, self.view_model.board.counts[State.PENDING])

    @property
    def films_folder(self) -> str | None:
        return self.batch.session.films_folder if self.batch.session is not None else None

    @property
    def is_demo(self) -> bool:
        return self.batch.is_demo

    @property
    def in_browser(self) -> bool:
        return self.is_web

    @property
    def is_draining(self) -> bool:
        return self.batch.draining

    @property
    def posters(self) -> Posters:
        if self._posters is None:
            shows = self.look.glyphs.unicode and not self.look.plain
            self._posters = Posters(enabled=shows and self.settings.get("poster") is not False)
        return self._posters

    @property
    def session(self) -> Controls:
        assert self.batch.session is not None
        return self.batch.session

    @property
    def view_model(self) -> ViewModel:
        assert self.batch.view_model is not None
        return self.batch.view_model

    def on_load(self) -> None:
        """Comes before the terminal is touched: from here on a signal must leave through the event loop."""
        self._event_loop = asyncio.get_running_loop()

    def on_mount(self) -> None:
        guard_continue(self._paint_again)
        self.take_themes()
        if isinstance(keymap := self.settings.get("keymap"), dict):
            self.set_keymap({str(name): str(keys) for name, keys in keymap.items()})
        if self.start.setup_needed:
            from cozebatch_tui.screen.screens.setup import SetupScreen

            self.push_screen(SetupScreen(self.start.answers), self._set_up)
            return
        self._load_first()

    def _paint_again(self) -> None:
        """The whole screen, as soon as the event loop is free. Called between any two steps."""
        if self._event_loop is not None and not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(lambda: self.screen.refresh())

    def _load_first(self) -> None:
        self.push_screen(MessageScreen(self.loading.in_(self.lang)))
        self.run_worker(self._begin(), name="begin", exit_on_error=False)

    def _set_up(self, chosen: Chosen | None) -> None:
        """Go on with what the set-up made, as if the program had been started so."""
        if chosen is not None and self.start.after_setup is not None:
            self.start = self.start.after_setup(chosen, self.lang)
            self.batch = self._batch_of(self.start)
            self._load_first()

    async def _begin(self) -> None:
        """Bring the batch up, then show it."""
        try:
            if not await self._bring_up():
                return
        except (UsageError, JournalError) as error:
            complaints = error.complaints if isinstance(error, UsageError) else (error.text,)
            self._cannot_begin([complaint.in_(self.lang) for complaint in complaints])
            return
        with suppress(CozebatchError):  # the batch has begun, and goes on without this figure
            self.view_model.usual = await asyncio.wrap_future(self.session.usual_seconds())
        from cozebatch_tui.screen.screens.main import MainScreen

        self.main = MainScreen()
        await self.switch_screen(self.main)
        if not self.is_headless and takes_signals(os.environ):
            self._signals = TerminalSignals(self.write_to_terminal, self.look.glyphs, self.session.rings)
            self._signals.start()
        self.set_interval(1 / PUMPS_A_SECOND, self._pump)
        self._shown()

    def _shown(self) -> None:
        """The main screen is up."""

    async def _bring_up(self) -> bool:
        """Load, ask, check, run; False if the operator leaves instead. Raises `UsageError`, `JournalError`."""
        batch = self.batch
        assert isinstance(batch, BatchLifecycle)
        preview = await self._load(batch)
        if preview is None:
            return False
        if self.start.hand_over is not None:
            self.start.hand_over(preview)
            self.exit(int(Exit.OK))
            return False
        batch.begin(preview, self._tell_end)
        return True

    def _tell_end(self) -> None:
        """Called in the batch's thread when it has ended."""
        if self.is_running:
            self.call_from_thread(self._ended)

    @staticmethod
    def _batch_of(start: AppStart) -> ShownBatch:
        return BatchLifecycle(start)

    async def _load(self, batch: BatchLifecycle) -> Preview | None:
        """The plan to run, checked; None if the operator leaves instead."""
        preview = await batch.load(self.ask_from_thread)
        if self.start.begin_at_once:
            await self.switch_screen(MessageScreen(texts.CHECKING.in_(self.lang)))
            await batch.check(preview)
            return preview
        from cozebatch_tui.screen.screens.start import StartScreen

        screen = StartScreen(preview, self.start.notes, batch.preflight)
        chosen = await self.push_screen_wait(screen)
        if chosen is None:
            self.exit(Exit.USAGE if screen.is_refused else Exit.OK)
        return chosen

    def _cannot_begin(self, lines: list[str]) -> None:
        self._return_code = Exit.USAGE
        self.switch_screen(MessageScreen(texts.CANNOT_BEGIN.in_(self.lang), [*lines, self._text(texts.PRESS_TO_LEAVE)]))

    def _pump(self) -> None:
        changes = self.view_model.pump()
        self.view_model.waiting = self.waiting
        try:
            if self.main is not None:
                self.main.apply(changes)
            if self._signals is not None and changes.any:
                self._signals.show(self.view_model.board, self.lang, is_over=self.view_model.is_over)
        except Exception as error:  # noqa: BLE001 - the batch goes on in its own thread, so the screen should too
            self.tell_error(error)

    def _ended(self) -> None:
        """The engine's thread is done: after a drain, or because it could not go on."""
        assert isinstance(self.batch, BatchLifecycle)
        failed = self.batch.take_outcome()
        if failed is not None:
            self.say(texts.ENGINE_ERROR.in_(self.lang).format(error=failed), severity="error")
            self._return_code = Exit.STOPPED
        if self.batch.draining:
            self.exit(self.batch.exit_code(Exit.STOPPED))

    def write_to_terminal(self, sequence: str) -> None:
        """Write between two frames of the screen, or after the last."""
        if self._driver is not None and self.is_running:
            self._driver.write(sequence)
        elif sys.__stdout__ is not None:
            Output(sys.__stdout__).write(sequence)

    def give_back_title(self) -> None:
        """The window's title from before; when the screen is gone."""
        if self._signals is not None:
            self._signals.end()

    def go_on(self) -> None:
        if not self.waiting:
            self.say(texts.NOTHING_CHOSEN.in_(self.lang))
            return

        async def work() -> None:
            question = texts.CONFIRM_GO_ON.filled(count=self.waiting).in_(self.lang)
            question += costs_about(self.session.prices, self.waiting, self.view_model.tokens_each, self.lang)
            if await self.confirm(question):
                released = await asyncio.wrap_future(self.session.go_on())
                self.say(texts.GONE_ON.filled(count=len(released)).in_(self.lang))

        self.start_work(work())

    def write_report(self) -> None:
        self.start_work(self._report())

    async def _report(self) -> None:
        path = await asyncio.to_thread(self.batch.write_report, self.lang)
        self.say(str(path))
        if self.in_browser:
            return
        import webbrowser

        with suppress(webbrowser.Error):
            webbrowser.open(path.as_uri())

    async def run_action(self, action: Any, *more: Any, **named: Any) -> bool:
        """Show and log an error behind a key; the screen stays."""
        try:
            return await super().run_action(action, *more, **named)
        except Exception as error:  # noqa: BLE001 - the batch goes on in its own thread, so the screen should too
            self.tell_error(error)
            return True

    def tell_error(self, error: Exception) -> None:
        """Show an error of the screen's own and put its traceback into the log. Safe at any time, also while a screen
        is drawn anew and while the application leaves."""
        if self.batch.running is not None:
            with suppress(RuntimeError):  # the session's thread has ended
                self.session.note(Text.same("".join(traceback.format_exception(error))))
        self.say(texts.ENGINE_ERROR.in_(self.lang).format(error=f"{type(error).__name__}: {error}"), severity="error")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show an error of a worker; the batch, in its own thread, goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            if event.worker.name == "begin":
                self._cannot_begin([f"{type(event.worker.error).__name__}: {event.worker.error}"])
            else:
                assert isinstance(event.worker.error, Exception)
                self.tell_error(event.worker.error)

    def action_leave(self) -> None:
        """Leave; ask first if work is in flight. The next start resumes it."""
        if not self.batch.is_running:
            self.exit(self.batch.exit_code(self._return_code or Exit.OK))
            return
        if not self.batch.unfinished:
            self._drain()
            return
        from cozebatch_tui.screen.screens.dialogs import ConfirmLeaving

        if isinstance(self.screen, ConfirmLeaving):
            return
        in_flight, films = self.batch.work_left()
        question = texts.CONFIRM_QUIT_DEMO if self.is_demo else texts.CONFIRM_QUIT
        text = question.filled(flight=in_flight, synthesis=films).in_(self.lang)
        self.push_screen(ConfirmLeaving(text, self.lang), lambda yes: self._drain() if yes else None)

    def action_interrupt(self) -> None:
        """Ctrl-C: copies what is marked; else it is the quit key, and answers that one's question with yes."""
        from cozebatch_tui.screen.screens.dialogs import ConfirmLeaving

        if getattr(self.focused, "selected_text", "") or self.screen.get_selected_text():
            raise SkipAction
        if isinstance(self.screen, ConfirmLeaving):
            self.screen.dismiss(True)
        else:
            self.action_leave()

    async def action_quit(self) -> None:
        """Textual's own command leaves like the key does."""
        self.action_leave()

    def _drain(self) -> None:
        if self.batch.draining:
            return
        self.batch.draining = True
        self.say(texts.LEAVING.in_(self.lang))
        self.batch.stop()
        self.set_timer(DRAIN_SECONDS, lambda: self.exit(int(Exit.INTERRUPTED)))

    def signalled(self) -> None:
        """A closed terminal or a polite kill drains like the quit key. Called in another thread: the event loop may be
        stuck in a write to a terminal that takes no more. Before `on_load` nothing has begun, so it ends at once."""
        if self._event_loop is None:
            leave_at_once()
            return
        self.batch.stop()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._event_loop.call_soon_threadsafe(self._leave_unasked)

    def _leave_unasked(self) -> None:
        if self.batch.is_running:
            self._drain()
        else:
            self.exit(int(Exit.INTERRUPTED))

    def keys(self) -> Mapping[str, Sequence[str]]:
        """The live keys of the main screen, or of the one on top until there is one."""
        return live_keys(self.main if self.main is not None else self.screen)

    def _text(self, text: Text) -> str:
        return text_with_keys(text, self.lang, self.keys())

    def last_words(self) -> list[str]:
        """What stays on the terminal when the screen is gone."""
        if self.start.setup_needed:
            return unfinished_setup(self.lang)
        return farewell(self.batch, self.lang) or (set_up(self.batch.command, self.lang) if self.start.set_up else [])

    def action_help(self) -> None:
        """From the live keymap of the main screen and the app, whichever screen is on top; before there is one, of the
        screen that is there."""
        from cozebatch_tui.screen.screens.help import HelpScreen

        there = [screen.SCOPE for screen in self.screen_stack if isinstance(screen, ActionScreen)]
        before: Scope = there[-1] if there else "app"
        self.push_screen(HelpScreen(before if self.main is None else "main", self.keys()))


def run_app(start: AppStart) -> int:
    """Run the terminal UI; return the exit code (docs/contract.md §1). Whatever ends it, the drain is completed."""
    return run_to_the_end(CozebatchApp(start, ask_terminal(os.environ)))


def run_to_the_end(app: CozebatchApp) -> int:
    """Run this application, and complete what it began."""
    code: int | None = None
    with Interrupts(app.signalled) as interrupts, hangup_watched(interrupts.begin_once), stops_given_back():
        try:
            code = app.run()
        finally:
            app.give_back_title()
            app.batch.close()
    if sys.stdout is not None:
        out = Output(sys.stdout)  # the terminal may be gone
        for line in app.last_words():
            out.line(line)
    return app.batch.exit_code(Exit.OK if code is None else code)
