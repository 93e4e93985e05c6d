"""Keeps what a demo did, for `runs` and `report` alone.

A demo runs on a journal in memory: its simulated Coze forgets everything when it ends, so nothing of it can go on. What
is kept is a copy in a folder of its own. No batch ever reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cozebatch.journal.lock import state_lock
from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.sqlite import FILE_NAME, open_journal
from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text
from cozebatch.ports import NOT_ENDED, Change, PutAsked, PutExecution, PutOutput, PutRun

_NOT_KEPT = Text("演示的记录没能保存：{why}", "What the demo did was not kept: {why}")


async def keep_demo(journal: MemoryJournal, folder: Path, on_note: Callable[[Text], None]) -> None:
    """Copy a demo's runs into the journal of `folder`. Told through `on_note` if that cannot be done."""
    try:
        with state_lock(folder):
            async with open_journal(folder / FILE_NAME) as kept:
                for run in await journal.runs():
                    rows = await journal.rows(run.run_id)
                    tasks = await journal.tasks(run.run_id, [row.task_id for row in rows])
                    await kept.begin(run, [(tasks[row.task_id], row) for row in rows])
                    changes: list[Change] = []
                    for row in rows:
                        for execution in await journal.executions(run.run_id, row.task_id):
                            ended = execution.status not in NOT_ENDED
                            changes.append(PutExecution(execution if ended else replace(execution, status="cancelled")))
                            changes += [PutAsked(asked) for asked in await journal.questions([execution.key])]
                            output = await journal.output(execution.execute_id) if execution.execute_id else None
                            if output is not None and execution.execute_id is not None:
                                changes.append(PutOutput(execution.execute_id, output))
                    over = run if run.status == "finished" else replace(run, status="abandoned")
                    await kept.write(*changes, PutRun(over))
    except JournalError as error:
        on_note(_NOT_KEPT.filled(why=error.text))
    except UsageError as error:
        on_note(_NOT_KEPT.filled(why=error.complaints[0]))
    except OSError as error:
        on_note(_NOT_KEPT.filled(why=os_reason(error)))
