"""Never pay twice, never lose a result: many whole lives of batches, each by its seed (see `support.simulated`)."""

from __future__ import annotations

import pytest

from support.simulated.schedule import simulate
from support.wine import NO_AFD, is_wine

pytestmark = pytest.mark.skipif(is_wine(), reason=NO_AFD)

SCHEDULES_A_TEST = 50


@pytest.mark.parametrize("first", range(0, 1000, SCHEDULES_A_TEST))
def test_no_schedule_of_faults_and_crashes_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + SCHEDULES_A_TEST):
        try:
            simulate(seed)
        except Exception as error:
            error.add_note(f"replay it in tests/: python -m support.simulation --seed {seed}")
            raise
