"""The header: a line that says which batch this is and how it stands, and cards for progress, money and limits.

On a narrow terminal two lines take the cards' place.
"""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from cozebatch.model.prices import yuan
from cozebatch.model.rows import Stage
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import header as texts
from cozebatch_tui.locale.names import PAUSES
from cozebatch_tui.presentation.formatting import count, duration
from cozebatch_tui.presentation.glyphs import sparkline
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.view_model import ViewModel
from cozebatch_tui.screen.widgets.figures import Figures, Part, clickable, spread
from cozebatch_tui.screen.widgets.header_bars import batch_bar, coze_slots, synthesis_slots

_COUNTED = (
    (State.DONE,),
    (State.SYNTHESIZING, State.DOWNLOADING, State.QUEUED, State.WRITING_BACK),
    (State.RUNNING, State.SUBMITTING),
    (State.PENDING,),
    (State.FAILED,),
    (State.HELD,),
    (State.SKIPPED, State.CANCELLED),
)
"""What the counts below the bar add up; the first state of each lends its sign and colour."""
_ALWAYS = 4
"""The first of them are shown even if they are 0."""

_MOST_SLOTS = 20
_BESIDE_SLOTS = 25
"""Cells for the name, the numbers and the word that stand beside the slots."""


class TopBar(Figures):
    """Which batch, how it stands, and the way to the other language and to help."""

    DEFAULT_CSS = "TopBar { height: 1; background: $raised; color: $foreground; padding: 0 1; }"

    def show(self, view_model: ViewModel, *, draining: bool = False) -> None:
        lang = self.host.lang
        left = Content.assemble(
            ("cozebatch", "bold $stage-coze"), " ", (clean(self.host.batch_title, 120), "bold"), self._origin()
        )
        right = Content.assemble(self._state(view_model, draining), "  ", *self._ways(lang))
        self.draw(spread(left, right, self.size.width))

    def _origin(self) -> tuple[str, str]:
        return (f"  {clean(self.host.origin, 120)}" if self.host.origin else "", "$muted")

    def _state(self, view_model: ViewModel, draining: bool) -> Content:
        board, lang, glyphs = view_model.board, self.host.lang, self.host.look.glyphs
        if draining:
            return Content.styled(f"{glyphs.paused} {texts.DRAINING.in_(lang)}", "bold $stage-attention")
        if view_model.is_over:
            at = max((row.finished_at or 0.0 for row in board.rows.values()), default=0.0)
            clock = f" {datetime.fromtimestamp(at):%H:%M}" if at else ""
            bad = board.counts[State.FAILED] + board.counts[State.HELD]
            tone = Tone.FAILED if bad else Tone.DONE
            return Content.styled(f"{glyphs.ended} {texts.ENDED.in_(lang)}{clock}", f"bold ${tone}")
        if board.paused:
            names = [PAUSES[reason].in_(lang) for reason in board.paused if reason in PAUSES]
            return Content.styled(f"{glyphs.paused} {(names or [texts.PAUSED.in_(lang)])[0]}", "bold $stage-attention")
        return Content.styled(f"{glyphs.live} {texts.LIVE.in_(lang)}", "bold $stage-done")

    def _ways(self, lang: Lang) -> list[Part]:
        other = "EN" if lang == "zh" else "中文"
        return [
            clickable(f"F2 {other}", "app.switch_lang", "$muted"),
            "  ",
            clickable(f"? {texts.HELP.in_(lang)}", "app.help", "$muted"),
        ]


class ProgressCard(Figures):
    """How far the batch is, what the tasks do, and when it will end."""

    DEFAULT_CSS = "ProgressCard { width: 3fr; }"

    def show(self, view_model: ViewModel) -> None:
        self.title(texts.PROGRESS.in_(self.host.lang))
        width = self.size.width
        lines = [
            batch_bar(self, view_model, width),
            self._counts(view_model, width),
            Content.assemble(*_times(self, view_model, width)),
        ]
        self.draw(Content("\n").join(lines))

    def _counts(self, view_model: ViewModel, width: int) -> Content:
        board, lang, glyphs = view_model.board, self.host.lang, self.host.look.glyphs
        parts: list[Content] = []
        worded: list[Content] = []
        for place, states in enumerate(_COUNTED):
            number = sum(board.counts[state] for state in states)
            if not number and place >= _ALWAYS:
                continue
            sign, tone = glyphs.states[states[0]], TONE_OF[states[0]]
            word = texts.COUNTED[states[0]].in_(lang)
            parts.append(Content.assemble((f"{sign} ", f"${tone}"), (str(number), "bold")))
            worded.append(Content.assemble((f"{sign} {word} ", f"${tone}"), (str(number), "bold")))
        in_words = Content("  ").join(worded)
        return in_words if in_words.cell_length <= width else Content("  ").join(parts)


