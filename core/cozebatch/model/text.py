"""A text for people, in the languages of this project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Lang = Literal["zh", "en"]


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
    def from_json(cls, value: Any) -> Text:
        """The inverse of `to_json`; a bare string is used for both languages."""
        if isinstance(value, str):
            return cls.same(value)
        return cls(str(value["zh"]), str(value["en"]))

    def to_json(self) -> str | dict[str, str]:
        return self.zh if self.zh == self.en else {"zh": self.zh, "en": self.en}

    def filled(self, **values: object) -> Text:
        """The text with these values at their places, in both languages."""
        return Text(self.zh.format(**values), self.en.format(**values))

    def in_(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


NOTHING = Text("", "")
