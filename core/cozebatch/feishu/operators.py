"""The comparisons of a Feishu filter, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Lang, Text

_WORDS: Mapping[str, Text] = {
    "is": Text.same("="),
    "isNot": Text.same("≠"),
    "contains": Text("包含", "contains"),
    "doesNotContain": Text("不包含", "does not contain"),
    "isEmpty": Text("为空", "is empty"),
    "isNotEmpty": Text("不为空", "is not empty"),
    "isGreater": Text.same(">"),
    "isGreaterEqual": Text.same("≥"),
    "isLess": Text.same("<"),
    "isLessEqual": Text.same("≤"),
}


def operator_word(operator: str, lang: Lang) -> str:
    """`operator`: Feishu's name of it; one that is not known stays as it is."""
    word = _WORDS.get(operator)
    return operator if word is None else word.in_(lang)
