"""One token, in one `Authorization` header, nowhere else."""

import pytest

from overset.auth.bearer import find_bearer, read_bearer
from overset.kernel.errors import InvalidRequest, InvalidToken, Refusal


def request(*headers: tuple[str, str], query: str = "") -> dict[str, object]:
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "headers": pairs, "query_string": query.encode()}


@pytest.mark.parametrize(
    "value", ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", "BEARER  a.b-c_d~e+f/g=="]
)
def test_the_scheme_counts_in_any_case(value):
    assert read_bearer(request(("authorization", value))) == "a.b-c_d~e+f/g=="


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Digest x", "Bearertoken", "x" * 9000])
def test_other_credentials_and_none_are_a_missing_token(value):
    scope = request(*([] if value is None else [("authorization", value)]))

    assert find_bearer(scope) is None
    with pytest.raises(InvalidToken) as refused:
        read_bearer(scope)
    assert refused.value.code == "token_missing"


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \tx", "Bearer é", 'Bearer "a"'],
)
def test_what_is_not_one_token_is_malformed(value):
    with pytest.raises(InvalidToken) as refused:
        read_bearer(request(("authorization", value)))
    assert refused.value.code == "token_malformed"


def test_two_headers_are_refused_even_when_they_agree():
    with pytest.raises(InvalidRequest) as refused:
        read_bearer(request(("authorization", "Bearer a"), ("Authorization", "Bearer a")))
    assert refused.value.code == "authorization_repeated"


@pytest.mark.parametrize("query", ["access_token=a", "x=1&access_token=", "access%5Ftoken=a"])
def test_a_token_in_the_url_is_refused_even_beside_a_good_one(query):
    with pytest.raises(InvalidRequest) as refused:
        read_bearer(request(("authorization", "Bearer a"), query=query))
    assert refused.value.code == "token_in_query"
    assert "access_token=a" not in str(refused.value)


@pytest.mark.parametrize("query", ["", "token=1", "my_access_token=1", "q=access_token"])
def test_other_queries_do_not_matter(query):
    assert read_bearer(request(("authorization", "Bearer a"), query=query)) == "a"


def test_no_refusal_repeats_the_token():
    secret = "s3cret token"
    with pytest.raises(Refusal) as refused:
        read_bearer(request(("authorization", f"Bearer {secret}")))
    assert "s3cret" not in str(refused.value)
