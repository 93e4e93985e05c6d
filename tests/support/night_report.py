"""What a simulated night tells: its report, its cards as text, and what cards and uploads cost it. See `night`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from support.night_world import MORNING, clock

if TYPE_CHECKING:
    from support.night import Night


def report(night: Night) -> str:
    rows = night.final_rows().values()
    states = Counter(row.state.value for row in rows)
    paid = len({id(e) for e in night.coze.executions.values()})
    cards = [f"{clock(at)}  {card_text(card)}" for at, card in night.cards]
    wrongs = night.wrongs()
    return "\n".join(
        [
            f"The night of seed {night.seed}",
            *night.lines,
            "",
            f"rows: {dict(states)}; paid executions: {paid}; at once at most: {night.coze.peak}",
            f"writes refused by the full disk: {night.disk.refused}; last submission of the night: "
            f"{clock(max(at for at in night.submitted if at < MORNING))}; left for the morning: {night.left_at_dawn}",
            "",
            f"{len(night.cards)} cards",
            *cards,
            "",
            "Nothing was paid twice, nothing was lost." if not wrongs else "WRONG: " + "; ".join(wrongs),
        ]
    )


def card_text(card: Mapping[str, Any]) -> str:
    lines = [card["header"]["title"]["content"]]
    for element in card["elements"]:
        lines += [f["text"]["content"] for f in element.get("fields", ())]
        if "text" in element:
            lines += element["text"]["content"].splitlines()
    return "\n       ".join(lines)


def share(lived: Sequence[Night], silent: Sequence[Night]) -> float:
    """What cards and uploads cost the batch of its wall time: of the same nights without them, both with all starts."""
    return sum(night.ran for night in lived) / sum(night.ran for night in silent) - 1


def cost(lived: Sequence[Night], silent: Sequence[Night]) -> list[str]:
    """The same in words. Chance has a part in it: what is delivered when orders what fails when."""
    lines = [
        f"seed {a.seed}: {len(a.cards)} cards and {sum(a.table.films.values())} uploads; "
        f"the processes ran {a.ran:,.0f} s with them, {b.ran:,.0f} s without: {100 * share([a], [b]):+.2f}%"
        for a, b in zip(lived, silent, strict=True)
    ]
    total = (
        f"Cards and uploads cost {100 * share(lived, silent):+.2f}% of the wall time (virtual) of {len(lived)} nights."
    )
    return [*lines, total]
