"""What the operator allows a run to pay for, in a sentence."""

from __future__ import annotations

from datetime import datetime

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
