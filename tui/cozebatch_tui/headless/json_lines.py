"""Events as JSON lines (docs/contract.md §6), numbered from 1 without gaps in each process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cozebatch.model import events
from cozebatch.model.text import Lang
from cozebatch.model.timestamps import iso


class JsonLines:
    """Turns events into lines. Events for screens only give none."""

    def __init__(self, lang: Lang, mask: Callable[[str], str]) -> None:
        self._lang: Lang = lang
        self._mask = mask
        self._seq = 0

    def line(self, event: events.Event) -> str | None:
        facts = self._facts(event)
        if facts is None:
            return None
        self._seq += 1
        record = {"seq": self._seq, "ts": iso(event.wall), "event": event.tag, **facts}
        return self._mask(json.dumps(record, ensure_ascii=False))

    def _facts(self, event: events.Event) -> dict[str, Any] | None:
        match event:
            case events.RunStarted():
                return {
                    "run_id": event.run_id,
                    "total": event.total,
                    "max_coze": event.max_coze,
                    "max_synthesis": event.max_synthesis,
                }
            case events.TaskState():
                facts: dict[str, Any] = {
                    "task_id": event.task_id,
                    "from": event.before.value,
                    "to": event.after.value,
                    "attempt": event.attempt,
                }
                if event.execute_id is not None:
                    facts["execute_id"] = event.execute_id
                if event.error is not None:
                    facts["error"] = event.error.to_json(self._lang)
                if event.adopted:
                    facts["adopted"] = True
                return facts
            case events.TaskProgress():
                return {"task_id": event.task_id, "stage": event.stage, "fraction": event.fraction}
            case events.LimitChanged():
                return {"stage": event.stage.value, "limit": event.limit, "reason": event.reason}
            case events.Throttled():
                return {"retry_in": event.retry_in}
            case events.Paused():
                return {"reason": event.reason}
            case events.Resumed():
                return {}
            case events.RunFinished():
                return {"statistics": dict(event.statistics), "results_path": event.results_path}
            case events.Loaded() | events.Retrying() | events.Gauges() | events.Noted() | events.Allowed():
                return None
