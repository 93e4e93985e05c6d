"""What the program itself can do on any screen, whatever batch runs: language, palette, themes, a picture, a reply."""

from __future__ import annotations

from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Lang
from cozebatch_tui.locale import palette as texts
from cozebatch_tui.screen.action_screen import palette_entries
from cozebatch_tui.screen.host import Severity
from cozebatch_tui.screen.look.questions import Answers
from cozebatch_tui.screen.themed_app import ThemedApp
from cozebatch_tui.session.preferences import detaches, load_user_settings, save_user_settings


class ProgramApp(ThemedApp):
    """The actions of the registry's group `program`, and `maximize`."""

    def __init__(self, lang: Lang, answers: Answers) -> None:
        super().__init__(answers)
        self.lang: Lang = lang

    def say(self, text: str, *, severity: Severity = "information") -> None:
        if self.is_running:
            self.notify(text, severity=severity, markup=False)

    def action_switch_lang(self) -> None:
        """The other language, at once and for next time."""
        self.lang = "en" if self.lang == "zh" else "zh"
        save_user_settings({"lang": self.lang})
        for screen in self.screen_stack:
            screen.refresh(recompose=True)

    def action_switch_background(self) -> None:
        """For the next start."""
        wanted = not detaches(load_user_settings())
        save_user_settings({"detach": wanted})
        self.say((texts.IN_BACKGROUND if wanted else texts.IN_WINDOW).in_(self.lang))

    def action_command_palette(self) -> None:
        """Our own palette, of what applies on the screen below."""
        from cozebatch_tui.screen.screens.palette import PaletteScreen

        below = self.screen
        if below.is_modal:
            return

        def run(action: str | None) -> None:
            if action is not None:
                self.call_later(self.run_action, action, below)

        self.push_screen(PaletteScreen(palette_entries(below)), run)

    def action_choose_theme(self) -> None:
        """Only what the operator takes is saved."""
        from cozebatch_tui.screen.screens.theme import ThemeScreen

        if not isinstance(self.screen, ThemeScreen):
            self.push_screen(
                ThemeScreen(self.theme), lambda name: save_user_settings({"theme": name}) if name else None
            )

    def action_maximize(self) -> None:
        screen = self.screen
        if screen.maximized is not None:
            screen.minimize()
        elif screen.focused is None or not screen.maximize(screen.focused):
            self.say(texts.NOTHING_TO_MAXIMIZE.in_(self.lang))

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """A picture of the screen, beside the operator's downloads."""
        from platformdirs import user_downloads_path

        try:
            saved = self.save_screenshot(filename, path or str(user_downloads_path()))
        except OSError as error:
            told = texts.SCREENSHOT_FAILED.filled(reason=os_reason(error))
            self.say(told.in_(self.lang), severity="error")
            return
        self.say(texts.SCREENSHOT_SAVED.in_(self.lang).format(path=saved))
