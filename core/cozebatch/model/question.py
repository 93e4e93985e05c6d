"""What a workflow asks a person, and what an answer to it must be. Pure.

A question node (type 2) reads one text and finds its parameters in it; an input node (type 5) reads a JSON object of
fields (docs/coze.md). A type that we do not know is asked as one text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text

QUESTION_NODE = 2
INPUT_NODE = 5
MOST_FIELDS = 50
"""Fields of one question, and options of one field, that are kept."""
MOST_ANSWER = 20_000
"""Characters of an answer."""
MOST_TEXT = 4000
"""Characters of a question that are kept."""

FILE_KINDS = frozenset(
    {"file", "image", "video", "audio", "doc", "document", "excel", "code", "ppt", "txt", "svg", "voice"}
)
_NUMBERS = {"integer": int, "int": int, "number": float, "float": float}
_YES, _NO = frozenset({"true", "yes", "1", "是", "对"}), frozenset({"false", "no", "0", "否", "不"})

EMPTY = Text("答复不能为空。", "The answer must not be empty.")
TOO_LONG = Text(f"答复太长，最多 {MOST_ANSWER} 个字符。", f"The answer is too long; {MOST_ANSWER} characters at most.")


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One value that is asked for. `kind` is Coze's name of its type; of a list, the type of its members."""

    name: str
    kind: str = "string"
    is_list: bool = False
    required: bool = True
    description: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_file(self) -> bool:
        return self.kind in FILE_KINDS


@dataclass(frozen=True, slots=True)
class Question:
    """`event_id` and `kind` go back to Coze with the answer. `text` is what is asked, harmless to show. An empty
    `event_id`: an execution waits, and what it asks is not known yet."""

    event_id: str = ""
    kind: int = QUESTION_NODE
    text: str = ""
    fields: tuple[QuestionField, ...] = ()
    options: tuple[str, ...] = ()
    """Answers that it offers; another one may be given."""

    def to_json(self) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "kind": self.kind,
            "text": self.text,
            "fields": [{name: getattr(f, name) for name in f.__slots__} for f in self.fields],
            "options": list(self.options),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Question:
        fields = [QuestionField(**{**f, "options": tuple(f["options"])}) for f in value["fields"]]
        return cls(value["event_id"], value["kind"], value["text"], tuple(fields), tuple(value["options"]))

    @property
    def takes_fields(self) -> bool:
        """Whether it is answered field by field."""
        return bool(self.fields)


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer. `files`: values that name a file to be uploaded, by field; the others are in `values`."""

    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_answer(question: Question, typed: str | Mapping[str, Any]) -> Answer:
    """What a person answered: one text, or a value for each field (also as the text of a JSON object).

    Raises `UsageError` for an answer that the question cannot have: an empty one, one that is too long, one without a
    required field, with a field that is not asked for, or with a value of another type.
    """
    if isinstance(typed, str):
        if len(typed) > MOST_ANSWER:
            raise UsageError(TOO_LONG)
        if not typed.strip():
            raise UsageError(EMPTY)
        given = _object(typed) if question.takes_fields else None
        if given is None:
            return _one_text(question, typed.strip())
        typed = given
    if sum(len(str(value)) for value in typed.values()) > MOST_ANSWER:
        raise UsageError(TOO_LONG)
    return _fields(question, typed)


def resume_data(question: Question, answer: Answer, uploaded: Mapping[str, Any] | None = None) -> str:
    """What is sent to Coze as `resume_data`. `uploaded`: what stands for the files of `answer`, by field."""
    if answer.text:
        return answer.text
    values = {**answer.values, **(uploaded or {})}
    if question.kind != INPUT_NODE and len(values) == 1:
        (value,) = values.values()
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(values, ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = read_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _one_text(question: Question, text: str) -> Answer:
    if not question.takes_fields:
        return Answer(text)
    wanted = [f for f in question.fields if f.required] or list(question.fields)
    if len(wanted) == 1:
        return _fields(question, {wanted[0].name: text})
    if question.kind == QUESTION_NODE and not any(f.is_file for f in wanted):
        return Answer(text)  # the node finds its parameters in the text
    names = "、".join(f.name for f in wanted)
    raise UsageError(
        Text(
            f"这个问题要逐项答复，写成 JSON：{names}。",
            f"This question is answered field by field, as a JSON object: {', '.join(f.name for f in wanted)}.",
        )
    )


def _fields(question: Question, typed: Mapping[str, Any]) -> Answer:
    complaints: list[Text] = []
    known = {f.name: f for f in question.fields}
    for name in typed:
        if name not in known:
            asked = "、".join(known)
            complaints.append(
                Text(f"没有问“{name}”，只问了：{asked}。", f"'{name}' is not asked for, but: {', '.join(known)}.")
            )
    values: dict[str, Any] = {}
    files: dict[str, Sequence[str]] = {}
    for f in question.fields:
        value = typed.get(f.name)
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            if f.required:
                complaints.append(Text(f"还没有填“{f.name}”。", f"'{f.name}' is missing."))
        elif f.is_file:
            files[f.name] = _names_of_files(value)
        else:
            try:
                values[f.name] = _list(f, value) if f.is_list else _one(f, value)
            except ValueError:
                complaints.append(
                    Text(f"“{f.name}”要填 {f.kind} 类型的值。", f"'{f.name}' takes a value of the type {f.kind}.")
                )
    if complaints:
        raise UsageError(*complaints)
    if not values and not files:
        raise UsageError(EMPTY)
    return Answer(values=values, files=files)


def _names_of_files(value: Any) -> list[str]:
    given = value if isinstance(value, list) else str(value).splitlines()
    return [str(name).strip() for name in given if str(name).strip()]


def _list(f: QuestionField, value: Any) -> list[Any]:
    members = value if isinstance(value, list) else str(value).splitlines()
    return [_one(f, member) for member in members if not isinstance(member, str) or member.strip()]


def _one(f: QuestionField, value: Any) -> Any:
    """Raises `ValueError` for a value of another type. What Coze's other types take is not known: they get text, or the
    JSON that was given."""
    if f.kind in _NUMBERS:
        if isinstance(value, bool):
            raise ValueError
        number = _NUMBERS[f.kind](str(value).strip())
        if number in (float("inf"), float("-inf")) or number != number:
            raise ValueError
        return number
    if f.kind == "boolean":
        word = str(value).strip().casefold()
        if word not in _YES | _NO:
            raise ValueError
        return word in _YES
    if f.kind == "object":
        found = value if isinstance(value, dict) else _object(str(value))
        if found is None:
            raise ValueError
        return found
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
