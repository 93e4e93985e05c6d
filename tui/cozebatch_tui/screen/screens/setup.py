"""The set-up: shown when there is no configuration. One step at a time; the last one looks at everything and writes it.

Until then nothing is written. The steps are in `setup.steps`; this is their frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.errors import UsageError
from cozebatch_tui.locale import header
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.presentation.invocation import typed
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.action_registry import bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.setup.field_box import FieldBox
from cozebatch_tui.screen.setup.findings import Findings
from cozebatch_tui.screen.setup.steps import STEPS, SetupStep
from cozebatch_tui.screen.startup import Chosen
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.figures import Figures, clickable, spread

PATIENCE = 0.7
"""Seconds after the last key until the answers are looked at."""


class SetupScreen(ActionScreen[Chosen]):
    """Dismissed with what was chosen: the demo, or the configuration that was written."""

    SCOPED_CSS = False  # the rules name classes of the screen
    DEFAULT_CSS = """
    SetupScreen #top { height: 1; background: $raised; padding: 0 1; }
    SetupScreen #body { height: 1fr; }
    SetupScreen #steps { width: 26; height: 1fr; border: round $line; padding: 0 1; }
    SetupScreen #steps-line { height: 1; padding: 0 1; display: none; }
    SetupScreen #panel { width: 1fr; height: 1fr; border: round $line; padding: 1 2; }
    SetupScreen #panel { border-title-color: $foreground; border-title-style: bold; }
    SetupScreen.-narrow #steps { display: none; }
    SetupScreen.-narrow #steps-line { display: block; }
    SetupScreen.-short #panel { padding: 0 1; }
    SetupScreen.-short Findings { margin-top: 0; }
    """
    SCOPE = "setup"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("setup")

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        """`answers` that are known beforehand."""
        super().__init__()
        self.answers: dict[str, str] = dict(answers or {})
        self._place = 0
        self._complains = False
        """Whether wrong answers are told: not before the operator wanted to go on."""
        self._timer: Timer | None = None

    @property
    def step(self) -> SetupStep:
        return STEPS[self._place]

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        yield Figures(id="top")
        yield Figures(id="steps-line")
        with Horizontal(id="body"):
            yield Figures(id="steps")
            with VerticalScroll(id="panel", can_focus=False):
                for field in self.step.fields:
                    yield FieldBox(field, self._answer(field.name))
                if self.step is STEPS[-1]:
                    yield Static(Content(texts.WILL_WRITE.in_(lang).format(path=CONFIG_FILE)))
                    if self.answers.get("source") == "file":
                        yield Static(
                            Content(typed(texts.NEXT_TIME).in_(lang).format(path=self.answers.get("tasks", "")))
                        )
                yield Findings()
        yield ActionFooter("setup")

    def on_mount(self) -> None:
        self._begin_step()

    async def recompose(self) -> None:
        """The same step in another language, or another step."""
        boxes = [box.field.name for box in self.query(FieldBox) if box.has_focus_within]
        await super().recompose()
        self._begin_step(boxes[0] if boxes else None)

    def on_resize(self) -> None:
        if self.query("#top"):
            self._draw_frame()

    def _begin_step(self, focused: str | None = None) -> None:
        self._show_fields()
        self._draw_frame()
        boxes = [box for box in self.query(FieldBox) if box.display]
        named = [box for box in boxes if box.field.name == focused]
        if boxes:
            (named or boxes)[0].focus_answer()
        self._look_soon(0.0)

    def _answer(self, name: str) -> str:
        """The answer as it stands; the first time, what is usual here."""
        if name == "lang":
            return self.host.lang
        if name not in self.answers:
            field = next(field for step in STEPS for field in step.fields if field.name == name)
            self.answers[name] = next(iter(field.choices)) if field.choices else field.initial()
        return self.answers[name]

    @on(FieldBox.Answered)
    @guarded
    def _answered(self, event: FieldBox.Answered) -> None:
        if event.name == "lang":
            if event.answer != self.host.lang:
                self.call_later(self.app.run_action, "app.switch_lang")
            return
        self.answers[event.name] = event.answer
        self._show_fields()
        self._look_soon(PATIENCE)

    def _show_fields(self) -> None:
        asked = {field.name for field in self.step.asked(self.answers)}
        wrong = self.step.validate(self.answers) if self._complains else {}
        for box in self.query(FieldBox):
            box.display = box.field.name in asked
            box.complain(wrong.get(box.field.name))

    def _look_soon(self, seconds: float) -> None:
        """Look at the answers once they rest, if they could be right."""
        if self._timer is not None:
            self._timer.stop()
        findings = self.query_one(Findings)
        findings.forget()
        if self.step.look is not None and not self.step.validate(self.answers):
            self._timer = self.set_timer(max(0.01, seconds), self._look)

    @guarded
    def _look(self) -> None:
        if self.step.look is not None:
            self.query_one(Findings).look(self.step.look, self.answers)

    @on(FieldBox.Entered)
    @guarded
    def _entered(self, event: FieldBox.Entered) -> None:
        """To the next question of this step, or on."""
        wrong = self.step.validate(self.answers).get(event.name)
        if wrong is not None:
            self.query_one(f"#field-{event.name}", FieldBox).complain(wrong)
            return
        boxes = [box for box in self.query(FieldBox) if box.display]
        place = next(n for n, box in enumerate(boxes) if box.field.name == event.name)
        if place + 1 < len(boxes):
            boxes[place + 1].focus_answer()
        else:
            self.action_next()

    def action_next(self) -> None:
        """The next step if this one is answered; after the last one, write."""
        wrong = self.step.validate(self.answers)
        self._complains = bool(wrong)
        if wrong:
            self._show_fields()
            self.query_one(f"#field-{next(iter(wrong))}", FieldBox).focus_answer()
        elif self._place + 1 < len(STEPS):
            self.action_go(self._place + 1)
        else:
            self._write()

    def action_previous(self) -> None:
        if self._place > 0:
            self.action_go(self._place - 1)

    def action_go(self, place: int) -> None:
        """To that step; those that are not answered yet cannot be skipped."""
        if place <= self._place + 1:
            self._place, self._complains = place, False
            self.refresh(recompose=True)

    def action_demo(self) -> None:
        self.dismiss(Chosen(demo=True))

    def _write(self) -> None:
        from cozebatch_tui.session.new_configuration import configuration_of, write_configuration

        path = Path(CONFIG_FILE)
        if path.exists():
            self.host.say(texts.EXISTS.in_(self.host.lang).format(path=path), severity="error")
            return
        try:
            write_configuration(path, configuration_of(self.answers))
        except UsageError as error:
            self.host.say("\n".join(text.in_(self.host.lang) for text in error.complaints), severity="error")
            return
        from_file = self.answers.get("source") == "file"
        self.dismiss(Chosen(tasks_file=self.answers["tasks"].strip() if from_file else None))

    def _draw_frame(self) -> None:
        lang = self.host.lang
        left = Content.assemble(("cozebatch", "bold $stage-coze"), "  ", (texts.TITLE.in_(lang), "bold"))
        right = Content.assemble(
            clickable(f"F2 {'EN' if lang == 'zh' else '中文'}", "app.switch_lang", "$muted"),
            "  ",
            clickable(f"? {header.HELP.in_(lang)}", "app.help", "$muted"),
        )
        self.query_one("#top", Figures).draw(spread(left, right, max(20, self.size.width - 2)))
        names = [self._named(place, f"{place + 1} ") for place in range(len(STEPS))]
        demo = clickable(f" {self.text(texts.SEE_DEMO)} ", "screen.demo", "reverse")
        offer = [Content(""), Content.styled(texts.NO_ACCOUNT.in_(lang), "$muted"), demo]
        self.query_one("#steps", Figures).draw(Content("\n").join([*names, *offer]))
        in_line = [Content("  ").join([self._named(place, "") for place in range(len(STEPS))]), demo]
        self.query_one("#steps-line", Figures).draw(spread(in_line[0], in_line[1], max(20, self.size.width - 2)))
        panel = self.query_one("#panel")
        values = {"number": self._place + 1, "count": len(STEPS), "title": self.step.title.in_(lang)}
        panel.border_title = Content(texts.PLACE.in_(lang).format(**values))

    def _named(self, place: int, number: str) -> Content:
        """A step in the list: done, open, or still to come."""
        glyphs, step = self.host.look.glyphs, STEPS[place]
        name = step.short.in_(self.host.lang)
        if place < self._place:
            return Content.assemble(
                number, (f"{glyphs.good} ", f"${Tone.DONE}"), clickable(name, f"screen.go({place})")
            )
        if place == self._place:
            return Content.styled(f"{number}{glyphs.live} {name}", "bold")
        return Content.styled(f"{number}{glyphs.dot} {name}", "$muted")
