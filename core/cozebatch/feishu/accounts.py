"""Finds voices and digital humans by account, which tables name by a relation or by a text.

A relation column holds record ids of the account table; a text column holds the account's own text or its name. Both
are brought to one key, so that tables of either kind find each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import anyio

from cozebatch.feishu.base import FeishuBase, Record, patiently
from cozebatch.feishu.cells import SEPARATOR, cell_text, related_records
from cozebatch.feishu.layout import Layout, Relation
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text

Keys = tuple[str, ...]
"""The keys of an account, surest first: its record ids, then its text."""


@dataclass(slots=True)
class Accounts:
    """What is known of accounts."""

    texts: dict[str, str] = field(default_factory=dict)
    """Record id → the account's own text."""
    ids: dict[str, str] = field(default_factory=dict)
    """The account's text, or its name → record id."""
    voices: dict[str, str] = field(default_factory=dict)
    humans: dict[str, list[str]] = field(default_factory=dict)

    def of(self, cell: Any) -> Keys:
        """The keys of the account that a cell names; none for an empty cell."""
        related = related_records(cell)
        text = cell_text(cell).strip()
        if related and text == SEPARATOR.join(related):
            text = ""
        keys = (*related, self.ids.get(text, ""), text)
        return tuple(dict.fromkeys(key for key in keys if key))

    def name(self, account: Keys) -> str:
        """The account's text; what the cell said where the account table does not know it."""
        known = next((self.texts[key] for key in account if key in self.texts), None)
        return known if known is not None else (account[-1] if account else "")

    def voice(self, account: Keys) -> str:
        return next((self.voices[key] for key in account if key in self.voices), "")

    def digital_human(self, account: Keys, task_id: str) -> str:
        """One of the account's digital humans: always the same for the same task and the same set of them."""
        choices = next((sorted(set(self.humans[key])) for key in account if key in self.humans), [])
        if not choices:
            return ""
        digest = hashlib.sha256(task_id.encode()).digest()
        return choices[int.from_bytes(digest[:8], "big") % len(choices)]

    def add_accounts(self, records: Iterable[Record], relation: Relation) -> None:
        for record in records:
            text = cell_text(record.cells.get(relation.account_column)).strip()
            name = cell_text(record.cells.get(relation.value_column)).strip()
            self.texts[record.record_id] = text or name or record.record_id
            for known_as in (text, name):
                if known_as:
                    self.ids.setdefault(known_as, record.record_id)

    def values(self, records: Iterable[Record], relation: Relation) -> list[tuple[str, str]]:
        """The pairs (account, value) of a table that belongs to accounts; a row may belong to several."""
        pairs: list[tuple[str, str]] = []
        for record in records:
            value = cell_text(record.cells.get(relation.value_column)).strip()
            if value:
                pairs += [(key, value) for key in self.of(record.cells.get(relation.account_column))]
        return pairs


async def load_accounts(base: FeishuBase, layout: Layout, patience: float) -> Accounts:
    """Read the relation tables that are configured, side by side. Raises `UsageError`."""
    found: dict[str, list[Record]] = {}

    async def read(name: str, relation: Relation) -> None:
        async def work() -> list[Record]:
            wanted = list(dict.fromkeys((relation.account_column, relation.value_column)))
            return await base.search_all(relation.table_id, columns=wanted)

        try:
            found[name] = await patiently(work, patience=patience)
        except FeishuError as error:
            text = error.complaint
            raise UsageError(Text(f"tables.{name}：{text.zh}", f"tables.{name}: {text.en}")) from None

    tables = {
        "account_table": layout.accounts,
        "voice_table": layout.voices,
        "digital_human_table": layout.digital_humans,
    }
    async with anyio.create_task_group() as group:
        for name, relation in tables.items():
            if relation is not None:
                group.start_soon(read, name, relation)
    accounts = Accounts()
    if layout.accounts is not None:
        accounts.add_accounts(found["account_table"], layout.accounts)
    if layout.voices is not None:
        for account, voice in accounts.values(found["voice_table"], layout.voices):
            accounts.voices.setdefault(account, voice)
    if layout.digital_humans is not None:
        for account, human in accounts.values(found["digital_human_table"], layout.digital_humans):
            accounts.humans.setdefault(account, []).append(human)
    return accounts