class MoneyCard(Figures):
    """What was paid, what will be, and what cost nothing."""

    DEFAULT_CSS = "MoneyCard { width: 2fr; }"

    def show(self, view_model: ViewModel) -> None:
        lang = self.host.lang
        self.title(texts.MONEY.in_(lang))
        board = view_model.board
        owed = board.gauges.owed if board.gauges else 0
        width = self.size.width
        tokens = (texts.TOKENS, count(view_model.tokens), "")
        unwritten = (texts.OWED, owed, f"${Tone.ATTENTION}" if owed else "")
        spent = self.host.session.prices.spent(view_model.paid, view_model.tokens)
        cost = [] if spent is None else [(texts.COST, yuan(spent, self.host.look.glyphs.yuan), "")]
        paid, reused = (texts.PAID, view_model.paid, ""), (texts.REUSED, view_model.reused, "")
        lines = [
            _first_that_fits(
                width,
                _figures(lang, paid, *cost, reused),
                _figures(lang, paid, *cost),
                _figures(lang, paid, *((texts.COST_BRIEF, amount, tone) for _, amount, tone in cost), between=" "),
                _figures(lang, paid),
            ),
            _to_pay(lang, view_model, width),
            _first_that_fits(width, _figures(lang, tokens, unwritten), _figures(lang, unwritten if owed else tokens)),
        ]
        self.draw(Content("\n").join(lines))


class LimitsCard(Figures):
    """The slots of both limits, and the pace."""

    DEFAULT_CSS = "LimitsCard { width: 3fr; }"

    def show(self, view_model: ViewModel) -> None:
        board, lang = view_model.board, self.host.lang
        self.title(texts.LIMITS.in_(lang))
        rate = board.gauges.requests_per_second if board.gauges else 0.0
        requests = Content.assemble(
            (f"{texts.REQUESTS.in_(lang)} ", "$muted"), texts.A_SECOND.in_(lang).format(rate=rate)
        )
        room = min(_MOST_SLOTS, max(6, self.size.width - _BESIDE_SLOTS))
        lines = [
            Content.assemble(f"{texts.COZE.in_(lang)} ", coze_slots(self, view_model, room)),
            spread(
                Content.assemble(f"{texts.SYNTHESIS.in_(lang)} ", synthesis_slots(self, view_model, _MOST_SLOTS)),
                requests,
                self.size.width,
            ),
            self._pace(view_model),
        ]
        self.draw(Content("\n").join(lines))
        limit = board.limits[Stage.COZE]
        self.tooltip = texts.WHY_FEWER.in_(lang).format(limit=limit.user) if limit.in_force < limit.user else None

    def _pace(self, view_model: ViewModel) -> Content:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        done = view_model.throughput()
        if len(done) < 2:
            return Content.styled("" if view_model.is_over else texts.PACE_LATER.in_(lang), "$muted")
        width = min(len(done), max(6, self.size.width - 22))
        latest = done[-6:-1] or done[:1]
        figure = texts.A_MINUTE.in_(lang).format(rate=sum(latest) / len(latest))
        return Content.assemble(
            f"{texts.DONE.in_(lang)} ", (sparkline(done[:-1], width, glyphs), f"${Tone.DONE}"), " ", (figure, "bold")
        )


class NarrowFigures(Figures):
    """Progress, limits and money in two lines."""

    DEFAULT_CSS = "NarrowFigures { height: 2; padding: 0 1; }"

    def show(self, view_model: ViewModel) -> None:
        lang, width = self.host.lang, self.size.width
        times = Content.assemble(*_times(self, view_model, width, brief=True))
        bar = batch_bar(self, view_model, max(12, width - times.cell_length - 1), percent=False)
        money = _figures(
            lang,
            (texts.PAID, view_model.paid, ""),
            (texts.TO_PAY_BRIEF, view_model.to_pay, f"${Tone.ATTENTION}" if view_model.to_pay else ""),
        )
        slots = Content.assemble(coze_slots(self, view_model, 16), "  ", synthesis_slots(self, view_model, 4))
        self.draw(Content("\n").join([spread(bar, times, width), spread(slots, money, width)]))


