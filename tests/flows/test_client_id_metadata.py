"""A client whose id is the URL of its own metadata: what is fetched, believed, kept and refused."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from overset.manager.oauth.clients.client_id_metadata import MOST_AT_ONCE
from overset.manager.oauth.clients.public_fetch import MOST_BYTES, SECONDS
from support.clients import Desk, running_desk
from support.manager import Clock, make_settings
from support.processes import wait_until
from support.publisher import Answer, Publisher, running_publisher
from support.redis import RedisServer


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Iterator[Desk]:
    """A manager that may fetch from the tests' own server, though that is not public."""
    with running_desk(_settings(tmp_path, publisher)) as desk:
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
    with running_desk(_settings(tmp_path_factory.mktemp("desk"), shared_publisher)) as desk:
        yield desk


def _settings(home: Path, publisher: Publisher, *names: str, **given: Any):
    allowed = [f"{name}:{publisher.port}" for name in ("localhost", *names)]
    return make_settings(home, client_metadata_allow=",".join(allowed), **given)


def _document(url: str, **given: Any) -> dict[str, Any]:
    said = {
        "client_id": url,
        "client_name": "A Published Client",
        "redirect_uris": ["https://app.example.com/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **given,
    }
    return {name: value for name, value in said.items() if value is not ...}


def _publish(publisher: Publisher, path: str = "/client.json", **headers: str) -> str:
    return publisher.publish(_document(publisher.url(path)), path, **headers)


def _resolve(monkeypatch: pytest.MonkeyPatch, answers: Callable[[str], list[str]]) -> list[str]:
    """Let names below `.test` mean what `answers` says; returns the names that are asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def ask(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if not str(host).endswith(".test"):
            return real(host, port, *args, **kwargs)
        asked.append(host)
        return [entry for text in answers(host) for entry in real(text, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return asked


def test_a22_a_client_is_what_its_document_says(desk: Desk, publisher: Publisher):
    url = _publish(publisher)

    client = desk.find(url)

    assert (client["id"], client["kind"]) == (url, "published")
    assert client["name"] == "A Published Client"
    assert not client["is_confidential"]
    assert not client["is_local"]
    asked = {**publisher.asked[0][1]}
    assert asked.pop("host") == f"localhost:{publisher.port}"
    assert asked == {"accept": "application/json", "accept-encoding": "identity"}


def test_a22_a23_redirect_uris_are_those_of_the_document_exactly(desk: Desk, publisher: Publisher):
    url = _publish(publisher)

    assert desk.may_redirect(url, "https://app.example.com/callback")
    assert desk.may_redirect(url, "http://127.0.0.1:41234/callback")
    assert not desk.may_redirect(url, "https://app.example.com/callback/")
    assert not desk.may_redirect(url, "https://app.example.com/callback?x=1")
    assert not desk.may_redirect(url, "http://localhost:41234/callback")


def test_a22_a_client_that_lives_on_localhost_alone_is_marked(desk: Desk, publisher: Publisher):
    url = publisher.url()
    publisher.publish(_document(url, redirect_uris=["http://127.0.0.1/", "http://localhost/cb"]))

    assert desk.find(url)["is_local"]


def test_a_document_of_chatgpt_s_shape_makes_a_public_client(desk: Desk, publisher: Publisher):
    # It prefers a key, and can do without.
    url = publisher.url("/oauth/client.json")
    said = _document(
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
    said = _document(
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
    shared_publisher.publish(_document(shared_publisher.url(), **given))

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
    url = _publish(publisher)
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


def test_a_document_is_cut_off_though_it_does_not_say_how_long_it_is(
    desk: Desk, publisher: Publisher
):
    document = publisher.answers
    url = _publish(publisher)
    long = Answer(document["/client.json"].body + b" " * MOST_BYTES)
    long.headers = {"Content-Type": "application/json", "Content-Length": "", "Connection": "close"}
    document["/client.json"] = long

    assert desk.find(url) is None


def test_a_redirect_is_not_followed(desk: Desk, publisher: Publisher):
    url = _publish(publisher)
    publisher.answers["/moved.json"] = Answer(status=302, headers={"Location": url})

    assert desk.find(publisher.url("/moved.json")) is None
    assert [path for path, _ in publisher.asked] == ["/moved.json"]


def test_an_answer_that_does_not_end_is_left_after_five_seconds(desk: Desk, publisher: Publisher):
    headers = {"Content-Type": "application/json", "Content-Length": "10000"}
    publisher.answers["/client.json"] = Answer(b"{", headers=headers, drip=True)
    began = time.monotonic()

    assert desk.find(publisher.url()) is None
    assert time.monotonic() - began < SECONDS + 2


def test_a22_a_document_is_asked_for_once_while_it_is_fresh(desk: Desk, publisher: Publisher):
    fresh = _publish(publisher, "/fresh.json", cache_control="public, max-age=60")
    silent = _publish(publisher, "/silent.json")
    never = _publish(publisher, "/never.json", cache_control="no-store")
    for url in (fresh, silent, never) * 2:
        assert desk.find(url)

    paths = [path for path, _ in publisher.asked]
    assert sorted(paths) == ["/fresh.json", "/never.json", "/never.json", "/silent.json"]


def test_a_failure_is_not_kept(desk: Desk, publisher: Publisher):
    publisher.answers["/client.json"] = Answer(status=500)
    assert desk.find(publisher.url()) is None

    _publish(publisher)

    assert desk.find(publisher.url())


def test_a_document_that_went_away_is_gone_when_it_is_no_longer_fresh(
    desk: Desk, publisher: Publisher
):
    url = _publish(publisher, cache_control="max-age=0")
    assert desk.find(url)

    del publisher.answers["/client.json"]

    assert desk.find(url) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_client_whose_site_is_down_keeps_its_users_for_a_while(
    tmp_path: Path, publisher: Publisher, clock: Clock, status: int
):
    url = _publish(publisher, cache_control="max-age=60")
    with running_desk(_settings(tmp_path, publisher), now=clock) as desk:
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
    url = _publish(publisher, cache_control=directive)
    with running_desk(_settings(tmp_path, publisher), now=clock) as desk:
        assert desk.find(url)
        clock.advance(timedelta(minutes=2))
        desk.age_state(timedelta(minutes=2))
        publisher.answers["/client.json"] = Answer(status=503)

        assert desk.find(url) is None


def test_replicas_share_what_they_fetched(tmp_path: Path, publisher: Publisher, redis: RedisServer):
    url = _publish(publisher)
    with (
        running_desk(_settings(tmp_path / "a", publisher, redis_url=redis.url)) as one,
        running_desk(_settings(tmp_path / "b", publisher, redis_url=redis.url)) as other,
    ):
        assert one.find(url) == other.find(url)

    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1", "2130706433"),
        *("0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]"),
    ],
)
def test_ssrf_no_spelling_of_this_machine_is_asked(tmp_path: Path, publisher: Publisher, host: str):
    _publish(publisher)
    with running_desk(make_settings(tmp_path)) as desk:
        assert desk.find(publisher.url(host=host)) is None

    assert publisher.connections == 0


def test_ssrf_what_is_allowed_is_a_host_with_its_port(tmp_path: Path, publisher: Publisher):
    _publish(publisher)
    with running_desk(make_settings(tmp_path, client_metadata_allow="localhost:1")) as desk:
        assert desk.find(publisher.url()) is None

    assert publisher.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["198.51.100.7", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
    ],
)
def test_ssrf_a_name_with_one_address_inside_is_not_asked(
    tmp_path: Path,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    addresses: list[str],
):
    _resolve(monkeypatch, lambda _: addresses)
    began = time.monotonic()
    with running_desk(make_settings(tmp_path)) as desk:
        assert desk.find(publisher.url(host="client.test")) is None

    assert publisher.connections == 0
    assert time.monotonic() - began < SECONDS


def test_ssrf_a_name_that_changes_its_address_is_resolved_once(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    path = "/client.json"
    url = publisher.url(path, host="client.test")
    publisher.publish(_document(url), path)
    told: list[str] = []

    def rebind(_: str) -> list[str]:
        told.append("127.0.0.1" if not told else "127.0.0.2")
        return [told[-1]]

    asked = _resolve(monkeypatch, rebind)
    with running_desk(_settings(tmp_path, publisher, "client.test")) as desk:
        assert desk.find(url)

    assert asked == ["client.test"]
    assert publisher.asked[0][1]["host"] == f"client.test:{publisher.port}"


def test_a_second_address_is_tried_when_the_first_is_down(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    url = publisher.url(host="client.test")
    publisher.publish(_document(url))
    _resolve(monkeypatch, lambda _: ["127.0.0.3", "127.0.0.1"])
    with running_desk(_settings(tmp_path, publisher, "client.test")) as desk:
        assert desk.find(url)


def test_a_certificate_of_another_name_is_not_believed(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    url = publisher.url(host="stranger.test")
    publisher.publish(_document(url))
    _resolve(monkeypatch, lambda _: ["127.0.0.1"])
    with running_desk(_settings(tmp_path, publisher, "stranger.test")) as desk:
        assert desk.find(url) is None

    assert publisher.asked == []


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SSL_CERT_FILE")
    _publish(publisher)
    with running_desk(_settings(tmp_path, publisher)) as desk:
        assert desk.find(publisher.url()) is None

    assert publisher.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://client.test/client.json",
        "HTTPS://client.test/client.json",
        "https://client.test",
        "https://client.test/",
        "https:///client.json",
        "https://client.test/client.json#part",
        "https://client.test/client.json#",
        "https://someone@client.test/client.json",
        "https://someone:word@client.test/client.json",
        "https://client.test/a/../client.json",
        "https://client.test/./client.json",
        "https://client.test/a/%2e%2E/client.json",
        "https://client.test/..",
        "https://client.test\\@other.test/client.json",
        "https://client.test/client json",
        "https://client.test/client.json\n",
        "https://client.test:99999/client.json",
        "https://client.test:0/client.json",
        "https://client.test/%zz",
        "https://client.test/" + "x" * 200,
        "https://cli\u0435nt.test/client.json",
    ],
)
def test_an_id_that_is_no_client_identifier_url_is_not_looked_up(
    shared_desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str
):
    asked = _resolve(monkeypatch, lambda _: ["127.0.0.1"])

    assert shared_desk.find(url) is None
    assert asked == []


def test_many_who_ask_for_one_document_at_once_make_one_request(desk: Desk, publisher: Publisher):
    url = _publish(publisher)
    publisher.go_on.clear()
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        waiting = [pool.submit(desk.find, url) for _ in range(MOST_AT_ONCE)]
        wait_until(lambda: publisher.waiting == 1, 10, what="the request")
        publisher.go_on.set()
        assert all(one.result(20)["id"] == url for one in waiting)

    assert len(publisher.asked) == 1


def test_no_url_is_asked_twice_at_the_same_time(desk: Desk, publisher: Publisher):
    url = _publish(publisher, cache_control="no-store")
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        assert all(pool.map(desk.find, [url] * MOST_AT_ONCE))

    assert len(publisher.asked) == MOST_AT_ONCE
    assert publisher.at_once == 1


def test_slow_documents_hold_only_some_threads(desk: Desk, publisher: Publisher):
    urls = [_publish(publisher, f"/{number}.json") for number in range(MOST_AT_ONCE * 4)]
    publisher.go_on.clear()
    with ThreadPoolExecutor(len(urls)) as pool:
        waiting = [pool.submit(desk.ask, "find", client_id=url) for url in urls]
        wait_until(lambda: sum(one.done() for one in waiting) >= MOST_AT_ONCE, 10, what="refusals")
        assert desk.http.get("/health/live").status_code == 200
        publisher.go_on.set()
        answers = [one.result(20) for one in waiting]

    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.json()["code"] for answer in refused} == {"documents_busy"}
    assert publisher.at_once <= MOST_AT_ONCE


def test_nobody_makes_us_knock_at_one_host_all_the_time(desk: Desk, publisher: Publisher):
    statuses = [
        desk.ask("find", client_id=publisher.url(f"/{number}")).status_code for number in range(61)
    ]

    assert statuses == [200] * 60 + [429]
    assert len(publisher.asked) == 60


def test_one_address_has_so_many_lookups_and_others_have_theirs(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    _resolve(monkeypatch, lambda _: ["127.0.0.1"])
    hosts = ["client.test", "other.test"]
    with running_desk(_settings(tmp_path, publisher, *hosts)) as desk:

        def look_up(number: int, address: str):
            url = publisher.url(f"/{number}", host=hosts[number % 2])
            return desk.ask("find", client_id=url, address=address)

        mine = [look_up(number, "203.0.113.1") for number in range(61)]
        others = look_up(62, "203.0.113.2")

    assert [answer.status_code for answer in mine] == [200] * 60 + [429]
    assert mine[-1].json()["code"] == "documents_exhausted"
    assert 0 < int(mine[-1].headers["retry-after"]) <= 60
    assert others.status_code == 200
