"""The cards of one task's screen: its head, its way through the stages, its problem with the ways on, its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual.content import Content

from cozebatch.model.question import Question
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.planning.price import price
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale import task as texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.charges import charged
from cozebatch_tui.presentation.course import Leg
from cozebatch_tui.presentation.formatting import count, duration
from cozebatch_tui.presentation.glyphs import Glyphs
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.widgets.columns import problem
from cozebatch_tui.screen.widgets.figures import Figures, FittedFigures, clickable, spread

_NAMES = {"coze": texts.COZE, "download": texts.DOWNLOAD, "synthesis": texts.SYNTHESIS}
_TONES = {"coze": Tone.COZE, "download": Tone.FILM, "synthesis": Tone.FILM}
_SHORTEST = 12
"""Cells that the line of all stages has at least."""
_ASIDE = 26
"""Cells beside the lines: durations and how it went."""

Keys = Mapping[str, Sequence[str]]


class TaskHead(FittedFigures):
    """Place in the table's order, title, state and problem, and the keys that lead to the neighbours."""

    DEFAULT_CSS = "TaskHead { height: 1; padding: 0 1; background: $surface; }"

    def show(self, row: Row, number: int, total: int, keys: Keys) -> None:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        place = texts.PLACE.in_(lang).format(number=number, count=total)
        title = clean(row.title, 200) or clean(row.task_id, 80)
        left = Content.assemble(clickable(f"< {place}", "app.pop_screen", "$muted"), "  ", (title, "bold"))
        tone = f"bold ${TONE_OF[row.state]}"
        state = Content.styled(f"{glyphs.states[row.state]} {STATES[row.state].in_(lang)}", tone)
        is_wide = self.size.width > 60
        why = clean(problem(row, lang), 40) if row.error is not None and is_wide else ""
        around = "  ".join(key for name in ("previous", "next") for key in keys.get(name, ())[:1])
        aside = Content.assemble(state, (f"  {why}" if why else ""), (f"   {around}" if is_wide else "", "$muted"))
        self.draw(spread(left, aside, max(1, self.size.width)))


class CourseCard(FittedFigures):
    """One line a stage; its place and length on the line show when it ran, against the others."""

    DEFAULT_CSS = """
    CourseCard {
        height: auto; border: round $line; border-title-color: $muted; border-subtitle-color: $muted; padding: 0 1;
    }
    """

    def show(self, row: Row, legs: Sequence[Leg]) -> None:
        lang = self.host.lang
        self.title(texts.COURSE.in_(lang))
        aside = [texts.EXECUTIONS.in_(lang).format(count=row.attempts)] if row.attempts > 1 else []
        aside += [texts.TOKENS.filled(count=count(row.tokens)).in_(lang)] if row.tokens else []
        self.border_subtitle = Content("   ".join([*aside, clean(row.task_id, 40)]))
        started = [leg.start for leg in legs if leg.start is not None]
        begin = min(started, default=0.0)
        end = max([leg.start + leg.seconds for leg in legs if leg.start is not None], default=1.0)
        label = max(Content(_NAMES[leg.name].in_(lang)).cell_length for leg in legs) + 1
        room = max(_SHORTEST, self.size.width - label - _ASIDE)
        lines = [self._line(leg, begin, max(1.0, end - begin), label, room) for leg in legs]
        self.draw(Content("\n").join(lines))

    def _line(self, leg: Leg, begin: float, span: float, label: int, room: int) -> Content:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        name = Content(_NAMES[leg.name].in_(lang)).truncate(label, pad=True)
        if leg.start is None and leg.outcome == "waits":
            return Content.assemble(name, (f"{glyphs.line} {texts.NOT_BEGUN.in_(lang)}", "$muted"))
        offset = 0 if leg.start is None else round(room * (leg.start - begin) / span)
        offset = min(offset, room - 1)
        length = min(room - offset, max(1, round(room * leg.seconds / span)))
        bar = Content.assemble(
            " " * offset, (glyphs.queue * length, f"${_TONES[leg.name]}"), " " * (room - offset - length)
        )
        return Content.assemble(name, bar, " ", self._mark(leg, glyphs))

    def _mark(self, leg: Leg, glyphs: Glyphs) -> Content:
        lang = self.host.lang
        time = duration(leg.seconds)
        tries = texts.TRIES.in_(lang).format(count=leg.failures) if leg.failures else ""
        match leg.outcome:
            case "goes on":
                parts = [(texts.LASTING.in_(lang).format(time=time), "")]
            case "done":
                parts = [(f"{time} ", ""), (glyphs.good, f"${Tone.DONE}")]
            case "failed":
                parts = [(f"{time} ", ""), (glyphs.bad, f"bold ${Tone.FAILED}")]
            case "unclear":
                parts = [(f"{time} ", ""), (glyphs.states[State.HELD], f"bold ${Tone.ATTENTION}")]
            case _:
                parts = [(time, "$muted")]
        return Content.assemble(*parts, (f"  {tries}" if tries else "", "$muted"))


