"""The set-up: shown when there is no configuration. One question at a time; the last one checks all and writes.

Until then nothing is written but the answers themselves, without secrets, so that the next start can go on. The
questions are `cozebatch.setup`; this is their frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import anyio
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch_tui.locale import header
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.action_keys import bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.setup.errand import Errands
from cozebatch_tui.screen.setup.findings import Findings, Tell
from cozebatch_tui.screen.setup.question_pane import QuestionPane
from cozebatch_tui.screen.startup import Chosen
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.figures import Figures, clickable, spread

if TYPE_CHECKING:
    from cozebatch.setup.state import State, World
    from cozebatch_tui.session.setup import Written


_TOLD_FOR = 12.0
"""Seconds for which the screen says what was written, and what comes next."""


class SetupScreen(ActionScreen[Chosen]):
    """Dismissed with what was chosen: the demo, or the configuration that was written."""

    SCOPED_CSS = False  # the rules name classes of the screen
    DEFAULT_CSS = """
    SetupScreen #top { height: 1; background: $raised; padding: 0 1; }
    SetupScreen #body { height: 1fr; }
    SetupScreen #steps { width: 24; height: 1fr; border: round $line; padding: 0 1; }
    SetupScreen #steps-line { height: 1; padding: 0 1; display: none; }
    SetupScreen #panel { width: 1fr; height: 1fr; border: round $line; padding: 0 2; }
    SetupScreen #panel { border-title-color: $foreground; border-title-style: bold; }
    SetupScreen #panel.-check QuestionPane, SetupScreen #panel.-check #entries { height: auto; }
    SetupScreen.-narrow #steps { display: none; }
    SetupScreen.-narrow #steps-line { display: block; }
    SetupScreen.-short #panel { padding: 0 1; }
    SetupScreen.-short Findings { margin-top: 0; }
    """
    SCOPE = "setup"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("setup")

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """`given`: answers that are known beforehand."""
        super().__init__()
        self._given = dict(given or {})
        self._errands = Errands()
        self.state: State | None = None
        """None while it is opened."""
        self.world: World | None = None

    def compose(self) -> ComposeResult:
        yield Figures(id="top")
        yield Figures(id="steps-line")
        with Horizontal(id="body"):
            yield Figures(id="steps")
            with VerticalScroll(id="panel", can_focus=False):
                if self.state is not None and self.world is not None:
                    from cozebatch.setup.flow import ask

                    yield QuestionPane(ask(self.state, self.world), *self._before)
                yield Findings()
        yield ActionFooter("setup")

    _before: tuple[str | None, str | None] = (None, None)
    """What was typed and chosen, when the same question is drawn anew."""
    _goes_on = False
    """Another question is drawn."""

    def on_mount(self) -> None:
        self._draw_frame()
        self.query_one(Findings).forget()
        given, lang = self._given, self.host.lang

        def begin() -> tuple[State, World]:
            from cozebatch_tui.session.setup import begin

            return begin(Path(CONFIG_FILE), lang, given)

        self._errands.run(begin, self._begun)

    def _begun(self, begun: tuple[State, World] | Exception) -> None:
        if isinstance(begun, Exception):
            self.host.tell_error(begun)
            return
        self.state, self.world = begun
        self.refresh(recompose=True)

    async def recompose(self) -> None:
        """The same question in another language, or another question."""
        if self.state is not None and self.state.answers.lang != self.host.lang:
            self.state = self.state.answer(lang=self.host.lang)
        for pane in self.query(QuestionPane):
            self._before = (None, None) if self._goes_on else (pane.typed, pane.chosen)
        self._goes_on = False
        await super().recompose()
        self._before = (None, None)
        self._draw_frame()
        findings, panel = self.query_one(Findings), self.query_one("#panel")
        findings.forget()
        checks = self.state is not None and self.state.at == "check"
        panel.set_class(checks, "-check")
        if checks:
            state = self.state
            assert state is not None

            def look(tell: Tell) -> None:
                from cozebatch_tui.session.setup_check import look_at_everything

                look_at_everything(state, tell)

            findings.look(look)

    def on_resize(self) -> None:
        if self.query("#top"):
            self._draw_frame()

    @property
    def pane(self) -> QuestionPane:
        return self.query_one(QuestionPane)

    @on(QuestionPane.Answered)
    @guarded
    def _answered(self, event: QuestionPane.Answered) -> None:
        """Look at the answer, and go on. A second `enter` meanwhile counts for nothing."""
        state, world, answer = self.state, self.world, event.answer
        if self._errands.busy or state is None or world is None:
            return
        if state.at == "check":
            self._write(state, world, answer)
            return
        self.pane.wait()

        def work() -> State:
            from cozebatch.setup.flow import reply
            from cozebatch_tui.session.setup import keep

            after = anyio.run(reply, state, world, answer)
            keep(after, world)
            return after

        self._errands.run(work, self._replied)

    def _replied(self, outcome: State | Exception) -> None:
        from cozebatch.setup.question import WrongAnswer

        if not self.is_attached:
            return
        if isinstance(outcome, WrongAnswer):
            self.pane.complain(outcome.text)
        elif isinstance(outcome, Exception):
            self.pane.complain(None)
            self.host.tell_error(outcome)
        else:
            self._go_to(outcome)

    def _go_to(self, state: State) -> None:
        """Show this question, in the language that was chosen."""
        self.state, self._goes_on = state, True
        if state.answers.lang != self.host.lang:
            self.call_later(self.app.run_action, "app.switch_lang")  # draws this screen anew
        else:
            self.refresh(recompose=True)

    def action_next(self) -> None:
        """`enter` where nothing that takes it has the focus."""
        for pane in self.query(QuestionPane):
            pane.post_message(QuestionPane.Answered(pane.chosen or pane.typed or ""))

    def action_previous(self) -> None:
        if self.state is not None:
            from cozebatch.setup.flow import back

            self._errands.give_up()
            self._go_to(back(self.state))

    def action_go(self, group: str) -> None:
        """To an earlier step; those that are not answered yet cannot be skipped."""
        if self.state is not None:
            from cozebatch.setup.flow import back_to

            self._errands.give_up()
            self._go_to(back_to(self.state, group))

    def action_demo(self) -> None:
        """At once only where nothing is lost by it: a letter meant for a text may get here."""
        from cozebatch.setup.flow import group_of, groups_of

        if self.state is None or group_of(self.state) in groups_of(self.state)[:2]:  # before the first secret
            self.dismiss(Chosen(demo=True))
            return
        text = texts.LEAVE_FOR_DEMO.in_(self.host.lang)
        self.app.push_screen(Confirm(text, self.host.lang), self._leave_for_demo)

    def _leave_for_demo(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(Chosen(demo=True))

    def _write(self, state: State, world: World, answer: str) -> None:
        self.pane.wait()

        def work() -> Written:
            from cozebatch.setup.flow import reply
            from cozebatch_tui.session.setup import finish

            return finish(anyio.run(reply, state, world, answer), world)

        self._errands.run(work, self._written)

    def _written(self, outcome: Written | Exception) -> None:
        lang = self.host.lang
        if isinstance(outcome, UsageError):
            self.pane.complain(outcome.complaints[0])
        elif isinstance(outcome, Exception):
            self.pane.complain(None)
            self.host.tell_error(outcome)
        else:
            lines = [texts.WRITTEN.in_(lang).format(path=outcome.path)]
            if outcome.backup is not None:
                lines.append(texts.BACKED_UP.in_(lang).format(path=outcome.backup))
            lines += [note.in_(lang) for note in (*outcome.notes, texts.TRY_ONE)]
            self.app.notify("\n".join(lines), timeout=_TOLD_FOR, markup=False)
            self.dismiss(Chosen(tasks_file=outcome.tasks_file, notes=outcome.notes))

    def _draw_frame(self) -> None:
        lang = self.host.lang
        left = Content.assemble(("cozebatch", "bold $stage-coze"), "  ", (texts.TITLE.in_(lang), "bold"))
        right = Content.assemble(
            clickable(f"F2 {'EN' if lang == 'zh' else '中文'}", "app.switch_lang", "$muted"),
            "  ",
            clickable(f"? {header.HELP.in_(lang)}", "app.help", "$muted"),
        )
        room = max(20, self.size.width - 2)
        self.query_one("#top", Figures).draw(spread(left, right, room))
        demo = clickable(f" {self.text(texts.SEE_DEMO)} ", "screen.demo", "reverse")
        names, title = self._steps()
        offer = [Content(""), Content.styled(texts.NO_ACCOUNT.in_(lang), "$muted"), demo]
        self.query_one("#steps", Figures).draw(Content("\n").join([*names, *offer]))
        self.query_one("#steps-line", Figures).draw(spread(Content(" ").join(self._steps_in_line()), demo, room))
        self.query_one("#panel").border_title = Content(title)

    def _steps(self) -> tuple[list[Content], str]:
        """The steps with their numbers, and the title of the one that is open."""
        lang = self.host.lang
        if self.state is None:
            return [], texts.OPENING.in_(lang)
        from cozebatch.setup.flow import group_of, groups_of, title_of

        groups = groups_of(self.state)
        place = groups.index(group_of(self.state))
        titles = [title_of(group, self.state) for group in groups]
        values = {"number": place + 1, "count": len(groups), "title": titles[place].in_(lang)}
        named = [self._named(groups[at], title, at - place, f"{at + 1:>2} ") for at, title in enumerate(titles)]
        return named, texts.PLACE.in_(lang).format(**values)

    def _steps_in_line(self) -> list[Content]:
        """The same without numbers: on a narrow terminal the names alone."""
        if self.state is None:
            return []
        from cozebatch.setup.flow import group_of, groups_of, title_of

        groups = groups_of(self.state)
        place = groups.index(group_of(self.state))
        near = [at for at in range(len(groups)) if abs(at - place) <= (4 if self.host.lang == "zh" else 2)]
        return [self._named(groups[at], title_of(groups[at], self.state), at - place, "") for at in near]

    def _named(self, group: str, name: Text, distance: int, number: str) -> Content:
        """A step in the list: done, open, or still to come."""
        glyphs, text = self.host.look.glyphs, name.in_(self.host.lang)
        if distance < 0:
            go = clickable(text, f"screen.go('{group}')")
            return Content.assemble(number, (f"{glyphs.good} ", f"${Tone.DONE}"), go)
        if distance == 0:
            return Content.styled(f"{number}{glyphs.live} {text}", "bold")
        return Content.styled(f"{number}{glyphs.dot} {text}", "$muted")
