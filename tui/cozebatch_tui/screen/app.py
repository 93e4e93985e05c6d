"""The Textual application: loads behind the first paint, asks before it pays, and leaves only after a drain.

Screens are imported when they are first shown: until then something is painted already.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch_tui.exit_codes import Exit, exit_of
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.preferences import load_user_settings, save_user_settings
from cozebatch_tui.screen.screens.message import MessageScreen
from cozebatch_tui.screen.startup import AppStart
from cozebatch_tui.session.signals import Interrupts

if TYPE_CHECKING:
    from cozebatch.batch.batch import Preview
    from cozebatch.engine.engine import Outcome
    from cozebatch_tui.screen.actions import Actions
    from cozebatch_tui.screen.screens.main import MainScreen
    from cozebatch_tui.screen.screens.start import Decision
    from cozebatch_tui.screen.view_model import ViewModel
    from cozebatch_tui.session.session import Session

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#00ffff",
    secondary="#ffffff",
    accent="#ffd700",
    warning="#ffff00",
    error="#ff6060",
    success="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    dark=True,
)

PUMPS_A_SECOND = 12
DRAIN_SECONDS = 6.0


class CozebatchApp(App[int]):
    """One batch, from loading to leaving."""

    TITLE = "cozebatch"
    CSS = "Screen { layers: base over; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", show=False, id="help"),
        Binding("q", "leave", "quit", show=False, id="quit"),
        Binding("ctrl+q", "leave", show=False, priority=True),
        Binding("f2", "switch_lang", "lang", show=False, id="lang"),
    ]
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, start: AppStart) -> None:
        super().__init__()
        self.start = start
        self.closing = ExitStack()
        """Leaves the session; closed by whoever runs the application, after the drain."""
        self.lang: Lang = start.lang
        self.main: MainScreen | None = None
        self.outcome: Outcome | None = None
        self._session: Session | None = None
        self._view_model: ViewModel | None = None
        self._run_future: Future[Outcome] | None = None
        self._leaving = False
        self._answer: asyncio.Future[bool] | None = None

    @property
    def session(self) -> Session:
        assert self._session is not None
        return self._session

    @cached_property
    def actions(self) -> Actions:
        from cozebatch_tui.screen.actions import Actions

        return Actions(self)

    @property
    def view_model(self) -> ViewModel:
        assert self._view_model is not None
        return self._view_model

    def on_mount(self) -> None:
        saved = load_user_settings()
        self.register_theme(HIGH_CONTRAST)
        if isinstance(keymap := saved.get("keymap"), dict):
            self.set_keymap({str(name): str(keys) for name, keys in keymap.items()})
        if (theme := saved.get("theme")) in self.available_themes:
            self.theme = theme
        self.theme_changed_signal.subscribe(self, lambda theme: save_user_settings({"theme": theme.name}))
        self._events = asyncio.get_running_loop()
        if self.start.setup_needed:
            self.push_screen(MessageScreen(texts.SETUP.in_(self.lang), [texts.ANY_KEY_LEAVES.in_(self.lang)]))
            return
        self.push_screen(MessageScreen(texts.LOADING.in_(self.lang)))
        self.run_worker(self._begin(), name="begin", exit_on_error=False)

    async def _begin(self) -> None:
        """Load, ask, check, run."""
        try:
            preview = await self._load()
            if preview is None:
                return
            await self.switch_screen(MessageScreen(texts.CHECKING.in_(self.lang)))
            if preview.has_work:
                await asyncio.wrap_future(self.session.preflight())
        except (UsageError, JournalError) as error:
            complaints = error.complaints if isinstance(error, UsageError) else (error.text,)
            self._cannot_begin([complaint.in_(self.lang) for complaint in complaints])
            return
        self._run_future = self.session.run(preview, keep_open=True)
        self._run_future.add_done_callback(lambda _: self.call_from_thread(self._ended) if self.is_running else None)
        from cozebatch_tui.screen.screens.main import MainScreen

        self.main = MainScreen()
        await self.switch_screen(self.main)
        self.set_interval(1 / PUMPS_A_SECOND, self._pump)

    async def _load(self) -> Preview | None:
        """What is to be run; None when the operator leaves instead."""

        def open_session() -> Session:
            from cozebatch_tui.screen.view_model import ViewModel

            session = self.closing.enter_context(self.start.make_session(self._ask_from_thread))
            self._session = session
            self._view_model = ViewModel(session.subscribe())
            session.open()
            return session

        session = await asyncio.to_thread(open_session)
        preview = await asyncio.wrap_future(session.prepare())
        if self.start.begin_at_once:
            return preview
        decision = await self._ask(preview)
        if decision == "leave":
            self.exit(Exit.OK)
            return None
        return preview.canary(decision) if isinstance(decision, int) else preview

    def _ask_from_thread(self, question: Text) -> bool:
        """Put a question to the operator; waits for the answer. No, when he leaves instead."""

        async def ask() -> bool:
            from cozebatch_tui.screen.screens.dialogs import Confirm

            self._answer = asyncio.get_running_loop().create_future()
            self.push_screen(Confirm(question.in_(self.lang), self.lang), self._answered)
            return await self._answer

        answer: bool = self.call_from_thread(ask)  # type: ignore[arg-type]  # mypy cannot solve Textual's union
        return answer

    def _answered(self, yes: bool | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(yes is True)

    def on_unmount(self) -> None:
        self._answered(False)

    async def _ask(self, preview: Preview) -> Decision:
        from cozebatch_tui.screen.screens.start import StartScreen

        answer = await self.push_screen_wait(StartScreen(preview, self.start.notes, self.lang))
        return answer or "leave"

    def _cannot_begin(self, lines: list[str]) -> None:
        self.outcome = None
        self._return_code = Exit.USAGE
        self.switch_screen(
            MessageScreen(texts.CANNOT_BEGIN.in_(self.lang), [*lines, texts.ANY_KEY_LEAVES.in_(self.lang)])
        )

    def _pump(self) -> None:
        changes = self.view_model.pump()
        try:
            if self.main is not None:
                self.main.apply(changes)
        except Exception as error:  # noqa: BLE001 - as above
            self.tell_error(error)

    def _ended(self) -> None:
        """The engine's thread is done: after a drain, or because it could not go on."""
        assert self._run_future is not None
        failed = self._run_future.exception()
        if failed is not None:
            self.say(texts.ENGINE_ERROR.in_(self.lang).format(error=failed))
            self._return_code = Exit.STOPPED
        else:
            self.outcome = self._run_future.result()
        if self._leaving:
            self.exit(int(exit_of(self.outcome)) if self.outcome is not None else int(Exit.STOPPED))

    def say(self, text: str) -> None:
        """A line for the operator, where the main screen shows it."""
        if self.main is not None and self.main.is_mounted:
            self.main.say(text)

    async def run_action(self, action: Any, *more: Any, **named: Any) -> bool:
        """An error behind a key is told and written to the log; the screen stays."""
        try:
            return await super().run_action(action, *more, **named)
        except Exception as error:  # noqa: BLE001 - the batch goes on in its own thread, so the screen should too
            self.tell_error(error)
            return True

    def tell_error(self, error: Exception) -> None:
        """Something of the screen's own broke: say so, and put the whole of it into the log."""
        if self._run_future is not None:
            self.session.note(Text.same("".join(traceback.format_exception(error))))
        self.say(texts.ENGINE_ERROR.in_(self.lang).format(error=f"{type(error).__name__}: {error}"))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """An error of the screen's own is shown; the batch, in its own thread, goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            if event.worker.name == "begin":
                self._cannot_begin([f"{type(event.worker.error).__name__}: {event.worker.error}"])
            else:
                assert isinstance(event.worker.error, Exception)
                self.tell_error(event.worker.error)

    def action_leave(self) -> None:
        """Leave after asking, if work is in flight; what is in flight is taken up next time."""
        if self._run_future is None or self._run_future.done():
            self.exit(int(self._return_code or Exit.OK) if self.outcome is None else int(exit_of(self.outcome)))
            return
        counts = self.view_model.board.counts
        flight = sum(n for state, n in counts.items() if state.in_flight)
        films = counts[State.DOWNLOADING] + counts[State.QUEUED] + counts[State.SYNTHESIZING]
        if not self.view_model.board.unfinished:
            self._drain()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._drain()

        from cozebatch_tui.screen.screens.dialogs import Confirm

        question = texts.CONFIRM_QUIT.in_(self.lang).format(flight=flight, synthesis=films)
        self.push_screen(Confirm(question, self.lang), answered)

    def _drain(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        self.say(texts.LEAVING.in_(self.lang))
        self.session.stop()
        self.set_timer(DRAIN_SECONDS, lambda: self.exit(int(Exit.INTERRUPTED)))

    def signalled(self) -> None:
        """A closed terminal or a polite kill drains like `q` does. Called in another thread: this one may be stuck in
        a write to a terminal that takes no more."""
        if self._session is not None:
            self._session.stop()
        if self._events is not None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._events.call_soon_threadsafe(self._leave_unasked)

    def _leave_unasked(self) -> None:
        if self._run_future is None or self._run_future.done():
            self.exit(int(Exit.INTERRUPTED))
        else:
            self._drain()

    def action_help(self) -> None:
        """From the live keymap of the main screen and the app, whichever screen is on top."""
        from cozebatch_tui.screen.screens.help import HelpScreen

        maps = [] if self.main is None else [self.main._bindings]
        self.push_screen(HelpScreen([binding for bindings in (*maps, self._bindings) for _, binding in bindings]))

    def action_switch_lang(self) -> None:
        """The other language, at once and for next time."""
        self.lang = "en" if self.lang == "zh" else "zh"
        save_user_settings({"lang": self.lang})
        if self.main is not None:
            self.main.refresh(recompose=True)
            self.call_after_refresh(self.main.on_mount)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything the keys do, under its name."""
        yield from super().get_system_commands(screen)
        yield SystemCommand(texts.KEYS["lang"].in_(self.lang), "F2", self.action_switch_lang)
        if (main := self.main) is not None and screen is main:
            for key, action in (
                ("pause", main.action_pause),
                ("retry", main.action_retry),
                ("retry_all", main.action_retry_all),
                ("rerun", main.action_rerun),
                ("cancel", main.action_cancel),
                ("timeline", main.action_timeline),
                ("errors", main.action_errors),
                ("log", main.action_log),
                ("filter", main.action_filter),
            ):
                yield SystemCommand(texts.KEYS[key].in_(self.lang), "", action)


def run_app(start: AppStart) -> int:
    """Run the terminal UI; return the exit code (docs/contract.md §1). Whatever ends it, the drain is completed."""
    app = CozebatchApp(start)
    code: int | None = None
    with Interrupts(app.signalled):
        try:
            code = app.run()
        finally:
            session, running = app._session, app._run_future
            if session is not None and running is not None and not running.done():
                session.stop()
                with suppress(TimeoutError):
                    app.outcome = running.result(timeout=DRAIN_SECONDS)
            app.closing.close()
    if app.outcome is not None:
        return int(exit_of(app.outcome))
    return int(Exit.OK if code is None else code)
