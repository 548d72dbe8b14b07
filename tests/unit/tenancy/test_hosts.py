"""Host names: which are ours, whose they are, and which headers are believed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overset.kernel.errors import HostNotServed, InvalidRequest
from overset.kernel.settings import Settings, load
from overset.tenancy.hosts import Host, HostKind, public_host, resolve_host, resolve_request

MISDIRECTED = Host(HostKind.MISDIRECTED)
NEUTRAL = Host(HostKind.NEUTRAL)
MANAGER = Host(HostKind.MANAGER)
ONE_MACHINE = load(domain="localhost", port=8088)
PUBLIC = load(
    domain="example.com", port=8000, public_scheme="https", trusted_proxies="10.0.0.0/8,fd00::/8"
)


def acme() -> Host:
    return Host(HostKind.WORKSPACE, "acme")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("acme.example.com", acme()),
        ("ACME.Example.COM", acme()),
        ("acme.example.com.", acme()),
        ("acme.example.com:443", acme()),
        ("acme.example.com:8000", acme()),
        ("a-1.example.com", Host(HostKind.WORKSPACE, "a-1")),
        ("www.example.com", Host(HostKind.WORKSPACE, "www")),
        ("api.example.com", NEUTRAL),
        ("manager.example.com", MANAGER),
        # not below the domain
        ("example.com", MISDIRECTED),
        (".example.com", MISDIRECTED),
        ("acme.example.org", MISDIRECTED),
        ("acmeexample.com", MISDIRECTED),
        ("acme.example.com.evil.test", MISDIRECTED),
        ("evil-example.com", MISDIRECTED),
        ("localhost", MISDIRECTED),
        ("127.0.0.1", MISDIRECTED),
        # not one label
        ("a.acme.example.com", MISDIRECTED),
        ("mcp.api.example.com", MISDIRECTED),
        ("acme..example.com", MISDIRECTED),
        ("acme.example.com..", MISDIRECTED),
        # not a label of ours
        ("ac_me.example.com", MISDIRECTED),
        ("-acme.example.com", MISDIRECTED),
        ("acme-.example.com", MISDIRECTED),
        ("xn--acm-epa.example.com", MISDIRECTED),
        ("acmé.example.com", MISDIRECTED),
        ("\u212a.example.com", MISDIRECTED),
        ("a" * 41 + ".example.com", MISDIRECTED),
        ("*.example.com", MISDIRECTED),
        # ports that were made up
        ("acme.example.com:8088", MISDIRECTED),
        ("acme.example.com:80", MISDIRECTED),
        ("acme.example.com:0443", MISDIRECTED),
        ("acme.example.com:", MISDIRECTED),
        ("acme.example.com:443:443", MISDIRECTED),
        ("acme.example.com:-1", MISDIRECTED),
        ("acme.example.com:99999", MISDIRECTED),
        ("acme.example.com:٤٤٣", MISDIRECTED),
        # not a host at all
        ("", MISDIRECTED),
        ("user@acme.example.com", MISDIRECTED),
        ("acme.example.com/x", MISDIRECTED),
        ("acme.example.com, evil.test", MISDIRECTED),
        ("acme.example.com evil.test", MISDIRECTED),
        ("acme.example.com\n", MISDIRECTED),
        ("http://acme.example.com", MISDIRECTED),
        ("acme%2eexample.com", MISDIRECTED),
        ("[::1]", MISDIRECTED),
        ("[::1]:8000", MISDIRECTED),
        ("::1", MISDIRECTED),
    ],
)
def test_a_host_of_a_public_domain(host, expected):
    assert resolve_host(host, PUBLIC) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:8088", Host(HostKind.NEUTRAL | HostKind.MANAGER)),
        ("LOCALHOST", Host(HostKind.NEUTRAL | HostKind.MANAGER)),
        ("127.0.0.1:8088", NEUTRAL),
        ("api.localhost:8088", NEUTRAL),
        ("acme.localhost:8088", acme()),
        ("acme.localhost", acme()),
        ("acme.localhost:8089", MISDIRECTED),
        ("localhost:22", MISDIRECTED),
        ("127.0.0.2:8088", MISDIRECTED),
        ("0x7f.0.0.1:8088", MISDIRECTED),
        ("0.0.0.0:8088", MISDIRECTED),
        ("[::1]:8088", MISDIRECTED),
        ("evil.test:8088", MISDIRECTED),
    ],
)
def test_a_host_of_one_machine(host, expected):
    assert resolve_host(host, ONE_MACHINE) == expected


def test_a_published_port_other_than_the_served_one_counts():
    settings = load(domain="example.com", port=8000, public_port=9443, public_scheme="https")

    assert resolve_host("acme.example.com:9443", settings) == acme()


def test_the_managers_host_may_lie_outside_of_the_domain():
    settings = load(domain="example.com", issuer="https://id.example.org")

    assert resolve_host("id.example.org", settings) == MANAGER


@given(st.text())
def test_only_a_host_below_the_domain_is_a_workspaces(text):
    found = resolve_host(text, PUBLIC)

    assert found.slug is None or text.lower().startswith(found.slug + ".example.com")


def scope(*headers: tuple[str, str], client: str | None = "192.0.2.1") -> dict[str, Any]:
    pairs = [(name.encode(), value.encode("utf-8")) for name, value in headers]
    return {"type": "http", "headers": pairs, "client": (client, 1234) if client else None}


def host_of(settings: Settings, *headers: tuple[str, str], client: str | None) -> tuple[str, str]:
    found = public_host(scope(*headers)["headers"], client, settings)
    return found.host, found.scheme


FORWARDED = (
    ("host", "inner:8000"),
    ("x-forwarded-host", "acme.example.com"),
    ("x-forwarded-proto", "http"),
)


@pytest.mark.parametrize("client", ["10.1.2.3", "fd00::1", "::ffff:10.1.2.3", "fd00::1%eth0"])
def test_a_trusted_proxy_is_believed(client):
    assert host_of(PUBLIC, *FORWARDED, client=client) == ("acme.example.com", "http")


@pytest.mark.parametrize("client", ["192.0.2.1", "::1", "fe80::1", "", None, "unix", "10.0.0.1.2"])
def test_nobody_else_is(client):
    assert host_of(PUBLIC, *FORWARDED, client=client) == ("inner:8000", "https")


def test_without_trusted_proxies_nobody_is():
    assert host_of(ONE_MACHINE, *FORWARDED, client="127.0.0.1") == ("inner:8000", "http")


def test_of_several_forwarded_values_the_proxys_own_counts_which_is_the_last():
    listed = [("host", "inner"), ("x-forwarded-host", "evil.example.com, acme.example.com")]
    repeated = [
        ("host", "inner"),
        ("x-forwarded-host", "evil.example.com"),
        ("x-forwarded-host", "acme.example.com"),
    ]

    assert host_of(PUBLIC, *listed, client="10.0.0.1")[0] == "acme.example.com"
    assert host_of(PUBLIC, *repeated, client="10.0.0.1")[0] == "acme.example.com"


def test_a_scheme_that_is_none_does_not_count():
    headers = [("host", "acme.example.com"), ("x-forwarded-proto", "javascript")]

    assert host_of(PUBLIC, *headers, client="10.0.0.1") == ("acme.example.com", "https")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "host_missing"),
        ([("host", "")], "host_missing"),
        ([("host", "acme.example.com"), ("host", "acme.example.com")], "host_repeated"),
        ([("host", "acmé.example.com")], "host_malformed"),
    ],
)
@pytest.mark.parametrize("client", ["10.0.0.1", "192.0.2.1"])
def test_a_request_names_one_host(headers, code, client):
    forwarded = ("x-forwarded-host", "acme.example.com")
    with pytest.raises(InvalidRequest) as refused:
        resolve_request(scope(*headers, forwarded, client=client), PUBLIC)
    assert refused.value.code == code


def test_a_host_that_is_not_ours_is_refused():
    with pytest.raises(HostNotServed) as refused:
        resolve_request(scope(("host", "evil.test")), PUBLIC)
    assert (refused.value.status, refused.value.code) == (421, "host_not_served")


def test_a_request_is_resolved_by_what_its_proxy_says():
    headers = [("host", "inner"), ("x-forwarded-host", "acme.example.com")]

    assert resolve_request(scope(*headers, client="10.0.0.1"), PUBLIC) == acme()
    assert resolve_request(scope(("host", "api.example.com"), client=None), PUBLIC) == NEUTRAL
