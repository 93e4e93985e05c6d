"""Each fault of `support.planted` can still be planted: a change of the code that moves its text away is noticed here,
and not only by the long check."""

from __future__ import annotations

import pytest

from support.planted import LIBRARY
from support.planted_fault import Planted
from support.planted_faults import FAULTS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_text_is_in_the_code_once(fault: Planted) -> None:
    source = (LIBRARY / "cozebatch" / fault.file).read_text(encoding="utf-8")
    assert source.count(fault.old) == 1
    assert fault.new != fault.old
