"""What stands in the tabs of one task's screen: script, sent, result, submissions, log. Everything from outside is
cleaned, and is `Content`, never markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from textual.content import Content

from cozebatch.model import events
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.task import Task
from cozebatch.model.text import Lang
from cozebatch.ports import Asked, Edit, Execution
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale import task as texts
from cozebatch_tui.presentation.describe import describe, error_line
from cozebatch_tui.presentation.differences import differences
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.widgets.task_cards import time_of

MOST_LINES = 1000
"""Lines of a task's log that are shown, the latest ones."""
MOST_TEXT = 50_000
"""Characters of one text that are shown."""

_LEVELS = {"error": f"${Tone.FAILED}", "warning": f"${Tone.ATTENTION}", "debug": "$muted", "info": ""}
_STATUS_TONES = {"succeeded": Tone.DONE, "running": Tone.COZE, "unanswered": Tone.ATTENTION, "lost": Tone.ATTENTION}


@dataclass(frozen=True, slots=True)
class Details:
    """What the journal has of a task."""

    task: Task
    edit: Edit | None
    parameters: Mapping[str, str]
    """What would be sent for it."""
    output: Mapping[str, Any]
    executions: Sequence[Execution]
    asked: Sequence[Asked] = ()
    """What its executions asked, and what was answered."""


def script(details: Details, lang: Lang) -> Content:
    """Title and script; where they were edited, what was changed against the source."""
    task, edit = details.task, details.edit
    facts = [texts.SCRIPT_FACTS.filled(length=len("".join(task.content.split()))).in_(lang)]
    for text, value in (
        (texts.AVATAR, task.digital_no),
        (texts.VOICE, task.voice_id),
        (texts.ACCOUNT, task.account_id),
        (texts.TEMPLATE, task.template),
    ):
        if value:
            facts.append(text.in_(lang).format(value=clean(value, 60)))
    foot = Content.styled("   ".join(facts), "$muted")
    if edit is None or (edit.source_title, edit.source_content) == (edit.title, edit.content):
        body = Content(clean_lines(task.content, MOST_TEXT))
        return Content.assemble((clean(task.title, 300), "bold"), "\n\n", body, "\n\n", foot)
    return Content.assemble(
        (texts.EDITED.in_(lang), f"bold ${Tone.ATTENTION}"),
        "\n\n",
        changes(edit.source_title, edit.title),
        "\n\n",
        changes(edit.source_content, edit.content),
        "\n\n",
        foot,
    )


def changes(before: str, after: str) -> Content:
    """The lines of two texts: removed ones with a minus, added ones with a plus."""
    signs = {"same": (" ", ""), "removed": ("-", f"${Tone.FAILED}"), "added": ("+", f"${Tone.DONE}")}
    lines = []
    for kind, line in differences(clean_lines(before, MOST_TEXT), clean_lines(after, MOST_TEXT)):
        sign, style = signs[kind]
        lines.append(Content.styled(f"{sign}{clean(line, 4000)}", style))
    return Content("\n").join(lines)


def sent(details: Details, lang: Lang) -> Content:
    """Exactly what was sent with the latest submission, or what would be sent."""
    latest = next((e for e in reversed(details.executions) if e.parameters is not None), None)
    if latest is not None and latest.parameters is not None:
        head, parameters = texts.WAS_SENT.in_(lang).format(when=time_of(latest.sent_at)), latest.parameters
    else:
        head, parameters = texts.WOULD_BE_SENT.in_(lang), details.parameters
    parts = [Content.styled(head, "$muted")]
    parts += [
        Content.assemble((clean(name, 100), "bold"), "\n", clean_lines(value, MOST_TEXT))
        for name, value in parameters.items()
    ]
    return Content("\n\n").join(parts)


