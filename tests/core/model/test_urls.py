from __future__ import annotations

import pytest

from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.model.loopback import is_loopback_url
from cozebatch.model.urls import split_url


@pytest.mark.parametrize("odd", ["http://[::1", "http://[x]/", "http://a:99999/", "http://a:²/", "//[1, {"])
def test_an_odd_address_is_none(odd: str) -> None:
    assert split_url(odd) is None
    assert not is_loopback_url(odd)
    with pytest.raises(LinkError):
        parse_base(odd)


def test_a_usual_one_is_split() -> None:
    parts = split_url("https://a.example:8443/b?c=1")
    assert parts is not None
    assert (parts.hostname, parts.port, parts.path) == ("a.example", 8443, "/b")
