"""One task submitted to a simulated Coze, with or without a fault, for the tests of Coze's room."""

from __future__ import annotations

from typing import Any

from cozebatch.coze.client import CozeService
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import Task
from cozebatch.ports import Submission

TASK = Task("t1", title="三个方法", content="今天说三个方法。", digital_no="7", voice_id="v1", account_id="a1")


def service(url: str, **settings: Any) -> CozeService:
    return CozeService(
        **{"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": url, "request_timeout": 5, **settings}
    )


async def submit_once(url: str, task: Task = TASK, **settings: Any) -> Submission:
    async with service(url, **settings) as coze:
        return await coze.submit(task)


async def submit_into(fault: Fault, **settings: Any) -> tuple[Submission, int, int]:
    """The outcome under a fault; how many requests the server saw, and how many executions there are."""
    with serve_coze(faults=[fault]) as coze:
        outcome = await submit_once(coze.url, **settings)
        ledger = coze.ledger()
    return outcome, ledger.requests["submit"], len(ledger.executions)
