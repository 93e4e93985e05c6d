"""The two cards of the start screen: what the plan costs, and how long it takes, where films go, what was checked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from cozebatch.batch.preview import Preview
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.prices import yuan
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.planning.planned import Action
from cozebatch.synthesis.failures import existing_parent
from cozebatch_tui.locale import start as texts
from cozebatch_tui.presentation.formatting import duration, size_of
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import Host, host_of
from cozebatch_tui.screen.view_model import GUESS
from cozebatch_tui.screen.widgets.figures import Figures, FittedFigures, Part
from cozebatch_tui.screen.widgets.plan_list import TONES


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks before the start have found so far. `items` is None until they are through."""

    items: Sequence[CheckItem] | None = None
    complaints: Sequence[Text] = ()
    """Why the batch should not begin."""
    starts_after: bool = False
    """The operator has said already that the batch is to begin."""


class PlanCards(Horizontal):
    """Draws a plan; a narrow terminal gets both cards in one."""

    SCOPED_CSS = False  # the rules name classes of the screen

    DEFAULT_CSS = """
    PlanCards { height: 9; }
    PlanCards Figures { width: 1fr; height: 100%; border: round $line; padding: 0 1; }
    PlanCards Figures { border-title-color: $muted; }
    .-short PlanCards { height: 6; }
    .-narrow PlanCards { height: auto; max-height: 8; }
    .-narrow PlanCards Figures { height: auto; }
    .-narrow PlanCards #how { display: none; }
    """

    @property
    def _host(self) -> Host:
        return host_of(self)

    def compose(self) -> ComposeResult:
        yield FittedFigures(id="cost")
        yield Figures(id="how")

    def show(self, plan: Preview, checks: Checks, usual: float | None) -> None:
        """`plan`: without what was unticked. `usual`: seconds of an execution, where there is a record."""
        lang, cost, how = self._host.lang, self.query_one("#cost", Figures), self.query_one("#how", Figures)
        cost.title(texts.COST.in_(lang))
        how.title(texts.HOW.in_(lang))
        width, height = max(10, cost.size.width), cost.size.height
        if how.display:
            cost.draw(Content("\n").join([*self._amounts(plan)[: max(2, height - 1)], self._bar(plan, width)]))
            how.draw(self._course(plan, checks, usual, max(10, how.size.width)))
        else:
            cost.draw(self._in_short(plan, checks, usual, width))

    def _amounts(self, plan: Preview) -> list[Content]:
        """A line for each thing that is done with a row, and how many rows it is done with."""
        lang, lines = self._host.lang, list[Content]()
        for action in Action:
            number = plan.actions.get(action, 0)
            if action is Action.HOLD and number and (asked := sum(task.waits for task in plan.tasks)):
                number -= asked
                style = f"bold ${TONES[action]}"
                lines.append(Content.assemble((f"{asked:>5}  ", style), texts.ASKED.in_(lang)))
            if number > 0 or action is Action.SUBMIT:
                style = f"bold ${TONES[action]}" if number else "bold"
                told = texts.AMOUNTS[action].in_(lang) + (self._costs(number) if action is Action.SUBMIT else "")
                lines.append(Content.assemble((f"{number:>5}  ", style), told))
        if plan.owed:
            lines.append(Content.styled("       " + texts.OWED.filled(count=plan.owed).in_(lang), "$muted"))
        return lines

    def _costs(self, executions: int) -> str:
        expected = self._host.session.prices.expected(executions)
        if not executions or expected is None:
            return ""
        return "  " + texts.COSTS.in_(self._host.lang).format(cost=yuan(expected, self._host.look.glyphs.yuan))

    def _course(self, plan: Preview, checks: Checks, usual: float | None, width: int) -> Content:
        lang = self._host.lang
        named = {
            texts.CONCURRENCY: Content(self._limits()),
            texts.TAKES: Content(self._takes(plan, usual)),
            texts.FILMS: Content(self._films()),
            texts.CHECKS: self._checks(checks, width - cell_len(texts.CHECKS.in_(lang)) - 2),
        }
        lines = [Content.assemble((f"{name.in_(lang)}  ", "$muted"), text) for name, text in named.items()]
        return Content("\n").join(lines)

    def _in_short(self, plan: Preview, checks: Checks, usual: float | None, width: int) -> Content:
        """Both cards in four lines."""
        lang = self._host.lang
        amounts = [
            Content.assemble(
                (str(plan.actions[action]), f"bold ${TONES[action]}"),
                f" {text.in_(lang)}{self._costs(plan.actions[action]) if action is Action.SUBMIT else ''}",
            )
            for action, text in texts.WHAT.items()
            if plan.actions.get(action, 0)
        ]
        dot = f" {self._host.look.glyphs.dot} "
        how = dot.join([self._takes(plan, usual), self._limits(), self._films()])
        lines = [Content("  ").join(amounts), self._bar(plan, width), Content(how), self._checks(checks, width)]
        return Content("\n").join(lines)

    def _bar(self, plan: Preview, width: int) -> Content:
        """What is done to how many, in the colours of the list."""
        total, glyphs = max(1, len(plan.tasks)), self._host.look.glyphs
        parts: list[Part] = []
        taken = reached = 0
        for action in Action:
            reached += plan.actions.get(action, 0)
            cells = round(width * reached / total) - taken
            parts.append((glyphs.eighths[-1] * cells, f"${TONES[action]}"))
            taken += cells
        return Content.assemble(*parts)

    def _limits(self) -> str:
        coze, synthesis = self._host.session.limits
        return texts.LIMITS.in_(self._host.lang).format(coze=coze, synthesis=synthesis)

    def _takes(self, plan: Preview, usual: float | None) -> str:
        lang, number = self._host.lang, plan.new_executions
        if not number:
            return texts.NOTHING_NEW.in_(lang)
        each, limit = usual or GUESS, self._host.session.limits[0]
        whole = duration(-(-number // max(1, limit)) * each)
        text = texts.ABOUT if usual else texts.GUESS
        return text.in_(lang).format(time=whole, each=duration(each))

    def _films(self) -> str:
        lang, folder = self._host.lang, self._host.films_folder
        if folder is None:
            return texts.NO_FILMS.in_(lang)
        try:
            free = size_of(shutil.disk_usage(existing_parent(Path(folder).absolute())).free)
        except OSError:
            return clean(folder, 120)
        return texts.FREE_SPACE.in_(lang).format(folder=clean(folder, 120), free=free)

    def _checks(self, checks: Checks, width: int) -> Content:
        """How they stand, in so many cells; what they say is in `plan_remarks`."""
        lang, glyphs = self._host.lang, self._host.look.glyphs
        if checks.complaints:
            return Content.styled(f"{glyphs.bad} {texts.FAILED.in_(lang)}", f"bold ${Tone.FAILED}")
        if checks.items is None:
            waits = f"  {texts.WAITS.in_(lang)}" if checks.starts_after else ""
            return Content.styled(texts.CHECKING.in_(lang) + waits, "$muted")
        good = list(dict.fromkeys(item.subject.in_(lang) for item in checks.items if item.level is Level.OK))
        shown, dot = len(good), f" {glyphs.dot} "
        while (line := _named(good[:shown], len(good) - shown, dot)) and shown and cell_len(line) > width - 2:
            shown -= 1
        return Content.styled(f"{glyphs.good} {line}".rstrip(), f"${Tone.DONE}")


def _named(names: Sequence[str], others: int, dot: str) -> str:
    """The names in one line, and how many there are besides."""
    return dot.join([*names, f"+{others}"] if others else names)
