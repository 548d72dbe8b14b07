"""Whose address counts: what proxies of ours saw, and nothing that a client made up."""

from pathlib import Path

import pytest
from starlette.requests import Request

from overset.manager.client_address import find_client_address
from support.manager import make_settings

PROXIES = "10.0.0.0/8,2001:db8:ffff::/48"


def _find(home: Path, client: str | None, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "headers": headers, "client": client and (client, 4711)}
    return find_client_address(Request(scope), make_settings(home, trusted_proxies=PROXIES))


@pytest.mark.parametrize(
    ("client", "forwarded", "found"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [" , "], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "unknown"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:ffff::1", ["2001:db8:7:8::9"], "2001:db8:7:8::/64"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("fe80::1%eth0", [], "fe80::/64"),
        (None, [], "unknown"),
    ],
)
def test_an_address_is_the_last_one_that_is_not_our_proxys(
    tmp_path: Path, client: str | None, forwarded: list[str], found: str
):
    assert _find(tmp_path, client, *forwarded) == found
