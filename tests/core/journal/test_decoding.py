"""Rows as the journal's records hold them."""

from __future__ import annotations

import pytest

from cozebatch.journal.decoding import row_of
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import State


def test_a_row_is_read_with_what_it_says_and_the_defaults_of_the_rest() -> None:
    stored = '{"task_id":"t","position":3,"state":"done","has_output":true,"lag_seconds":0.1}'
    assert row_of(stored) == Row("t", 3, state=State.DONE, has_output=True, lag_seconds=0.1)


def test_half_a_surrogate_pair_and_what_a_later_version_knows_do_no_harm() -> None:
    assert row_of(r'{"task_id":"t","position":0,"title":"\ud83d","colour":"red"}') == Row("t", 0, title="\ud83d")


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"task_id":"t"}', '{"position":1}', '{"task_id":"t","position":0,"state":"x"}']
)
def test_what_is_no_row_is_told(stored: str) -> None:
    with pytest.raises(JournalError):
        row_of(stored)
