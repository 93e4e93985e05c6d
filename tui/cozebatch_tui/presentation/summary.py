"""The figures of a run as lines of text: printed at its end, by `report`, and on the HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cozebatch.model.prices import yuan
from cozebatch.model.text import Lang
from cozebatch_tui.locale import headless as texts
from cozebatch_tui.locale.names import CATEGORIES


def summary(status: str, statistics: Mapping[str, Any], lang: Lang, spent: float | None = None) -> list[str]:
    """The run's figures, a title and one line each. `spent`: yuan, where prices are known."""
    s = statistics
    comma = "、" if lang == "zh" else ", "
    errors = comma.join(f"{_category(name, lang)} {count}" for name, count in s["errors"].items())
    shown = {name: text for name, text in texts.COUNTS.items() if s[name] or name in ("done", "failed")}
    counts = ("，" if lang == "zh" else ", ").join(text.in_(lang).format(count=s[name]) for name, text in shown.items())
    facts = {
        texts.TOTAL: f"{s['total_tasks']}（{counts}）" if lang == "zh" else f"{s['total_tasks']} ({counts})",
        **({texts.SUCCESS_RATE: f"{s['success_rate']:.1f}%"} if tried(s) else {}),
        texts.AVERAGE: texts.AVERAGE_DETAIL.in_(lang).format(
            task=f"{s['average_task_seconds']:.1f}",
            coze=f"{s['average_coze_seconds']:.1f}",
            synthesis=f"{s['average_synthesis_seconds']:.1f}",
        ),
        texts.UTILISATION: texts.UTILISATION_DETAIL.in_(lang).format(
            coze=f"{100 * s['coze_utilization']:.0f}", synthesis=f"{100 * s['synthesis_utilization']:.0f}"
        ),
        texts.ELAPSED: texts.ELAPSED_DETAIL.in_(lang).format(seconds=f"{s['elapsed_seconds']:.1f}"),
        texts.EXECUTIONS: texts.EXECUTIONS_DETAIL.in_(lang).format(**{**s, "tokens": s["tokens"]["total"]}),
        **({} if spent is None else {texts.COST: yuan(spent)}),
        texts.ERRORS: errors or texts.NO_ERRORS.in_(lang),
    }
    return [
        texts.SUMMARY_TITLE[status].in_(lang),
        *(f"  {name.in_(lang)}{'：' if lang == 'zh' else ': '}{value}" for name, value in facts.items()),
    ]


def _category(name: str, lang: Lang) -> str:
    return next((text.in_(lang) for category, text in CATEGORIES.items() if category == name), name)


def tried(statistics: Mapping[str, Any]) -> bool:
    """Whether any task came to an end of its own, so that a rate of success says something."""
    return any(statistics[name] for name in ("done", "failed", "held"))
