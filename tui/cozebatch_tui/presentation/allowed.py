"""What the operator allows a run to pay for, as a sentence, and read from what was typed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from cozebatch.model.allowance import Allowance
from cozebatch.model.text import Text


def allowed(allowance: Allowance) -> Text | None:
    """At most so many more, and until when; None where nothing limits it. The time is the local one."""
    zh, en = [], []
    if (left := allowance.left) is not None:
        zh.append(f"最多再付费执行 {left} 次（重试也算）")
        en.append(f"at most {left} more paid executions, retries included")
    if allowance.until is not None:
        at = datetime.fromtimestamp(allowance.until).strftime("%H:%M")
        zh.append(f"{at} 起不再提交")
        en.append(f"nothing is submitted from {at} on")
    return Text("，".join(zh), "; ".join(en)) if zh else None


def next_clock_time(text: str, now: datetime) -> float | None:
    """The next time after `now` that the clock on the wall shows HH:MM, today or tomorrow, in Unix seconds; None for
    what is no such time."""
    found = re.fullmatch(r"([0-9]{1,2})[:：]([0-9]{2})", text.strip())
    hour, minute = (int(part) for part in found.groups()) if found else (24, 0)
    if hour > 23 or minute > 59:
        return None
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at > now else at + timedelta(days=1)).timestamp()


def typed_allowance(text: str, now: datetime) -> Allowance | None:
    """A number of executions, a time, or both; `-` for no limit. None for anything else."""
    if text.strip() == "-":
        return Allowance()
    most, until = None, None
    for part in text.split():
        at = next_clock_time(part, now)
        if at is not None and until is None:
            until = at
        elif re.fullmatch("[0-9]{1,7}", part) and most is None:
            most = int(part)
        else:
            return None
    return None if most is None and until is None else Allowance(most, until)
