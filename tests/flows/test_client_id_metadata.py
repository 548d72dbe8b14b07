"""A client whose id is the URL of its own metadata: what is believed, kept and refused."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from overset.manager.oauth.clients.public_fetch import MOST_BYTES
from support.clients import Desk, running_desk
from support.manager import Clock
from support.publisher import (
    Answer,
    Publisher,
    allow_publisher,
    make_document,
    publish_client,
    running_publisher,
)
from support.redis import RedisServer


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Iterator[Desk]:
    """A manager that may fetch from the tests' own server, though that is not public."""
    with running_desk(allow_publisher(tmp_path, publisher)) as desk:
        yield desk


@pytest.fixture(scope="module")
def shared_publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with (
        running_publisher(tmp_path_factory.mktemp("published")) as publisher,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SSL_CERT_FILE", str(publisher.ca))
        yield publisher


@pytest.fixture(scope="module")
def shared_desk(
    tmp_path_factory: pytest.TempPathFactory, shared_publisher: Publisher
) -> Iterator[Desk]:
    """One for all that makes no client; more than 60 lookups would be too many for it."""
    with running_desk(allow_publisher(tmp_path_factory.mktemp("desk"), shared_publisher)) as desk:
        yield desk


def test_a22_a_client_is_what_its_document_says(desk: Desk, publisher: Publisher):
    url = publish_client(publisher)

    client = desk.find(url)

    assert (client["id"], client["kind"]) == (url, "published")
    assert client["name"] == "A Published Client"
    assert not client["is_confidential"]
    asked = {**publisher.asked[0][1]}
    assert asked.pop("host") == f"localhost:{publisher.port}"
    assert asked == {"accept": "application/json", "accept-encoding": "identity"}


def test_a22_a23_redirect_uris_are_those_of_the_document_exactly(desk: Desk, publisher: Publisher):
    url = publish_client(publisher)

    assert desk.may_redirect(url, "https://app.example.com/callback")
    assert desk.may_redirect(url, "http://127.0.0.1:41234/callback")
    assert not desk.may_redirect(url, "https://app.example.com/callback/")
    assert not desk.may_redirect(url, "https://app.example.com/callback?x=1")
    assert not desk.may_redirect(url, "http://localhost:41234/callback")


def test_a_document_of_chatgpt_s_shape_makes_a_public_client(desk: Desk, publisher: Publisher):
    # It prefers a key, and can do without.
    url = publisher.url("/oauth/client.json")
    said = make_document(
        url,
        client_uri="https://chat.example.com/",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
        token_endpoint_auth_signing_alg="RS256",
        jwks_uri="https://chat.example.com/oauth/jwks.json",
    )
    publisher.publish(said, "/oauth/client.json")

    client = desk.find(url)

    assert client["token_endpoint_auth_method"] == "none"
    assert not client["is_confidential"]


def test_a_document_of_vs_code_s_shape_keeps_what_we_have(desk: Desk, publisher: Publisher):
    # It is for every server, and asks for more than we have.
    url = publisher.url()
    device = "urn:ietf:params:oauth:grant-type:device_code"
    said = make_document(
        url,
        grant_types=["authorization_code", "refresh_token", device],
        redirect_uris=["http://127.0.0.1:33418/", "myeditor:/cb", "http://localhost:*/cb"],
        token_endpoint_auth_method=...,
        application_type="native",
    )
    publisher.publish(said)

    client = desk.find(url)

    assert client["grant_types"] == ["authorization_code", "refresh_token"]
    assert client["redirect_uris"] == ["http://127.0.0.1:33418/"]


@pytest.mark.parametrize(
    "given",
    [
        {"client_id": "https://other.example.com/client.json"},
        {"client_id": ...},
        {"client_id": None},
        {"client_id": ["https://localhost/client.json"]},
        {"client_name": ...},
        {"client_name": " "},
        {"client_name": 7},
        {"client_name": "turned \u202e around"},
        {"redirect_uris": ...},
        {"redirect_uris": []},
        {"redirect_uris": "https://app.example.com/callback"},
        {"redirect_uris": ["http://app.example.com/callback"]},
        {"redirect_uris": ["javascript:alert(1)", "https://*.example.com/cb"]},
        {"redirect_uris": [["https://app.example.com/callback"]]},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
        {"client_secret": "known to all who read this"},
        {"grant_types": ["client_credentials"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"logo_uri": "javascript:alert(1)"},
    ],
)
def test_a22_a_document_that_is_wrong_makes_no_client(
    shared_desk: Desk, shared_publisher: Publisher, given: dict[str, Any]
):
    shared_publisher.publish(make_document(shared_publisher.url(), **given))

    with capture_logs() as lines:
        assert shared_desk.find(shared_publisher.url()) is None
    assert [line["client_id"] for line in lines if "client metadata" in line["event"]] == [
        shared_publisher.url()
    ]
    assert shared_desk.count_kept() == 0


@pytest.mark.parametrize("end", ["?x=1", "/", "%20", "/../client.json", "#part"])
def test_a22_an_id_that_is_nearly_the_document_s_is_a_mismatch(
    desk: Desk, publisher: Publisher, end: str
):
    url = publish_client(publisher)
    publisher.answers[f"/client.json{end}"] = publisher.answers["/client.json"]

    assert desk.find(url + end) is None
    assert desk.find(url.replace("localhost", "LOCALHOST")) is None
    assert desk.find(url) is not None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>", headers={"Content-Type": "text/html"}),
        Answer(b"{}", headers={}),
        Answer(b"{", headers={"Content-Type": "application/json"}),
        Answer(b"[]", headers={"Content-Type": "application/json"}),
        Answer(b"\xff\xfe", headers={"Content-Type": "application/json"}),
        Answer(b"[" * 10_000, headers={"Content-Type": "application/json"}),
        Answer(b'"' + b"x" * MOST_BYTES, headers={"Content-Type": "application/json"}),
        Answer(b"{}", status=201, headers={"Content-Type": "application/json"}),
        Answer(b"", status=404),
        Answer(b"", status=500),
    ],
)
def test_a22_an_answer_that_is_no_document_makes_no_client(
    shared_desk: Desk, shared_publisher: Publisher, answer: Answer
):
    shared_publisher.answers["/client.json"] = answer

    assert shared_desk.find(shared_publisher.url()) is None


