"""Who may use the REST API: attackers' tokens, each refused."""

import base64
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from overset.auth.scopes import Scope
from overset.kernel.settings import Settings
from overset.manager.services import Manager
from overset.manager.users.model import User
from support.manager import Client, Clock, make_member, make_settings


@pytest.fixture
def manager_settings(tmp_path: Path) -> Settings:
    """Tokens are judged the same on every database."""
    return make_settings(tmp_path)


def _parts(value: str) -> tuple[dict, dict]:
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in value.split(".")[:2]
    )
    return header, claims


def _encode(part: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _ask(anybody: Client, bearer: str | None, *, method: str = "GET"):
    return Client(anybody.app, bearer).request(method, "/api/v1/teams")


def _sign_with_ours(manager: Manager, claims: dict, **header) -> str:
    signer = manager.keys.signer()
    full = {"alg": "RS256", "kid": signer.kid, "typ": "at+jwt", **header}
    return jwt.encode(full, claims, signer.key, algorithms=["RS256"])


@pytest.fixture
def value(manager: Manager, operator: User) -> str:
    return manager.tokens.issue(operator.id).value


def test_an_operator_is_let_in(anybody: Client, value: str):
    assert _ask(anybody, value).status_code == 200


def test_without_a_token_nothing_is_told(anybody: Client):
    answer = _ask(anybody, None)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_another_scheme_is_no_token(anybody: Client, value: str):
    for scheme in ("Basic", "Token"):
        answer = anybody.get("/api/v1/teams", headers={"Authorization": f"{scheme} {value}"})
        assert answer.status_code == 401, scheme


def test_the_token_does_not_choose_the_algorithm(anybody: Client, value: str):
    header, claims = _parts(value)
    for alg in ("none", "None", "NONE", "HS256", "RS512", "PS256"):
        unsigned = f"{_encode({**header, 'alg': alg})}.{_encode(claims)}."
        assert _ask(anybody, unsigned).status_code == 401, alg
        assert _ask(anybody, unsigned + value.rsplit(".", 1)[1]).status_code == 401, alg


def test_the_public_key_is_no_secret_of_an_hmac(anybody: Client, manager: Manager, value: str):
    header, claims = _parts(value)
    public = RSAKey.import_key({**manager.keys.published()[0].public_jwk}).as_pem(private=False)
    signed = f"{_encode({**header, 'alg': 'HS256'})}.{_encode(claims)}"
    digest = hmac.digest(public, signed.encode(), "sha256")
    forged = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    assert _ask(anybody, forged).status_code == 401


def test_a_key_that_the_token_brings_along_is_not_used(anybody: Client, value: str):
    header, claims = _parts(value)
    own = RSAKey.generate_key(2048)
    for extra in ({}, {"jwk": own.as_dict(private=False)}, {"jku": "http://127.0.0.1:1/jwks"}):
        forged = jwt.encode({**header, **extra}, claims, own, algorithms=["RS256"])
        assert _ask(anybody, forged).status_code == 401


def test_an_unknown_kid_verifies_nothing(anybody: Client, value: str):
    header, claims = _parts(value)
    own = RSAKey.generate_key(2048)
    for kid in ("", "unknown", "../../master.key", None):
        forged = {**header, "kid": kid} if kid is not None else {"alg": "RS256", "typ": "at+jwt"}
        signed = jwt.encode(forged, claims, own, algorithms=["RS256"])
        assert _ask(anybody, signed).status_code == 401, kid


def test_our_own_signature_does_not_save_wrong_claims(
    anybody: Client, manager: Manager, value: str
):
    _, claims = _parts(value)
    wrong = [
        {"iss": "http://evil.example"},
        {"aud": ["http://acme.localhost:8088/mcp"]},
        {"aud": []},
        {"exp": 1},
        {"exp": "never"},
        {"nbf": 99999999999},
        {"iat": 99999999999},
        {"jti": "tok_never_issued"},
        {"jti": ["a"]},
        {"sub": "usr_somebody_else"},
        *({missing: None} for missing in ("iss", "aud", "exp", "sub", "jti")),
    ]

    assert _ask(anybody, _sign_with_ours(manager, claims)).status_code == 200
    for part in wrong:
        changed = {key: given for key, given in {**claims, **part}.items() if given is not None}
        assert _ask(anybody, _sign_with_ours(manager, changed)).status_code == 401, part


def test_a_jwt_of_another_type_is_no_access_token(anybody: Client, manager: Manager, value: str):
    _, claims = _parts(value)

    assert _ask(anybody, _sign_with_ours(manager, claims, typ="JWT")).status_code == 401


def test_garbage_is_refused_quietly(anybody: Client):
    for garbage in ("..x..", "a.b.c", "....", "éé", "e30.e30.e30", "[[]]", "a" * 9000):
        headers = {"Authorization": f"Bearer {garbage}".encode()}
        answer = anybody.get("/api/v1/teams", headers=headers)
        assert answer.status_code == 401, garbage
        assert garbage not in answer.text


def test_a_workspace_s_token_is_not_for_this_api(anybody: Client, manager: Manager):
    _, user = make_member(manager)
    manager.users.update(user.id, operator=True)
    token = manager.tokens.issue(user.id, workspaces=["acme"]).value

    assert _ask(anybody, token).status_code == 401


def test_a_revoked_token_is_refused(anybody: Client, manager: Manager, operator: User):
    issued = manager.tokens.issue(operator.id)
    manager.tokens.revoke(issued.token.id)

    assert _ask(anybody, issued.value).json()["code"] == "token_revoked"


def test_an_expired_token_is_refused(anybody: Client, value: str, clock: Clock):
    clock.advance(timedelta(hours=1))
    answer = _ask(anybody, value)

    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_who_is_no_operator_any_more_is_refused(
    anybody: Client, manager: Manager, operator: User, value: str
):
    manager.users.update(operator.id, operator=False)
    assert _ask(anybody, value).json()["code"] == "not_an_operator"

    manager.users.update(operator.id, operator=True, active=False)
    assert _ask(anybody, value).json()["code"] == "user_disabled"

    manager.users.delete(operator.id)
    assert _ask(anybody, value).json()["code"] == "user_disabled"


def test_writing_needs_its_scope(anybody: Client, manager: Manager, operator: User):
    token = manager.tokens.issue(operator.id, scopes=frozenset({Scope.MANAGER_READ})).value
    answer = _ask(anybody, token, method="POST")

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    challenge = 'Bearer error="insufficient_scope", scope="manager:write"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_who_may_write_may_read(anybody: Client, manager: Manager, operator: User):
    token = manager.tokens.issue(operator.id, scopes=frozenset({Scope.MANAGER_WRITE})).value

    assert _ask(anybody, token, method="GET").status_code == 200


def test_every_path_of_the_api_is_guarded(anybody: Client):
    document = anybody.get("/api/v1/openapi.json").json()
    guarded = [
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith(("/api/", "/internal/"))
    ]

    assert len(guarded) > 30
    for path, method in guarded:
        answer = anybody.request(method.upper(), path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 401, (method, path)
