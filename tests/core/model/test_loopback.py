"""Loopback addresses, in every spelling, and nothing else."""

from __future__ import annotations

import pytest

from cozebatch.model.loopback import is_loopback_host, is_loopback_url


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1"])
def test_these_lead_to_this_machine(host: str) -> None:
    assert is_loopback_host(host)
    assert is_loopback_url(f"http://[{host}]:80/x" if ":" in host else f"http://{host}:80/x")


@pytest.mark.parametrize(
    "host", ["", "localhost.example.com", "10.0.0.1", "0.0.0.0", "api.coze.cn", "127.0.0.1.nip.io"]
)
def test_these_do_not(host: str) -> None:
    assert not is_loopback_host(host)
    assert not is_loopback_url(f"https://{host}/")
