"""Which tasks a run takes: include, exclude and limit over what the source and the continued run hold. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text


@dataclass(frozen=True, slots=True)
class Selection:
    """The operator's choice (docs/contract.md §1). An empty `include` means all."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    limit: int | None = None

    def choose(self, task_ids: Sequence[str]) -> list[str]:
        """The chosen ids, in source order. Raises `UsageError` listing unknown --include ids."""
        missing = sorted(self.include - set(task_ids))
        if missing:
            raise UsageError(unknown_ids("--include", missing))
        kept = [task_id for task_id in task_ids if self.allows(task_id)]
        return kept if self.limit is None else kept[: self.limit]

    def allows(self, task_id: str) -> bool:
        """Whether --include and --exclude leave this task in, the limit aside."""
        return (not self.include or task_id in self.include) and task_id not in self.exclude


def require_known(option: str, wanted: Iterable[str], chosen: Collection[str]) -> None:
    """Raises `UsageError` when `option` names a task that this run does not have."""
    missing = sorted(set(wanted) - set(chosen))
    if missing:
        raise UsageError(unknown_ids(option, missing))


def unknown_ids(option: str, missing: Sequence[str]) -> Text:
    shown = Text.listed([*missing[:20], "…"] if len(missing) > 20 else missing)
    return Text(
        f"{option} 指定的任务不存在或未被选中：{shown.zh}。什么都没有提交。",
        f"{option} names tasks that the source does not have or that were not selected: {shown.en}. "
        "Nothing was submitted.",
    )