def test_a22_a_document_is_asked_for_once_while_it_is_fresh(desk: Desk, publisher: Publisher):
    fresh = publish_client(publisher, "/fresh.json", cache_control="public, max-age=60")
    silent = publish_client(publisher, "/silent.json")
    never = publish_client(publisher, "/never.json", cache_control="no-store")
    for url in (fresh, silent, never) * 2:
        assert desk.find(url)

    paths = [path for path, _ in publisher.asked]
    assert sorted(paths) == ["/fresh.json", "/never.json", "/never.json", "/silent.json"]


def test_a_failure_is_not_kept(desk: Desk, publisher: Publisher):
    publisher.answers["/client.json"] = Answer(status=500)
    assert desk.find(publisher.url()) is None

    publish_client(publisher)

    assert desk.find(publisher.url())


def test_a_document_that_went_away_is_gone_when_it_is_no_longer_fresh(
    desk: Desk, publisher: Publisher
):
    url = publish_client(publisher, cache_control="max-age=0")
    assert desk.find(url)

    del publisher.answers["/client.json"]

    assert desk.find(url) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_client_whose_site_is_down_keeps_its_users_for_a_while(
    tmp_path: Path, publisher: Publisher, clock: Clock, status: int
):
    url = publish_client(publisher, cache_control="max-age=60")
    with running_desk(allow_publisher(tmp_path, publisher), now=clock) as desk:
        known = desk.find(url)
        clock.advance(timedelta(minutes=10))
        publisher.answers["/client.json"] = Answer(status=status)

        assert desk.find(url) == known
        assert len(publisher.asked) == 2

        publisher.answers["/client.json"] = Answer(status=404)
        assert desk.find(url) is None


@pytest.mark.parametrize("directive", ["no-cache", "max-age=60, must-revalidate"])
def test_a_document_that_must_not_be_stale_is_not(
    tmp_path: Path, publisher: Publisher, clock: Clock, directive: str
):
    url = publish_client(publisher, cache_control=directive)
    with running_desk(allow_publisher(tmp_path, publisher), now=clock) as desk:
        assert desk.find(url)
        clock.advance(timedelta(minutes=2))
        desk.age_state(timedelta(minutes=2))
        publisher.answers["/client.json"] = Answer(status=503)

        assert desk.find(url) is None


def test_replicas_share_what_they_fetched(tmp_path: Path, publisher: Publisher, redis: RedisServer):
    url = publish_client(publisher)
    with (
        running_desk(allow_publisher(tmp_path / "a", publisher, redis_url=redis.url)) as one,
        running_desk(allow_publisher(tmp_path / "b", publisher, redis_url=redis.url)) as other,
    ):
        assert one.find(url) == other.find(url)

    assert len(publisher.asked) == 1
