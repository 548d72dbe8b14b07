"""What Overset adds to Superset's pages: where it is, and where it must not be."""

import gzip
import re
from http import HTTPStatus

import pytest

from support.binding import Bound
from support.deployment import Platform
from support.pages import MANAGER_IS_AWAY
from support.visitors import Visitor, arrive

ELEMENT = "<overset-switcher"
SUPERSETS_OWN = "/superset/welcome/"
PAGES = [SUPERSETS_OWN, "/superset/dashboard/1/", "/sqllab/", "/users/list/", "/swagger/v1"]


def page(bound: Bound, path: str, **headers: str) -> str:
    headers.setdefault("Cookie", bound.session_cookie(bound.a))
    answer = bound.get(bound.a, path, **headers)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return str(answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_the_switcher_once_and_it_names_the_workspace(
    bound: Bound, path: str
) -> None:
    text = page(bound, path)

    assert text.count(ELEMENT) == 1
    assert f'{ELEMENT} slug="acme" name="Acme"' in text
    assert text.index(ELEMENT) < text.index("</body>")


def test_a_page_names_its_own_workspace_and_no_other(bound: Bound) -> None:
    for mine, other in ((bound.a, bound.b), (bound.b, bound.a)):
        text = bound.get(mine, SUPERSETS_OWN, Cookie=bound.session_cookie(mine)).text

        assert f'name="{mine.name}"' in text
        assert other.name not in text


@pytest.mark.parametrize("path", [SUPERSETS_OWN, "/users/list/"])
def test_the_script_may_run_under_the_policy_of_the_page(bound: Bound, path: str) -> None:
    answer = bound.get(bound.a, path, Cookie=bound.session_cookie(bound.a))

    script = re.search(r'<script type="module" nonce="([^"]+)" src="/overset/', answer.text)
    assert script is not None
    assert f"'nonce-{script[1]}'" in answer.headers["Content-Security-Policy"]


def test_the_length_of_a_page_is_what_is_sent(bound: Bound) -> None:
    answer = bound.get(bound.a, SUPERSETS_OWN, Cookie=bound.session_cookie(bound.a))

    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_a_compressed_page_has_the_switcher(bound: Bound) -> None:
    cookie = bound.session_cookie(bound.a)

    answer = bound.get(bound.a, SUPERSETS_OWN, Cookie=cookie, Accept_Encoding="gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert ELEMENT in gzip.decompress(answer.data).decode()


def test_the_sign_in_page_has_no_switcher(bound: Bound) -> None:
    assert ELEMENT not in page(bound, "/login/", Cookie="")


@pytest.mark.parametrize("value", ["1", "2", "3", "true"])
def test_a_standalone_page_has_no_switcher(bound: Bound, value: str) -> None:
    assert ELEMENT not in page(bound, f"/superset/dashboard/1/?standalone={value}")


@pytest.mark.parametrize("value", ["0", "false", ""])
def test_a_page_that_is_not_standalone_after_all_has_the_switcher(bound: Bound, value: str) -> None:
    assert ELEMENT in page(bound, f"/superset/dashboard/1/?standalone={value}")


@pytest.mark.parametrize("path", ["/api/v1/dashboard/", "/static/assets/manifest.json", "/health"])
def test_what_is_no_page_stays_as_it_is(bound: Bound, path: str) -> None:
    answer = bound.get(bound.a, path, Cookie=bound.session_cookie(bound.a))

    assert b"overset-switcher" not in answer.data


def test_the_list_has_the_others_that_answer_and_the_account(bound: Bound) -> None:
    cookie = bound.session_cookie(bound.a)

    answer = bound.get(bound.a, "/overset/workspaces", Cookie=cookie)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "current": {"slug": "acme", "name": "Acme"},
        "account": f"{bound.settings.issuer}/account",
        "workspaces": [
            {
                "slug": "globex",
                "name": "Globex",
                "url": bound.settings.workspace_origin("globex"),
            }
        ],
    }


@pytest.mark.parametrize("cookie", ["", "session=forged"])
def test_nobody_else_is_told_of_workspaces(bound: Bound, cookie: str) -> None:
    answer = bound.get(bound.a, "/overset/workspaces", Cookie=cookie)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "not_signed_in"
    assert "Globex" not in answer.text


def test_the_cookie_of_one_workspace_lists_nothing_in_another(bound: Bound) -> None:
    cookie = bound.session_cookie(bound.a)

    answer = bound.get(bound.b, "/overset/workspaces", Cookie=cookie)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED


def test_that_nobody_can_tell_is_said_with_when_to_ask_again(bound: Bound) -> None:
    cookie = bound.session_cookie(bound.a)

    answer = bound.get(bound.a, "/overset/workspaces", Cookie=cookie, **{MANAGER_IS_AWAY: "1"})

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.headers["Retry-After"] == "2"
    assert answer.json["code"] == "manager_unreachable"


def test_the_script_is_kept_for_a_year_and_has_another_address_when_it_changes(
    bound: Bound,
) -> None:
    found = re.search(r'src="(/overset/static/([0-9a-f]{12})/switcher.js)"', page(bound, PAGES[0]))
    assert found is not None

    now = bound.get(bound.a, found[1])
    old = bound.get(bound.a, found[1].replace(found[2], "0" * 12))

    assert now.mimetype == "text/javascript"
    assert now.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"customElements.define" in now.data
    assert old.data == now.data
    assert old.headers["Cache-Control"] == "no-store"
    assert bound.get(bound.a, "/overset/static/0/../../secret").status_code == HTTPStatus.NOT_FOUND


def test_a_member_of_two_workspaces_goes_from_one_to_the_other(sqlite_platform: Platform) -> None:
    ada = arrive(sqlite_platform, "acme", "globex")
    landed = ada.sign_in("acme")
    assert landed.text.count(ELEMENT) == 1

    listed = ada.ask("GET", "acme", "/overset/workspaces").json()

    assert listed["account"] == f"{sqlite_platform.settings.issuer}/account"
    assert [one["url"] for one in listed["workspaces"]] == [ada.url("globex", "")]
    assert ada.http.get(listed["workspaces"][0]["url"]).text.count('slug="globex"') == 1


def test_who_belongs_to_one_workspace_is_told_of_no_other(sqlite_platform: Platform) -> None:
    ada = arrive(sqlite_platform, "acme")
    ada.sign_in("acme")

    assert ada.ask("GET", "acme", "/overset/workspaces").json()["workspaces"] == []
    refused = ada.ask("GET", "globex", "/overset/workspaces")
    assert refused.status_code in {401, 403}
    assert "workspaces" not in refused.json()


def test_a_person_who_may_not_be_here_gets_a_page_and_a_program_a_document(
    sqlite_platform: Platform,
) -> None:
    ada = arrive(sqlite_platform, "acme")
    ada.sign_in("acme")

    page = ada.get("globex", SUPERSETS_OWN)
    document = ada.get("globex", SUPERSETS_OWN, headers={"Accept": "application/json"})

    assert page.status_code == HTTPStatus.FORBIDDEN
    assert page.headers["Content-Type"].startswith("text/html")
    assert sqlite_platform.settings.contact in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert ELEMENT not in page.text
    assert document.headers["Content-Type"] == "application/problem+json"
    assert document.json()["code"] == "not_a_member"


def test_the_script_is_the_same_for_everybody_and_keeps_no_cookie(
    sqlite_platform: Platform,
) -> None:
    ada, nobody = arrive(sqlite_platform, "acme"), Visitor(sqlite_platform)
    found = re.search(r'src="(/overset/static/[^"]+)"', ada.sign_in("acme").text)
    assert found is not None

    answer = nobody.get("acme", found[1])

    assert answer.status_code == HTTPStatus.OK
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
