"""Never pay twice, never lose a result: many whole lives of a batch, each by its seed (see `support.simulation`)."""

from __future__ import annotations

import pytest

from support.simulation import Simulation, simulate

SCHEDULES_A_TEST = 100

BROKE_SOMETHING = (22, 168, 175, 285, 369, 901, 5001, 6575, 7336)
"""Seeds that once found a fault, or a hole in the model."""


@pytest.mark.parametrize("first", range(0, 1000, SCHEDULES_A_TEST))
def test_no_schedule_of_faults_and_crashes_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + SCHEDULES_A_TEST):
        try:
            simulate(seed)
        except Exception as error:
            error.add_note(f"replay it in tests/: python -m support.simulation --seed {seed}")
            raise


@pytest.mark.parametrize("seed", BROKE_SOMETHING)
def test_a_seed_that_once_broke_something_holds(seed: int) -> None:
    assert isinstance(simulate(seed), Simulation)