def result(details: Details, row: Row, lang: Lang) -> Content:
    """Films and media first, then what a person reads. The whole of it is `whole`."""
    films = [path for path in (row.video_path, row.draft_path) if path]
    found = list(_leaves(details.output))
    links = [(name, value) for name, value in found if value.startswith(("https://", "http://"))]
    words = [(name, value) for name, value in found if (name, value) not in links]
    parts = []
    if films or links:
        lines = [Content(clean(path, 600)) for path in films]
        lines += [Content.assemble((f"{clean(name, 60)}  ", "$muted"), clean(value, 600)) for name, value in links]
        parts.append(Content.assemble((texts.MEDIA.in_(lang), "bold"), "\n", Content("\n").join(lines)))
    if words:
        lines = [Content.assemble((f"{clean(n, 60)}  ", "$muted"), clean_lines(v, MOST_TEXT)) for n, v in words]
        parts.append(Content.assemble((texts.WORDS.in_(lang), "bold"), "\n", Content("\n").join(lines)))
    return Content("\n\n").join(parts) if parts else Content.styled(texts.NO_RESULT.in_(lang), "$muted")


def whole(details: Details) -> Content:
    """Coze's result as it was parsed, as JSON."""
    return (
        Content(clean_lines(json.dumps(details.output, ensure_ascii=False, indent=2)))
        if details.output
        else Content("")
    )


def _leaves(value: Any, name: str = "") -> Iterable[tuple[str, str]]:
    """The texts in a result, with the keys that lead there."""
    if isinstance(value, str):
        if value.strip():
            yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:100], start=1):
            yield from _leaves(inner, f"{name} {number}".strip())


def submissions(details: Details, lang: Lang) -> Content:
    """Number, time, what became of it, seconds, execution, logid and error."""
    if not details.executions:
        return Content.styled(texts.NO_SUBMISSIONS.in_(lang), "$muted")
    return Content("\n\n").join(
        Content("\n").join(
            [_submission(execution, lang), *(_asked(one, lang) for one in details.asked if one.key == execution.key)]
        )
        for execution in details.executions
    )


def _submission(execution: Execution, lang: Lang) -> Content:
    status = texts.EXECUTION_STATUS[execution.status].in_(lang)
    tone = _STATUS_TONES.get(execution.status, Tone.FAILED if execution.error is not None else Tone.WAITING)
    number = f"{execution.number}." if execution.status != "reused" else "+ "
    head = f"{number}  {time_of(execution.sent_at)}  "
    seconds = execution.seconds
    took = f"   {texts.SECONDS.in_(lang).format(count=round(seconds))}" if seconds is not None else ""
    parts = [Content.assemble(head, (status, f"bold ${tone}"), took)]
    for name, value in (("execute_id", execution.execute_id), ("logid", execution.logid)):
        if value:
            parts.append(Content.assemble((f"    {name}  ", "$muted"), clean(value, 100)))
    if execution.error is not None:
        parts.append(Content.styled(f"    {clean(error_line(execution.error, lang), 800)}", f"${Tone.FAILED}"))
    return Content("\n").join(parts)


def _asked(asked: Asked, lang: Lang) -> Content:
    """A question, who answered it, when, and what became of the answer."""
    head = question_texts.ASKED_AT.in_(lang).format(when=time_of(asked.asked_at))
    question = clean_lines(asked.question.text, 1000).replace("\n", "\n    ")
    status = question_texts.STATUS[asked.status].in_(lang)
    parts = [Content.assemble((f"    {head}", "$muted"), question)]
    if asked.answer is not None and asked.answered_at is not None:
        who = clean(asked.answered_by, 60) or question_texts.SOMEBODY.in_(lang)
        head = question_texts.ANSWERED_AT.in_(lang).format(when=time_of(asked.answered_at), who=who)
        parts.append(Content.assemble((f"    {head}", "$muted"), clean(asked.answer, 1000)))
    tone = Tone.FAILED if asked.status == "refused" else Tone.DONE if asked.status == "taken" else Tone.ATTENTION
    said = f"  {clean(error_line(asked.error, lang), 400)}" if asked.error is not None else ""
    parts.append(Content.assemble("    ", (f"{status}{said}", f"${tone}")))
    return Content("\n").join(parts)


def log(told: Sequence[events.Event], lang: Lang) -> Content:
    """The lines of this task's events."""
    lines = []
    for event in told[-MOST_LINES:]:
        described = describe(event, lang)
        if described is not None:
            level, _, text = described
            at = datetime.fromtimestamp(event.wall).strftime("%H:%M:%S")
            lines.append(Content.assemble((f"{at}  ", "$muted"), (clean(text, 2000), _LEVELS.get(level, ""))))
    return Content("\n").join(lines) if lines else Content.styled(texts.NO_LINES.in_(lang), "$muted")
