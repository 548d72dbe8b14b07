"""Redirect URIs: what may be one, and what is the same as one that is registered."""

from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from overset.manager.oauth.clients.redirects import (
    NATIVE_SCHEMES,
    is_same_redirect,
    parse_redirect_uri,
    redirect_host,
)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
GOOD = [
    "https://app.example.com/callback",
    "https://app.example.com",
    "https://app.example.com:8443/a/b?x=1&y=%20",
    "https://192.0.2.1/cb",
    "https://[2001:db8::1]:8443/cb",
    "https://vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418",
    "http://[::1]:8080/callback",
    "http://localhost:3000/oauth/callback?state=x",
    "com.example.app:/oauth",
    "com.example.app://oauth/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "vscode://publisher.extension/callback",
]
BAD = [
    "",
    "callback",
    "/callback",
    "//app.example.com/cb",
    "http://app.example.com/cb",
    "http://127.0.0.1.example.com/cb",
    "http://127.0.0.1@example.com/cb",
    "http://127.0.0.1:80@example.com/cb",
    "http://localhost:/cb",
    "http://localhost:0/cb",
    "http://localhost:65536/cb",
    "http://localhost:*/cb",
    "http://LOCALHOST/cb",
    "http://0.0.0.0/cb",
    "http://[::1]example.com/cb",
    "https://",
    "https:app.example.com/cb",
    "https://app.example.com:/cb",
    "https://app.example.com:0/cb",
    "https://app.example.com:99999/cb",
    "https://app.example.com/cb#",
    "https://app.example.com/cb#token",
    "https://user@app.example.com/cb",
    "https://@app.example.com/cb",
    "https://*.example.com/cb",
    "https://app.example.com/*",
    "https://app.example.com/%zz",
    "https://app.example.com/a b",
    "https://app.example.com\\evil",
    "https://app.example.com%2eevil.com/cb",
    "https://\u0430pp.example.com/cb",
    "https://app.example.com/cb\n",
    "HTTPS://app.example.com/cb",
    "javascript:alert(1)",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/x",
    "about:blank",
    "ftp://app.example.com/cb",
    "ws://localhost/cb",
    "intent://x#Intent;end",
    "unknownprogram://callback",
    "cursor:callback",
    "cursor:/callback",
    "com.example.app:callback",
    "com.example.app:",
    "https://app.example.com/" + "x" * 500,
]


@pytest.mark.parametrize("uri", GOOD)
def test_where_codes_may_go(uri: str):
    assert parse_redirect_uri(uri) == uri
    assert is_same_redirect(uri, uri)


@pytest.mark.parametrize("uri", BAD)
def test_where_codes_may_not_go(uri: str):
    with pytest.raises(ValueError, match="must be"):
        parse_redirect_uri(uri)


@given(uri=st.text() | st.from_regex(r"[a-zA-Z0-9+.-]*:/{0,3}[ -~]*", fullmatch=True))
def test_whatever_may_be_one_has_a_safe_scheme_and_no_userinfo(uri: str):
    try:
        parse_redirect_uri(uri)
    except ValueError:
        return
    parts = urlsplit(uri)
    assert parts.scheme in {"https", "http", *NATIVE_SCHEMES} or "." in parts.scheme
    assert "#" not in uri
    assert "*" not in uri
    assert parts.username is None
    assert parts.scheme != "http" or parts.hostname in LOOPBACK
    assert redirect_host(uri)


_PORT = st.none() | st.integers(1, 65535)
_HOST = st.sampled_from(["127.0.0.1", "[::1]", "localhost"])
_PATH = st.from_regex(r"(/[a-z0-9._-]{0,8}){0,3}(\?[a-z]{1,4}=[a-z0-9]{0,4})?", fullmatch=True)


def _loopback(host: str, port: int | None, path: str) -> str:
    return f"http://{host}{'' if port is None else f':{port}'}{path}"


@given(host=_HOST, ports=st.tuples(_PORT, _PORT), path=_PATH)
def test_on_loopback_the_port_may_be_any(host: str, ports: tuple, path: str):
    assert is_same_redirect(_loopback(host, ports[0], path), _loopback(host, ports[1], path))


@given(hosts=st.tuples(_HOST, _HOST), port=_PORT, paths=st.tuples(_PATH, _PATH))
def test_on_loopback_nothing_else_may_differ(hosts: tuple, port: int | None, paths: tuple):
    assume((hosts[0], paths[0]) != (hosts[1], paths[1]))

    assert not is_same_redirect(
        _loopback(hosts[0], port, paths[0]), _loopback(hosts[1], 8, paths[1])
    )


@given(registered=st.sampled_from(GOOD), asked=st.sampled_from(GOOD + BAD) | st.text())
def test_elsewhere_only_the_same_characters_are_the_same(registered: str, asked: str):
    assume(asked != registered)

    if is_same_redirect(registered, asked):
        assert urlsplit(registered).scheme == "http"
        assert urlsplit(asked).hostname == urlsplit(registered).hostname


@pytest.mark.parametrize(
    "asked",
    [
        "https://app.example.com/callback/",
        "https://app.example.com/callback?x",
        "https://app.example.com/callback#x",
        "https://app.example.com:443/callback",
        "https://APP.example.com/callback",
        "https://app.example.com/Callback",
        "https://app.example.com/x/../callback",
        "https://app.example.com/callbac%6b",
        "https://app.example.com.evil.example/callback",
        "https://evil.example@app.example.com/callback",
        "http://app.example.com/callback",
        "https://app.example.com:8443/callback",
    ],
)
def test_what_looks_like_a_registered_uri_is_another(asked: str):
    assert not is_same_redirect("https://app.example.com/callback", asked)


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1:1#@evil.example/cb",
        "http://127.0.0.1:1\\@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1:\u0661/cb",
        "https://127.0.0.1/cb",
        "http://localhost/cb",
        "http://127.0.0.1:1/cb\n",
        "http://127.0.0.1:1//cb",
    ],
)
def test_a_free_port_opens_nothing_else(asked: str):
    assert not is_same_redirect("http://127.0.0.1/cb", asked)


def test_people_are_told_the_host_or_the_program():
    assert redirect_host("https://app.example.com:8443/cb") == "app.example.com"
    assert redirect_host("http://[::1]:80/cb") == "::1"
    assert redirect_host("cursor://anysphere.cursor-mcp/cb") == "cursor:"
    assert redirect_host("com.example.app:/cb") == "com.example.app:"
