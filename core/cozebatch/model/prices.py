"""What executions cost in yuan, as the configuration says. Pure; an estimate, never a bill."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """Each may be missing. With both, both are added."""

    per_execution: float | None = None
    per_1000_tokens: float | None = None

    @property
    def known(self) -> bool:
        return self.per_execution is not None or self.per_1000_tokens is not None

    def spent(self, executions: int, tokens: int) -> float | None:
        """Yuan for what was started and used; None without a price."""
        if not self.known:
            return None
        return executions * (self.per_execution or 0.0) + tokens / 1000 * (self.per_1000_tokens or 0.0)

    def expected(self, executions: int, tokens_each: float | None = None) -> float | None:
        """Yuan for executions still to be started. None without a price, and where the tokens of an execution, which
        decide it, are not known yet."""
        if not self.known or (self.per_1000_tokens is not None and tokens_each is None):
            return None
        return self.spent(executions, round(executions * (tokens_each or 0.0)))


NO_PRICES = Prices()


def yuan(amount: float, sign: str = "¥") -> str:
    """`¥1,234.50`; small amounts, such as a few tokens, with the digits they need."""
    return f"{sign}{amount:,.2f}" if amount >= 0.1 or amount == 0 else f"{sign}{amount:.4f}".rstrip("0")
