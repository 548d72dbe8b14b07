"""What strangers send to the authorization server that is no request: each gets a refusal."""

import base64
from collections.abc import Iterator

import httpx
import pytest

from overset.manager.authorizations.service import MOST_A_MINUTE
from support.oauth import Provider, running_provider


@pytest.fixture(scope="module", params=["memory", "redis and postgresql"])
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    given = {}
    if request.param != "memory":
        postgres = request.getfixturevalue("postgres")
        given = {
            "redis_url": request.getfixturevalue("redis_server").url,
            "manager_database_url": postgres.create_database(),
        }
    with running_provider(tmp_path_factory.mktemp("provider"), **given) as running:
        yield running


def _encode(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


NO_TOKENS = {
    "a number for `crit`": _encode(b'{"alg":"RS256","crit":5}') + ".e30.AA",
    "a list for `alg`": _encode(b'{"alg":["RS256"]}') + ".e30.AA",
    "an object for `kid`": _encode(b'{"alg":"RS256","kid":{}}') + ".e30.AA",
    "a list for a header": _encode(b"[]") + ".e30.AA",
    "nested deeply": _encode(b'{"alg":' + b"[" * 1100 + b"]" * 1100 + b"}") + ".e30.AA",
    "no JSON": _encode(b"\xff\xfe") + ".e30.AA",
    "no base64": "!.!.!",
}


@pytest.mark.parametrize("token", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token_is_refused_everywhere(provider: Provider, token: str) -> None:
    origin, bearer = provider.origin, {"Authorization": f"Bearer {token}"}

    assert provider.app().post("/revoke", token=token).status_code == 200
    assert httpx.get(f"{origin}/userinfo", headers=bearer).status_code == 401
    assert httpx.get(f"{origin}/api/v1/users", headers=bearer).status_code == 401
    hint = {"id_token_hint": token}
    assert httpx.get(f"{origin}/logout", params=hint).status_code == 400


CREDENTIALS = {
    "a NUL": base64.b64encode(b"cli_\x00:secret"),
    "a NUL that is encoded": base64.b64encode(b"cli_%00:secret"),
    "no UTF-8": base64.b64encode(b"cli_\xff:secret"),
    "half a character": base64.b64encode(b"cli_%ED%A0%80:secret"),
    "no ASCII": "é".encode(),
}


@pytest.mark.parametrize("credentials", CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_that_are_none_are_refused(provider: Provider, credentials: bytes) -> None:
    answer = httpx.post(
        f"{provider.origin}/token",
        data={"grant_type": "refresh_token", "refresh_token": "ort_x.y"},
        headers={"Authorization": b"Basic " + credentials},
    )

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "unicode_escape"])
@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect", "/consent", "/logout"])
def test_a_form_in_a_charset_of_the_sender_s_choice_is_not_read(
    provider: Provider, path: str, charset: str
) -> None:
    fields = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n\\ud800\r\n'
        for name in ("authorization", "client_id", "csrf", "token")
    ]
    kind = f"multipart/form-data; boundary=x; charset={charset}"

    answer = httpx.post(
        provider.origin + path,
        content="".join([*fields, "--x--\r\n"]),
        headers={"Content-Type": kind},
    )

    assert answer.status_code in {303, 400, 401}


@pytest.mark.parametrize("uri", ["https://" + "a" * 300 + ".com/cb", "a." + "b" * 300 + ":/cb"])
def test_a_redirect_to_no_possible_host_is_not_registered(provider: Provider, uri: str) -> None:
    answer = httpx.post(f"{provider.origin}/register", json={"redirect_uris": [uri]})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


def test_a_stranger_cannot_fill_the_shelf_of_waiting_authorizations(provider: Provider) -> None:
    url = provider.app().url(resource=provider.resource())
    person = provider.person()
    person.sign_in(person.open("/sign-in"))

    with httpx.Client() as stranger:
        answers = [stranger.get(url) for _ in range(2 * MOST_A_MINUTE)]
        refused = next(answer for answer in answers if answer.status_code != 303)

    assert refused.status_code == 429
    assert refused.json()["code"] == "sign_ins_exhausted"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert "Allow" in person.open(url).text
