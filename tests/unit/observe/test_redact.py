"""Nothing secret is written down, and nothing without bounds."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overset.observe.redact import MASK, Limits, is_secret_key, redact, redact_text

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c3JfYSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "PASSWORD",
        "db_password",
        "dbPassword",
        "passwd",
        "pwd",
        "secret",
        "client-secret",
        "Api-Key",
        "apikey",
        "X_API_KEY",
        "token",
        "access_token",
        "refreshToken",
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "private_key",
        "aws_secret_access_key",
        "credentials_info",
        "passphrase",
        "jwt",
    ],
)
def test_a_value_under_a_secret_name_is_masked_whatever_it_is(key):
    assert is_secret_key(key)
    for value in ("hunter2", 42, ["hunter2"], {"a": "hunter2"}, b"hunter2"):
        assert redact({"outer": [{key: value}]}) == {"outer": [{key: MASK}]}


@pytest.mark.parametrize(
    "key", ["token_id", "max_tokens", "author", "key", "keys", "dashboard_id", "sql", "passenger"]
)
def test_other_names_are_kept(key):
    assert redact({key: "value"}) == {key: "value"}


def test_that_a_secret_is_not_set_may_be_told():
    parameters = {"password": None, "token": "", "use_password": False}

    assert redact(parameters) == parameters


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"got {JWT} there", JWT),
        (f"cut off {JWT[:20]}", JWT[:20]),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("postgresql://bob:hunter2@db:5432/x", "hunter2"),
        ("postgresql://bob:hun@ter2@db:5432/x", "ter2"),
        ("redis://:hunter2@cache/0", "hunter2"),
        ("host=db password=hunter2 user=bob", "hunter2"),
        ('{"password": "hun ter2"}', "ter2"),
        ("{'api_key': 'hunter2'}", "hunter2"),
        ("GET /x?access_token=hunter2&y=1", "hunter2"),
        ("GET /x?token=hunter2", "hunter2"),
        ("CREATE ROLE bob PASSWORD 'hunter2'", "hunter2"),
        ("create user bob identified by 'hunter2'", "hunter2"),
        ("Cookie: session=hunter2; x=1", "hunter2"),
        ("client_secret=hunter2", "hunter2"),
        ("[type=list_type, input_value={'a': 'hunter2'}, input_type=dict]", "hunter2"),
    ],
)
def test_a_secret_inside_of_a_text_is_masked(text, secret):
    for clean in (redact_text(text), redact({"sql": text})["sql"], str(redact({"a": [text]}))):
        assert secret not in clean
        assert MASK in clean


@pytest.mark.parametrize(
    "text",
    [
        "SELECT country, sum(sales) FROM t WHERE token_count > 5 GROUP BY 1",
        "postgresql://db:5432/x",
        "mail ann@example.com: at 10:30",
        "the password was wrong",
        "no secret here",
    ],
)
def test_harmless_text_is_kept(text):
    assert redact_text(text) == text


def test_a_text_is_cut_and_a_secret_that_the_cut_goes_through_is_masked():
    clean = redact({"sql": "x" * 1990 + " " + JWT * 50})["sql"]

    assert len(clean) < 2100
    assert "eyJ" not in clean


def test_lists_objects_and_depth_are_bounded():
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]
    clean = redact({"list": list(range(1000)), "deep": deep, **{f"k{n}": n for n in range(500)}})

    assert clean["list"][-1] == "... 900 more"
    assert "bottom" not in str(clean)
    assert len(clean) == 101
    assert redact({"a": 1, "b": 2}, limits=Limits(items=1)) == {"a": 1, "...": "1 more"}


def test_everything_together_is_bounded_and_quick():
    parameters = {f"key {n}": {"text": "y" * 100_000, "more": ["z" * 5000] * 80} for n in range(90)}
    started = time.monotonic()
    size = len(json.dumps(redact(parameters)))

    assert size < 40_000
    assert time.monotonic() - started < 2


def test_a_hostile_text_is_redacted_in_linear_time():
    started = time.monotonic()
    for piece in ("password", "password=", "://a:", "eyJ", "bearer ", "'", "a:b@", "secret\t"):
        redact_text(piece * 20_000)

    assert time.monotonic() - started < 5


def test_no_parameters_are_none():
    assert redact(None) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_anything_comes_out_as_json(parameters):
    before = json.dumps(parameters)

    assert json.dumps(redact(parameters))
    assert json.dumps(parameters) == before
