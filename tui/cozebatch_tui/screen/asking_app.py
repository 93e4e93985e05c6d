"""What the application asks the operator, on whichever screen: questions, lines, scripts, answers to a workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text
from cozebatch_tui.screen.look.questions import Answers
from cozebatch_tui.screen.program_app import ProgramApp

if TYPE_CHECKING:
    from cozebatch.model.question import Question
    from cozebatch.model.task import Task
    from cozebatch.ports import Edit


class AskingApp(ProgramApp):
    """Dialogs are imported when they are first shown. Only a worker may wait for an answer, or another thread."""

    def __init__(self, lang: Lang, answers: Answers) -> None:
        super().__init__(lang, answers)
        self._answer: asyncio.Future[bool] | None = None

    def ask_from_thread(self, question: Text) -> bool:
        """Ask the operator and wait for the answer, in another thread. The answer is no if he leaves instead."""

        async def ask() -> bool:
            from cozebatch_tui.screen.screens.dialogs import Confirm

            self._answer = asyncio.get_running_loop().create_future()
            self.push_screen(Confirm(question.in_(self.lang), self.lang), self._answered)
            return await self._answer

        answer: bool = self.call_from_thread(ask)  # type: ignore[arg-type]  # mypy cannot solve Textual's union
        return answer

    def _answered(self, yes: bool | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(yes is True)

    async def confirm(self, question: str) -> bool:
        from cozebatch_tui.screen.screens.dialogs import Confirm

        return await self.push_screen_wait(Confirm(question, self.lang)) is True

    async def edit_script(
        self, task: Task, edit: Edit | None, *, offers_write_back: bool
    ) -> tuple[str, str, bool] | None:
        from cozebatch_tui.screen.screens.edit import EditScreen

        return await self.push_screen_wait(EditScreen(task, edit, offers_write_back=offers_write_back))

    async def ask_answer(self, question: Question) -> str | dict[str, str] | None:
        from cozebatch_tui.screen.screens.answer import AnswerScreen

        return await self.push_screen_wait(AnswerScreen(question))

    async def ask_line(self, question: str) -> str | None:
        from cozebatch_tui.screen.screens.dialogs import Prompt

        return await self.push_screen_wait(Prompt(question))

    def start_work(self, work: Coroutine[None, None, None]) -> None:
        self.run_worker(work, exit_on_error=False)

    def on_unmount(self) -> None:
        self._answered(False)
