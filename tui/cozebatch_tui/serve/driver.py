"""Textual's driver for a browser. Here it also ends with the site: when its input ends, nobody is there any more."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from textual.drivers.web_driver import WebDriver

from cozebatch_tui.exit_codes import Exit

END_SECONDS = 3.0


class TabDriver(WebDriver):
    """Draws for one tab."""

    def run_input_thread(self) -> None:
        """Runs in a thread of its own, until the input ends."""
        super().run_input_thread()
        if self.exit_event.is_set():
            return
        last = threading.Timer(END_SECONDS, os._exit, (Exit.OK,))  # the screen may be stuck; the batch runs elsewhere
        last.daemon = True
        last.start()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._app.call_from_thread(self._app.exit)
