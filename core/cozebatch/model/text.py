"""A text for people, in the languages of this project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Lang = Literal["zh", "en"]

_COUNTED = re.compile(r"(\{(\w+)\}[^{}]*?)\(s\)")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in Chinese and English.

    Text from outside (a service's message, a title) has the same wording in both: `Text.same`.
    """

    zh: str
    en: str

    @classmethod
    def same(cls, wording: str) -> Text:
        return cls(wording, wording)

    @classmethod
    def listed(cls, items: Iterable[str]) -> Text:
        """Names one after the other, parted as each language parts them."""
        names = list(items)
        return cls("、".join(names), ", ".join(names))

    @classmethod
    def from_json(cls, value: Any) -> Text:
        """The inverse of `to_json`; a bare string is used for both languages."""
        if isinstance(value, str):
            return cls.same(value)
        return cls(str(value["zh"]), str(value["en"]))

    def to_json(self) -> str | dict[str, str]:
        return self.zh if self.zh == self.en else {"zh": self.zh, "en": self.en}

    def filled(self, **values: object) -> Text:
        """The text with these values at their places, a `Text` in either language. English counts with `(s)`:
        `{count} task(s)` becomes "1 task" or "2 tasks"."""
        zh = {name: value.zh if isinstance(value, Text) else value for name, value in values.items()}
        en = {name: value.en if isinstance(value, Text) else value for name, value in values.items()}
        return Text(self.zh.format(**zh), _counted(self.en, en).format(**en))

    def in_(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


def _counted(template: str, values: Mapping[str, object]) -> str:
    """The template with a plural for an `(s)` wherever the number before it is not 1."""
    return _COUNTED.sub(lambda found: found[1] + ("" if str(values[found[2]]) == "1" else "s"), template)


NOTHING = Text("", "")
