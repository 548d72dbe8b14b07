"""URLs that strangers name as client ids: what is asked, how often, and what never."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from overset.manager.oauth.clients.client_id_metadata import MOST_AT_ONCE
from overset.manager.oauth.clients.public_fetch import MOST_BYTES, SECONDS
from support.clients import Desk, running_desk
from support.manager import make_settings
from support.processes import wait_until
from support.publisher import (
    Answer,
    Publisher,
    allow_publisher,
    make_document,
    publish_client,
    resolve_to,
)


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Iterator[Desk]:
    """A manager that may fetch from the tests' own server, though that is not public."""
    with running_desk(allow_publisher(tmp_path, publisher)) as desk:
        yield desk


def test_a_document_is_cut_off_though_it_does_not_say_how_long_it_is(
    desk: Desk, publisher: Publisher
):
    document = publisher.answers
    url = publish_client(publisher)
    long = Answer(document["/client.json"].body + b" " * MOST_BYTES)
    long.headers = {"Content-Type": "application/json", "Content-Length": "", "Connection": "close"}
    document["/client.json"] = long

    assert desk.find(url) is None


def test_a_redirect_is_not_followed(desk: Desk, publisher: Publisher):
    url = publish_client(publisher)
    publisher.answers["/moved.json"] = Answer(status=302, headers={"Location": url})

    assert desk.find(publisher.url("/moved.json")) is None
    assert [path for path, _ in publisher.asked] == ["/moved.json"]


def test_an_answer_that_does_not_end_is_left_after_five_seconds(desk: Desk, publisher: Publisher):
    headers = {"Content-Type": "application/json", "Content-Length": "10000"}
    publisher.answers["/client.json"] = Answer(b"{", headers=headers, drip=True)
    began = time.monotonic()

    assert desk.find(publisher.url()) is None
    assert time.monotonic() - began < SECONDS + 2


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1", "2130706433"),
        *("0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]"),
    ],
)
def test_ssrf_no_spelling_of_this_machine_is_asked(tmp_path: Path, publisher: Publisher, host: str):
    publish_client(publisher)
    with running_desk(make_settings(tmp_path)) as desk:
        assert desk.find(publisher.url(host=host)) is None

    assert publisher.connections == 0


def test_ssrf_what_is_allowed_is_a_host_with_its_port(tmp_path: Path, publisher: Publisher):
    publish_client(publisher)
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
    resolve_to(monkeypatch, lambda _: addresses)
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
    publisher.publish(make_document(url), path)
    told: list[str] = []

    def rebind(_: str) -> list[str]:
        told.append("127.0.0.1" if not told else "127.0.0.2")
        return [told[-1]]

    asked = resolve_to(monkeypatch, rebind)
    with running_desk(allow_publisher(tmp_path, publisher, "client.test")) as desk:
        assert desk.find(url)

    assert asked == ["client.test"]
    assert publisher.asked[0][1]["host"] == f"client.test:{publisher.port}"


def test_a_second_address_is_tried_when_the_first_is_down(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    url = publisher.url(host="client.test")
    publisher.publish(make_document(url))
    resolve_to(monkeypatch, lambda _: ["127.0.0.3", "127.0.0.1"])
    with running_desk(allow_publisher(tmp_path, publisher, "client.test")) as desk:
        assert desk.find(url)


def test_a_certificate_of_another_name_is_not_believed(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    url = publisher.url(host="stranger.test")
    publisher.publish(make_document(url))
    resolve_to(monkeypatch, lambda _: ["127.0.0.1"])
    with running_desk(allow_publisher(tmp_path, publisher, "stranger.test")) as desk:
        assert desk.find(url) is None

    assert publisher.asked == []


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SSL_CERT_FILE")
    publish_client(publisher)
    with running_desk(allow_publisher(tmp_path, publisher)) as desk:
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
    desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str
):
    asked = resolve_to(monkeypatch, lambda _: ["127.0.0.1"])

    assert desk.find(url) is None
    assert asked == []


def test_many_who_ask_for_one_document_at_once_make_one_request(desk: Desk, publisher: Publisher):
    url = publish_client(publisher)
    publisher.go_on.clear()
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        waiting = [pool.submit(desk.find, url) for _ in range(MOST_AT_ONCE)]
        wait_until(lambda: publisher.waiting == 1, 10, what="the request")
        publisher.go_on.set()
        assert all(one.result(20)["id"] == url for one in waiting)

    assert len(publisher.asked) == 1


def test_no_url_is_asked_twice_at_the_same_time(desk: Desk, publisher: Publisher):
    url = publish_client(publisher, cache_control="no-store")
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        assert all(pool.map(desk.find, [url] * MOST_AT_ONCE))

    assert len(publisher.asked) == MOST_AT_ONCE
    assert publisher.at_once == 1


def test_slow_documents_hold_only_some_threads(desk: Desk, publisher: Publisher):
    urls = [publish_client(publisher, f"/{number}.json") for number in range(MOST_AT_ONCE * 4)]
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


def test_nobody_makes_us_knock_at_one_server_all_the_time_under_many_names(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    names = [f"victim{number}.test" for number in range(61)]
    resolve_to(monkeypatch, lambda _: ["127.0.0.1"])
    with running_desk(allow_publisher(tmp_path, publisher, *names)) as desk:
        answers = [desk.ask("find", client_id=publisher.url(host=name)) for name in names]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert publisher.connections == 60


def test_one_address_has_so_many_lookups_and_others_have_theirs(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    addresses = {"client.test": "127.0.0.1", "other.test": "127.0.0.2"}
    resolve_to(monkeypatch, lambda name: [addresses[name]])
    hosts = list(addresses)
    with running_desk(allow_publisher(tmp_path, publisher, *hosts)) as desk:

        def look_up(number: int, address: str):
            url = publisher.url(f"/{number}", host=hosts[number % 2])
            return desk.ask("find", client_id=url, address=address)

        mine = [look_up(number, "203.0.113.1") for number in range(21)]
        others = look_up(22, "203.0.113.2")

    assert [answer.status_code for answer in mine] == [200] * 20 + [429]
    assert mine[-1].json()["code"] == "documents_exhausted"
    assert 0 < int(mine[-1].headers["retry-after"]) <= 60
    assert others.status_code == 200
