"""Words complaints about wrong values: the file, the key path, what is wrong and what would be right.

Pydantic's findings are worded anew in both languages. A value is never repeated unless it is a number, true, false or
null: anything else may be a secret in the wrong place.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cozebatch.model.nearest import nearest
from cozebatch.model.text import Text

Path = tuple[str | int, ...]


def dotted(path: Iterable[str | int]) -> str:
    """`workflow_config.coze_config.token`, `conditions[0].value`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def at(place: str, path: Iterable[str | int], zh: str, en: str) -> Text:
    where = dotted(path)
    return Text(f"{place}：{where}：{_ended(zh, '。')}", f"{place}: {where}: {_ended(en, '.')}")


def wordings(error: ValidationError, model: type[BaseModel], place: str) -> Iterator[tuple[Path, Text]]:
    """One complaint for each wrong value, with its key path."""
    seen: set[Path] = set()
    for found in error.errors(include_url=False):
        path = _real_path(model, found["loc"])
        if path in seen:
            continue
        seen.add(path)
        context = found.get("ctx", {})
        if found["type"] == "cozebatch":
            yield path, at(place, path, context["zh"], context["en"])
            continue
        right = expectation(model, path)
        if found["type"] == "missing":
            yield path, at(place, path, _spaced(f"缺少这一项，应为{right.zh}"), f"is missing, should be {right.en}")
            continue
        value = found.get("input")
        is_ = _shown(model, path, value)
        nearest = _nearest_choice(model, path, value)
        yield (
            path,
            at(
                place,
                path,
                _spaced(f"现在是{is_.zh}，应为{right.zh}") + (f"；是否想写 {nearest}？" if nearest else ""),
                f"is {is_.en}, should be {right.en}" + (f"; did you mean {nearest}?" if nearest else ""),
            ),
        )


def shape(value: Any) -> Text:
    """What kind of value stands there, without its text."""
    match value:
        case None:
            return Text.same("null")
        case bool():
            return Text.same(str(value).lower())
        case int() | float():
            number = str(value)
            return Text.same(number if len(number) <= 24 else number[:20] + "…")
        case str():
            return Text("一段文字", "a text") if value.strip() else Text("空文字", "an empty text")
        case list() | tuple():
            return Text("列表", "a list")
        case dict():
            return Text("对象 {…}", "an object {…}")
    return Text("别的东西", "something else")


def _shown(model: type[BaseModel], path: Sequence[str | int], value: Any) -> Text:
    """The same, but the word itself where one of a few words is expected and it cannot be a secret."""
    if _choices(model, path) and isinstance(value, str) and re.fullmatch(r"[A-Za-z_]{1,20}", value):
        return Text.same(value)
    return shape(value)


def expectation(model: type[BaseModel], path: Sequence[str | int]) -> Text:
    """What would be right at this key path, from the model's own types and bounds."""
    field = _field_at(model, path)
    if isinstance(field, FieldInfo):
        return _expected(field.annotation, tuple(field.metadata))
    return _expected(field, ())


def nearest_key(name: str, known: Iterable[str]) -> str | None:
    """The known key or value that a person most likely meant."""
    return nearest(name, known, plain=lambda text: text.strip().lower().replace("-", "_").replace(" ", "_"))


def _ended(sentence: str, mark: str) -> str:
    return sentence if sentence.endswith(("?", "？", mark)) else sentence + mark


def _spaced(zh: str) -> str:
    """A space between Chinese and what follows it in Latin letters or digits."""
    return re.sub(r"([\u4e00-\u9fff])(?=[A-Za-z0-9\-])", r"\1 ", zh)


def _real_path(model: type[BaseModel], loc: Sequence[str | int]) -> Path:
    """Pydantic puts steps of its own in for unions and functions: keep those that the document has."""
    path: list[str | int] = []
    here: Any = model
    for step in loc:
        inner = _strip(here)
        if isinstance(step, int):
            path.append(step)
            here = next(iter(get_args(inner)), Any)
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            if step not in inner.model_fields:
                continue
            path.append(step)
            here = inner.model_fields[step].annotation
        elif get_origin(inner) is dict:
            path.append(step)
            here = get_args(inner)[1]
    return tuple(path)


def _field_at(model: type[BaseModel], path: Sequence[str | int]) -> Any:
    here: Any = model
    for step in path:
        inner = _strip(here.annotation if isinstance(here, FieldInfo) else here)
        if isinstance(inner, type) and issubclass(inner, BaseModel) and step in inner.model_fields:
            here = inner.model_fields[str(step)]
        elif get_origin(inner) in (list, tuple):
            here = get_args(inner)[0]
        elif get_origin(inner) is dict:
            here = get_args(inner)[1]
        else:
            return Any
    return here


def _strip(annotation: Any) -> Any:
    """The type behind `Annotated` and `| None`."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _strip(get_args(annotation)[0])
    if origin in (UnionType, typing.Union):
        kept = [member for member in get_args(annotation) if member is not type(None)]
        return _strip(kept[0])
    return annotation


def _expected(annotation: Any, metadata: tuple[Any, ...]) -> Text:
    kind = _strip(annotation)
    if get_origin(kind) is Literal:
        choices = " | ".join(str(choice) for choice in get_args(kind))
        return Text(f"其中之一：{choices}", f"one of {choices}")
    if kind is int or kind is float:
        return _expected_number(kind, metadata)
    if kind is bool:
        return Text("true 或 false（不加引号）", "true or false, without quotes")
    if kind is str or getattr(kind, "__name__", "") == "SecretStr":
        return Text("文字（加双引号）", "text in double quotes")
    if get_origin(kind) in (list, tuple):
        return Text("列表 […]", "a list […]")
    return Text("对象 {…}", "an object {…}")


def _expected_number(kind: type, metadata: tuple[Any, ...]) -> Text:
    zh, en = ("整数", "a whole number") if kind is int else ("数字", "a number")
    low = high = above = None
    for fact in metadata:
        match fact:
            case annotated_types.Ge():
                low = fact.ge
            case annotated_types.Gt():
                above = fact.gt
            case annotated_types.Le():
                high = fact.le
            case annotated_types.MultipleOf():
                zh, en = "偶数", "an even number"
            case _:
                pass
    if low is not None:
        return Text(f"{low} 到 {high} 的{zh}（不加引号）", f"{en} from {low} to {high}, without quotes")
    return Text(
        f"大于 {above}、不超过 {high} 的{zh}（不加引号）", f"{en} above {above} and at most {high}, without quotes"
    )


def _choices(model: type[BaseModel], path: Sequence[str | int]) -> tuple[str, ...]:
    """The words that may stand at this key path; none where it is no choice of words."""
    field = _field_at(model, path)
    kind = _strip(field.annotation if isinstance(field, FieldInfo) else field)
    return tuple(str(choice) for choice in get_args(kind)) if get_origin(kind) is Literal else ()


def _nearest_choice(model: type[BaseModel], path: Sequence[str | int], value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    return nearest_key(value, _choices(model, path))
