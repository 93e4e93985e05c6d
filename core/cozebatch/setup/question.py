"""A question of the set-up as a value, which any front can show: a text to type, or a choice of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cozebatch.model.text import NOTHING, Text


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. `value` is the answer; `detail` is what helps to decide, such as sample values; `good` tells whether
    what it leads to is in order."""

    value: str
    label: Text
    detail: Text = NOTHING
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`notes`: what was found so far and matters here. `hint`: where the answer is found, or what it looks like.

    Without `options` a text is typed; with `takes_text`, besides the options, too. `default` is the answer of whoever
    types nothing; `default_label` is how it is shown (a secret is not shown itself).
    """

    id: str
    group: str
    title: Text
    hint: Text = NOTHING
    notes: Sequence[Text] = ()
    options: Sequence[Option] = ()
    default: str = ""
    default_label: Text = NOTHING
    takes_text: bool = False
    secret: bool = False

    def shown_default(self) -> Text:
        if self.default_label or not self.default:
            return self.default_label
        label = next((option.label for option in self.options if option.value == self.default), None)
        return label or Text.same(self.default)


class WrongAnswer(Exception):
    """An answer that cannot be taken: why, and what would be right."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


NEEDED = Text("这一项要填。", "This one is needed.")


def masked(secret: str) -> str:
    """A secret as it may be shown: its last four characters, and nothing of a short one."""
    return f"••••{secret[-4:]}" if len(secret) >= 12 else "••••"