class ProblemCard(Figures):
    """What happened, whether it was charged, what to do: each way on with its key and its price."""

    DEFAULT_CSS = """
    ProblemCard { height: auto; border: round $line; border-title-color: $muted; padding: 0 1; display: none; }
    ProblemCard.shown { display: block; }
    """

    def show(self, row: Row, keys: Keys) -> None:
        is_problem = row.error is not None or row.note is not None or row.state is State.HELD
        self.set_class(is_problem, "shown")
        if not is_problem:
            return
        lang = self.host.lang
        held = row.state is State.HELD
        title = texts.ATTENTION if held else texts.PROBLEM if row.error is not None else texts.NOTE
        self.title(title.in_(lang))
        if row.waits and row.question is not None:
            asks = self._question(row.question)
            self.draw(Content("\n").join(part for part in (asks, self._charge(row), self._ways(row, keys))))
            return
        parts = [self._what(row)]
        if row.error is not None or held:
            parts.append(self._charge(row))
        parts.append(self._ways(row, keys))
        self.draw(Content("\n").join(part for part in parts if part.cell_length))

    def _charge(self, row: Row) -> Content:
        lang = self.host.lang
        return Content.assemble((charged(row).in_(lang), "bold"), " " if lang == "en" else "", self._cure(row))

    def _question(self, question: Question) -> Content:
        """What is asked, its choices, and the fields that are wanted."""
        lang, glyphs = self.host.lang, self.host.look.glyphs
        head = question_texts.ASKS.in_(lang) + (": " if lang == "en" else "：")
        text = clean_lines(question.text, 600) or question_texts.NOT_SHOWN.in_(lang)
        parts = [Content.assemble((f"{glyphs.states[State.HELD]} {head}", f"bold ${Tone.ATTENTION}"), text)]
        many = question_texts.MANY.in_(lang)
        if question.options:
            options = many.join(clean(option, 60) for option in question.options[:12])
            parts.append(Content.styled(question_texts.OPTIONS.in_(lang).format(options=options), "$muted"))
        for f in question.fields[:8]:
            must = question_texts.REQUIRED if f.required else question_texts.OPTIONAL
            facts = [clean(f.kind, 20), must.in_(lang), clean(f.description, 80)]
            line = f"  {clean(f.name, 60)}  {'  '.join(fact for fact in facts if fact)}"
            parts.append(Content.styled(line, "$muted"))
        return Content("\n").join(parts)

    def _what(self, row: Row) -> Content:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        error = row.error
        if error is None:
            return Content(clean(row.note.in_(lang), 600) if row.note is not None else "")
        name = CATEGORIES[error.category].in_(lang) + (f" {clean(error.code, 20)}" if error.code else "")
        logid = f"  logid {clean(error.logid, 60)}" if error.logid else ""
        return Content.assemble(
            (f"{glyphs.states[row.state]} {name}{':' if lang == 'en' else '：'}", f"bold ${TONE_OF[row.state]}"),
            " " if lang == "en" else "",
            clean(error.message.in_(lang), 600),
            (logid, "$muted"),
        )

    def _cure(self, row: Row) -> Content:
        lang = self.host.lang
        if row.waits:
            return Content.styled(_refusal(row, lang), f"${Tone.FAILED}")
        if row.state is State.HELD:
            when = time_of(row.submitted_at) if row.submitted_at is not None else "?"
            return Content(texts.HELD.in_(lang).format(when=when))
        return Content.styled(clean(row.error.hint.in_(lang), 600) if row.error is not None else "", "$muted")

    def _ways(self, row: Row, keys: Keys) -> Content:
        """As buttons. Each asks, with the number, before it starts anything that is paid."""
        lang, found = self.host.lang, price([row])
        held, ended = row.state is State.HELD, row.state.is_end
        ways = [
            ("answer", question_texts.ANSWER_FREE, row.waits, Tone.DONE),
            ("retry", question_texts.LOOK_AGAIN if row.waits else texts.RETRY_FREE, bool(found.free), Tone.DONE),
            ("adopt", texts.ADOPT, held and not row.waits, Tone.DONE),
            ("retry", texts.RETRY_PAID, bool(found.paid), Tone.ATTENTION),
            ("rerun", texts.RERUN, ended and not found.paid, Tone.ATTENTION),
            ("edit", texts.EDIT, ended, Tone.ATTENTION),
            ("cancel", texts.GIVE_UP, held, Tone.WAITING),
        ]
        look = self.host.look
        ground = "reverse" if look.plain else "on $raised"
        shown = [
            Content.assemble(
                (look.glyphs.cursor, f"${tone}"),
                clickable(f"{keys[name][0]} {text.in_(lang)} ", f"screen.{name}", ground),
            )
            for name, text, applies, tone in ways
            if applies and name in keys
        ]
        return Content("  ").join(shown)


