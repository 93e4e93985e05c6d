"""What a look at the answers has found so far: what is in order in one line, what is not in lines of their own.

The look runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.sanitize import clean
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import Host, host_of
from cozebatch_tui.screen.widgets.prose import Prose, Sentence

Tell = Callable[[CheckItem], None]
_TONES: Mapping[Level, Tone] = {Level.WARN: Tone.ATTENTION, Level.FAIL: Tone.FAILED}


class Findings(Prose):
    """Shows the latest look; what an earlier one still finds is dropped."""

    DEFAULT_CSS = "Findings { height: auto; margin-top: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._items: list[CheckItem] = []
        self._looks = False

    @property
    def host(self) -> Host:
        return host_of(self)

    def forget(self) -> None:
        """The answers have changed: what was found is about others."""
        self._number += 1
        self._items, self._looks = [], False
        self.display = False

    def look(self, look: Callable[[Tell], None]) -> None:
        """Begin. The thread is a daemon: leaving does not wait for a service that does not answer."""
        self.forget()
        self._looks = True
        self._show()
        number, loop = self._number, asyncio.get_running_loop()

        def tell(item: CheckItem | None) -> None:
            with suppress(RuntimeError):  # the screen is gone
                loop.call_soon_threadsafe(self._found, number, item)

        def run() -> None:
            try:
                look(tell)
            except Exception as error:  # noqa: BLE001 - a look that fails is told; the set-up goes on
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(self.host.tell_error, error)
            tell(None)

        threading.Thread(target=run, name="set-up look", daemon=True).start()

    def _found(self, number: int, item: CheckItem | None) -> None:
        """`None`: that was all."""
        if number != self._number or not self.is_attached:
            return
        if item is None:
            self._looks = False
        else:
            self._items.append(item)
        self._show()

    def _show(self) -> None:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        signs = {Level.WARN: "!", Level.FAIL: glyphs.bad}
        good = dict.fromkeys(clean(item.subject.in_(lang), 60) for item in self._items if item.level is Level.OK)
        lines = []
        if good:
            listed = ("、" if lang == "zh" else ", ").join(good)
            lines.append(Sentence(listed, f"${Tone.DONE}", f"{glyphs.good} "))
        lines += [
            Sentence(
                f"{clean(item.subject.in_(lang), 60)}  {clean(item.text.in_(lang), 400)}",
                sign=f"{signs[item.level]} ",
                sign_style=f"${_TONES[item.level]}",
            )
            for item in sorted(self._items, key=lambda item: item.level is Level.WARN)
            if item.level is not Level.OK
        ]
        if self._looks:
            lines.append(Sentence(texts.LOOKING.in_(lang), "$muted"))
        elif all(item.level is Level.OK for item in self._items):
            lines.append(Sentence(texts.LOOKS_GOOD.in_(lang), f"${Tone.DONE}"))
        self.display = True
        self.say(*lines)
