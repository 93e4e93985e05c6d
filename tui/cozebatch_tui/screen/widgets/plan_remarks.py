"""What an operator should read before he begins: why the batch cannot, warnings of the checks, remarks on the plan.

As high as its text, so that nothing is cut; beyond a part of the screen it scrolls.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from cozebatch.batch.preview import Preview
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import start as texts
from cozebatch_tui.presentation.allowed import allowed
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.figures import Figures
from cozebatch_tui.screen.widgets.plan_cards import Checks


class PlanRemarks(VerticalScroll):
    """Not there when there is nothing to say."""

    DEFAULT_CSS = """
    PlanRemarks { height: auto; max-height: 9; padding: 0 2; scrollbar-size-vertical: 1; }
    PlanRemarks Figures { height: auto; }
    .-short PlanRemarks { max-height: 5; }
    """
    SCOPED_CSS = False  # the rules name classes of the screen

    def __init__(self, notes: Sequence[Text] = ()) -> None:
        """`notes`: of the configuration, known before there is a plan."""
        super().__init__()
        self._notes = notes
        self.display = False

    def compose(self) -> ComposeResult:
        yield Figures()

    def show(self, plan: Preview, checks: Checks) -> None:
        lang = host_of(self).lang
        lines = [
            *(Content.styled(clean(text.in_(lang), 500), f"${Tone.FAILED}") for text in checks.complaints),
            *(_remark(item.subject, item.text, lang) for item in _warned(checks.items or ())),
            *(_remark(texts.WARNED, text, lang) for text in (*self._notes, *_of_plan(plan))),
        ]
        self.display = bool(lines)
        self.query_one(Figures).draw(Content("\n").join(lines))


def _remark(subject: Text, text: Text, lang: Lang) -> Content:
    return Content.assemble((f"! {clean(subject.in_(lang), 60)} ", f"${Tone.ATTENTION}"), clean(text.in_(lang), 300))


def _warned(items: Sequence[CheckItem]) -> list[CheckItem]:
    return [item for item in items if item.level is Level.WARN]


def _of_plan(plan: Preview) -> list[Text]:
    """What should be known of the plan itself before it begins; what costs money or a result first."""
    told = (plan.same_script, plan.expiring, plan.misnamed, allowed(plan.run.allowance), plan.recognized, plan.edited)
    return [text for text in told if text is not None]