def _refusal(row: Row, lang: Lang) -> str:
    """Coze's words, where it did not take an answer: the task's error has a code then."""
    refused = row.error is not None and row.error.code is not None
    return clean(row.error.message.in_(lang), 400) if refused and row.error is not None else ""


class FilesCard(FittedFigures):
    """Film, draft and debug page, each with its key."""

    SCOPED_CSS = False  # the rules name classes of the screen

    DEFAULT_CSS = """
    FilesCard { height: auto; border: round $line; border-title-color: $muted; padding: 0 1; }
    .-short FilesCard { border: none; height: 1; padding: 0 2; }
    """

    def show(self, row: Row, keys: Keys, *, compact: bool) -> None:
        lang = self.host.lang
        self.title(texts.FILES.in_(lang))
        page = row.debug_url if row.debug_url and row.debug_url.startswith("https://") else None
        rows = [
            (texts.FILM, row.video_path, "play"),
            (texts.DRAFT, row.draft_path, "folder"),
            (texts.DEBUG_PAGE, page, "link"),
        ]
        if compact:
            parts = [
                Content.assemble((text.in_(lang), "$muted"), " ", self._key(action, keys) if path else "-")
                for text, path, action in rows
            ]
            self.draw(Content("   ").join(parts))
            return
        label = max(Content(text.in_(lang)).cell_length for text, _, _ in rows) + 2
        lines = []
        for text, path, action in rows:
            if path is None and action != "play":
                continue
            name = Content.styled(text.in_(lang), "$muted").truncate(label, pad=True)
            shown = Content(clean(path, 600)) if path else Content.styled(texts.NONE_YET.in_(lang), "$muted")
            lines.append(
                spread(name + shown, self._key(action, keys) if path else Content(""), max(1, self.size.width))
            )
        self.draw(Content("\n").join(lines))

    def _key(self, action: str, keys: Keys) -> Content:
        if action not in keys:
            return Content("")
        from cozebatch_tui.locale.actions import ACTIONS, SHORT

        name = SHORT.get(action, ACTIONS[action]).in_(self.host.lang)
        return clickable(f"{keys[action][0]} {name}", f"screen.{action}", "$stage-coze")


def time_of(seconds: float) -> str:
    """A time of day, with its date."""
    return datetime.fromtimestamp(seconds).strftime("%m-%d %H:%M:%S")
