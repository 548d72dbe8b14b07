"""What decides about a client's document: which addresses are public, how long it is fresh."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overset.manager.oauth.clients.cache_control import DEFAULT, LONGEST, cache_time
from overset.manager.oauth.clients.public_fetch import is_public

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
NOTHING = timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.1", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.1"),
        *("169.254.169.254", "172.16.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
        *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
        *("240.0.0.1", "255.255.255.255", "::", "::1", "::2", "::7f00:1", "::ffff:127.0.0.1"),
        *("::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00::1"),
        *("fe80::1", "fec0::1", "ff02::1"),
    ],
)
def test_what_is_inside_or_may_be_is_not_public(text: str):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1"])
def test_the_internet_is_public(text: str):
    assert is_public(ip_address(text))


@given(inside=st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv6_spelling_of_an_ipv4_address_is_public(inside: IPv4Address):
    number = int(inside)
    for prefix, shift in (("::", 0), ("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
        assert not is_public(IPv6Address(int(IPv6Address(prefix)) | number << shift))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, DEFAULT),
        ({"cache-control": "public"}, DEFAULT),
        ({"cache-control": "max-age=60"}, timedelta(seconds=60)),
        ({"cache-control": 'Public , Max-Age="60"'}, timedelta(seconds=60)),
        ({"cache-control": "max-age=60", "age": "20"}, timedelta(seconds=40)),
        ({"cache-control": "max-age=60", "age": "90"}, NOTHING),
        ({"cache-control": "max-age=0"}, NOTHING),
        ({"cache-control": "max-age=-5"}, NOTHING),
        ({"cache-control": "max-age=soon"}, NOTHING),
        ({"cache-control": "max-age"}, NOTHING),
        ({"cache-control": "max-age=" + "9" * 5000}, LONGEST),
        ({"cache-control": "no-store, max-age=60"}, NOTHING),
        ({"cache-control": "max-age=60, no-cache"}, NOTHING),
        ({"cache-control": "NO-STORE"}, NOTHING),
        ({"expires": "Wed, 01 Jul 2026 12:10:00 GMT"}, timedelta(minutes=10)),
        (
            {"expires": "Wed, 01 Jul 2026 12:10:00 GMT", "date": "Wed, 01 Jul 2026 12:09:00 GMT"},
            timedelta(minutes=1),
        ),
        ({"expires": "Wed, 01 Jul 2020 12:10:00 GMT"}, NOTHING),
        ({"expires": "Wed, 01 Jul 2036 12:10:00 GMT"}, LONGEST),
        ({"expires": "0"}, NOTHING),
        ({"expires": "0", "cache-control": "max-age=60"}, timedelta(seconds=60)),
    ],
)
def test_how_long_a_document_is_fresh(headers: dict[str, str], expected: timedelta):
    assert cache_time(headers, now=NOW) == expected


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    headers=st.dictionaries(
        st.sampled_from(["cache-control", "age", "expires", "date"]),
        st.text()
        | st.sampled_from(["0 Jan 0 3000000000:0", "Mon, 1 Jan 1 0:0:0 +9999", "9 Dec 9999 23:59"])
        | st.from_regex(r'((max-age|no-store|x)(="?[0-9a-z]{0,12}"?)?,? ?){0,4}', fullmatch=True),
    )
)
def test_whatever_the_headers_say_it_is_between_nothing_and_a_day(headers: dict[str, str]):
    assert NOTHING <= cache_time(headers, now=NOW) <= LONGEST