class Header(Vertical):
    """Everything above the tasks."""

    SCOPED_CSS = False  # the rules name classes of the screen

    DEFAULT_CSS = """
    Header { height: auto; }
    Header #cards { height: 5; display: none; }
    Header #cards Figures { height: 5; border: round $line; padding: 0 1; border-title-color: $muted; }
    .-normal Header #cards, .-wide Header #cards { display: block; }
    .-normal Header NarrowFigures, .-wide Header NarrowFigures { display: none; }
    .-short Header #cards { display: none; }
    .-short Header NarrowFigures { display: block; }
    """

    def compose(self) -> ComposeResult:
        yield TopBar()
        with Horizontal(id="cards"):
            yield ProgressCard()
            yield MoneyCard()
            yield LimitsCard()
        yield NarrowFigures()

    def show(self, view_model: ViewModel, *, draining: bool = False) -> None:
        self.query_one(TopBar).show(view_model, draining=draining)
        if self.query_one(NarrowFigures).display:
            self.query_one(NarrowFigures).show(view_model)
        else:
            self.query_one(ProgressCard).show(view_model)
            self.query_one(MoneyCard).show(view_model)
            self.query_one(LimitsCard).show(view_model)


def _times(figures: Figures, view_model: ViewModel, width: int, *, brief: bool = False) -> list[Part]:
    """Time so far and time to the end; as much as fits."""
    board, lang, glyphs = view_model.board, figures.host.lang, figures.host.look.glyphs
    elapsed: list[Part] = [(f"{texts.ELAPSED.in_(lang)} ", "$muted"), (duration(board.clock), "bold")]
    left = view_model.left
    if view_model.is_over:
        return [*elapsed, "  ", (texts.ALL_ENDED.in_(lang), f"${Tone.DONE}")]
    if board.paused or left is None:
        return elapsed
    end = datetime.fromtimestamp(board.wall + left.seconds)
    parts = [*elapsed, ("  " + texts.LEFT.in_(lang) + " ", "$muted"), (duration(left.seconds), "bold")]
    if brief:
        return parts
    parts.append((f" {glyphs.arrow} {end:%H:%M}", "$muted"))
    bottleneck = f"  {texts.BOTTLENECK[left.bottleneck].in_(lang)}"
    longer: list[Part] = [*parts, (bottleneck, f"${Tone.ATTENTION}")]
    return longer if Content.assemble(*longer).cell_length <= width else parts


def _to_pay(lang: Lang, view_model: ViewModel, width: int) -> Content:
    """What is to be paid, and what the operator allows of that."""
    number, allowance = view_model.to_pay, view_model.board.allowance
    tone = f"${Tone.ATTENTION}" if number else ""
    limits: list[tuple[object, object, str]] = []
    if allowance.left is not None:
        limits.append((texts.AT_MOST, allowance.left, ""))
    if allowance.until is not None:
        limits.append((texts.UNTIL, datetime.fromtimestamp(allowance.until).strftime("%H:%M"), ""))
    brief = (texts.TO_PAY_BRIEF, number, tone)
    shorter = [_figures(lang, brief, *limits[:kept], between=" ") for kept in range(len(limits), -1, -1)]
    longest = _figures(lang, brief, *limits) if limits else _figures(lang, (texts.TO_PAY, number, tone))
    return _first_that_fits(width, longest, *shorter)


def _first_that_fits(width: int, *wanted: Content) -> Content:
    """A figure is whole or not there: a part of one is another."""
    return next((content for content in wanted if content.cell_length <= width), wanted[-1])


def _figures(lang: Lang, *named: tuple[object, object, str], between: str = "   ") -> Content:
    parts: list[Content] = []
    for name, value, style in named:
        text = getattr(name, lang)
        before, _, after = text.partition("{n}")
        parts.append(Content.assemble((before, "$muted"), (str(value), style or "bold"), (after, "$muted")))
    return Content(between).join(parts)
