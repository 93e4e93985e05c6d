"""What an answer that stands for a secret really is: the secret itself, or the variable that holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cozebatch.model.text import Text
from cozebatch.settings.known_hosts import host_to_ask_about
from cozebatch.setup.question import WrongAnswer

_VARIABLE = re.compile(r"\$\{([^{}]+)\}")
_AROUND = "\"'`“”‘’＂「」，,；;。 \t\r\n\u3000\u00a0\u200b\u200c\u200d\u2060\ufeff"


def reference(variable: str) -> str:
    """How the configuration names a variable."""
    return f"${{{variable}}}"


def variable_of(answer: str) -> str | None:
    """The variable that an answer consists of; None for a plain secret."""
    found = _VARIABLE.fullmatch(answer)
    return found[1].strip() if found else None


def plain_secret(answer: str, env: Mapping[str, str]) -> str:
    """The secret behind an answer. Raises `WrongAnswer` for a variable that is not set."""
    variable = variable_of(answer)
    if variable is None:
        return answer
    value = env.get(variable, "").strip()
    if not value:
        raise WrongAnswer(
            Text(f"环境变量 {variable[:60]} 没有设置。", f"The environment variable {variable[:60]} is not set.")
        )
    return value


def without_wrapping(typed: str) -> str:
    """What was pasted, without quotes, marks and unseen characters around it, and without a leading `Bearer`."""
    text = typed.strip(_AROUND)
    return text[7:].strip(_AROUND) if text.lower().startswith("bearer ") else text


def may_send(variable: str | None, url: str, trusted: frozenset[str]) -> bool:
    """Whether a secret may go to this address unasked: one that was typed may, one from the environment only to the
    services' own hosts, to this machine, and to hosts that were confirmed (docs/contract.md §5)."""
    host = host_to_ask_about(url)
    return variable is None or host is None or host in trusted
