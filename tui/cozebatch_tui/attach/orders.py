"""What a screen may ask of the batch: name and arguments to a call, in the engine's thread.

Arguments come from a side that knows the token, yet of another version perhaps: a wrong one is an error for that
screen alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio.to_thread

from cozebatch.coze.debug_link import execute_id_of
from cozebatch.model.errors import CozebatchError
from cozebatch.model.rows import Stage
from cozebatch.model.text import Text
from cozebatch_tui.attach.values import error_to_json, frame_to_json, task_facts_to_json
from cozebatch_tui.session.session import Session
from cozebatch_tui.session.task_facts import task_facts

Given = Mapping[str, Any]


async def answer(session: Session, order: Mapping[str, Any]) -> dict[str, Any]:
    """`{ok}` or `{error}`. Never raises for what was asked."""
    given = order.get("with")
    obey = _ORDERS.get(str(order.get("do")))
    try:
        if obey is None or not isinstance(given, dict):
            raise CozebatchError(f"unknown order {str(order.get('do'))[:40]!r}")
        return {"ok": await obey(session, given)}
    except Exception as error:  # noqa: BLE001 - the screen is told; the batch and its other screens go on
        return {"error": error_to_json(error)}


async def _toggle_pause(session: Session, given: Given) -> bool:
    commands, seen = session.batch.commands, int(given["seen"])
    return await (commands.resume(seen=seen) if given["paused"] else commands.pause(seen=seen))


async def _retry(session: Session, given: Given) -> list[str]:
    seen = _attempts(session, given)
    return await session.batch.commands.retry(seen, may_pay=bool(given["may_pay"]), seen=seen)


async def _rerun(session: Session, given: Given) -> list[str]:
    seen = _attempts(session, given)
    return await session.batch.commands.rerun(seen, seen=seen)


async def _go_on(session: Session, given: Given) -> list[str]:
    return await session.go_on_here()


async def _edit(session: Session, given: Given) -> None:
    await session.batch.commands.edit(
        _task(session, given),
        str(given["title"]),
        str(given["content"]),
        write_back=bool(given["write_back"]),
        seen=int(given["seen"]),
    )


async def _takes_texts(session: Session, given: Given) -> bool:
    return await session.batch.commands.takes_texts()


async def _cancel(session: Session, given: Given) -> None:
    rows = session.batch.engine.board.rows
    await session.batch.commands.cancel([task_id for task_id in given["task_ids"] if task_id in rows])


async def _adopt(session: Session, given: Given) -> None:
    await session.batch.commands.adopt(_task(session, given), execute_id_of(str(given["execute_id"])))


async def _answer(session: Session, given: Given) -> None:
    typed = given["typed"]
    await session.answer_here(_task(session, given), dict(typed) if isinstance(typed, Mapping) else str(typed))


async def _allow(session: Session, given: Given) -> bool:
    return await session.batch.commands.allow(given["more"], given["until"], seen=given["seen"])


async def _change_limit(session: Session, given: Given) -> int:
    return await session.batch.commands.change_limit(Stage(given["stage"]), int(given["step"]))


async def _note(session: Session, given: Given) -> None:
    session.batch.note("error", Text.from_json(given["text"]))


async def _stop(session: Session, given: Given) -> None:
    session.batch.stop()


async def _task_facts(session: Session, given: Given) -> dict[str, Any]:
    return task_facts_to_json(await task_facts(session.batch, _task(session, given)))


async def _usual_seconds(session: Session, given: Given) -> float | None:
    return await session.usual_here()


async def _poster(session: Session, given: Given) -> dict[str, Any] | None:
    frame = await anyio.to_thread.run_sync(
        session.poster, str(given["film"]), min(200, int(given["width"])), min(200, int(given["height"]))
    )
    return frame_to_json(frame)


def _task(session: Session, given: Given) -> str:
    task_id = str(given["task_id"])
    if task_id not in session.batch.engine.board.rows:
        raise CozebatchError(f"no task {task_id[:40]!r}")
    return task_id


def _attempts(session: Session, given: Given) -> dict[str, int]:
    """The tasks that were named and are of this batch, with their attempts as they were seen."""
    rows = session.batch.engine.board.rows
    return {task_id: int(attempts) for task_id, attempts in given["seen"].items() if task_id in rows}


_ORDERS: Mapping[str, Callable[[Session, Given], Awaitable[Any]]] = {
    "toggle_pause": _toggle_pause,
    "retry": _retry,
    "rerun": _rerun,
    "go_on": _go_on,
    "edit": _edit,
    "takes_texts": _takes_texts,
    "cancel": _cancel,
    "adopt": _adopt,
    "answer": _answer,
    "allow": _allow,
    "change_limit": _change_limit,
    "note": _note,
    "stop": _stop,
    "task_facts": _task_facts,
    "usual_seconds": _usual_seconds,
    "poster": _poster,
}
