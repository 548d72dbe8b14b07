"""People sign in at the organisation's own OpenID provider, and become users here."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from overset.manager.authorizations.model import Waiting
from overset.manager.tables import identities
from support.federation import Platform, provider_settings, running_platform
from support.manager import Clock, make_settings
from support.openid_provider import OpenIDProvider, running_provider
from support.people import PASSWORD


@pytest.fixture
def platform(federated_platform: Platform) -> Platform:
    """With state in this process alone, and with state that replicas share."""
    return federated_platform


def subjects(platform: Platform) -> list[tuple[str, str]]:
    query = select(identities.c.subject, identities.c.user_id)
    with platform.manager.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_somebody_of_a_listed_domain_becomes_a_user(platform: Platform):
    login = platform.provider.add_account(
        email="Ada@Example.com", email_verified=True, name="Ada Lovelace"
    )
    browser = platform.browser()

    answer = browser.sign_in(login)
    user = platform.user("ada@example.com")

    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert user is not None
    assert (user.email, user.name, user.operator) == ("Ada@Example.com", "Ada Lovelace", False)
    assert subjects(platform) == [(login, user.id)]
    assert browser.is_signed_in_as("Ada@Example.com")


def test_the_request_has_pkce_a_nonce_and_a_state_that_never_come_again(platform: Platform):
    queries = [parse_qs(urlsplit(platform.browser().depart()).query) for _ in range(2)]

    assert [query["code_challenge_method"] for query in queries] == [["S256"]] * 2
    assert [query["response_type"] for query in queries] == [["code"]] * 2
    for name in ("state", "nonce", "code_challenge"):
        first, second = (query[name][0] for query in queries)
        assert first != second
        assert len(first) >= 43


def test_the_second_sign_in_is_the_same_user(platform: Platform):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)
    first = subjects(platform)

    again = platform.browser()
    again.sign_in(login)

    assert subjects(platform) == first
    assert again.is_signed_in_as("ada@example.com")


def test_a_person_whose_address_changes_at_the_provider_stays_the_same_user(platform: Platform):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)
    platform.provider.add_account(login, email="king@elsewhere.net", email_verified=False)

    browser = platform.browser()
    browser.sign_in(login)

    assert browser.is_signed_in_as("ada@example.com")
    assert platform.user("king@elsewhere.net") is None


def test_a_new_address_at_the_provider_does_not_lead_to_the_user_who_has_it(platform: Platform):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)
    platform.manager.users.create("root@example.com", operator=True)
    platform.provider.add_account(login, email="root@example.com", email_verified=True)

    browser = platform.browser()
    browser.sign_in(login)

    assert browser.is_signed_in_as("ada@example.com")


def test_an_invitation_is_enough_for_a_verified_address_of_any_domain(platform: Platform):
    make_workspace(platform, "acme")
    platform.manager.invitations.create("bo@partner.org", workspace="acme", role="Alpha")
    login = platform.provider.add_account(email="Bo@Partner.org", email_verified=True, name="Bo")
    browser = platform.browser()

    answer = browser.sign_in(login)
    user = platform.user("bo@partner.org")

    assert answer.status_code == 303
    assert user is not None
    assert platform.manager.members.get("acme", user.id).role == "Alpha"
    assert platform.manager.invitations.find_by_email("bo@partner.org") is None


def test_an_invitation_counts_in_a_listed_domain_too(platform: Platform):
    make_workspace(platform, "acme")
    platform.manager.invitations.create("ada@example.com", workspace="acme", operator=True)
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)

    platform.browser().sign_in(login)
    user = platform.user("ada@example.com")

    assert user is not None
    assert user.operator
    assert platform.manager.members.get("acme", user.id).role == "Gamma"


def test_a_user_with_a_password_is_linked_where_the_domain_is_listed(platform: Platform):
    user = platform.manager.users.create("ada@example.com", name="Ada")
    platform.manager.passwords.set(user.id, PASSWORD)
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    browser = platform.browser()

    browser.sign_in(login)

    assert subjects(platform) == [(login, user.id)]
    assert browser.is_signed_in_as("ada@example.com")


def test_a_deleted_user_is_a_newcomer_again(platform: Platform):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)
    (_, old_id), *_ = subjects(platform)
    platform.manager.users.delete(old_id)

    platform.browser().sign_in(login)
    user = platform.user("ada@example.com")

    assert user is not None
    assert user.id != old_id


def test_a_user_whose_account_there_was_made_anew_can_be_linked_anew(platform: Platform):
    claims = {"email": "ada@example.com", "email_verified": True}
    old, new = (platform.provider.add_account(**claims) for _ in range(2))
    browser = platform.browser()
    browser.sign_in(old)
    user = platform.user("ada@example.com")
    assert user is not None
    root = platform.manager.users.create("root@example.com", operator=True)
    bearer = platform.manager.tokens.issue(root.id).value
    path, headers = f"/api/v1/users/{user.id}/identities", {"Authorization": f"Bearer {bearer}"}

    known = browser.http.get(path, headers=headers).json()
    assert [(one["issuer"], one["subject"]) for one in known] == [(platform.provider.issuer, old)]
    assert browser.http.delete(path, headers=headers).status_code == 204
    assert browser.is_signed_out()
    assert browser.http.get(path, headers=headers).json() == []

    platform.browser().sign_in(new)
    assert subjects(platform) == [(new, user.id)]
    assert platform.browser().sign_in(old).status_code == 403


def test_two_first_sign_ins_at_once_make_one_user(platform: Platform):
    login = platform.provider.add_account(email="ada@example.com", email_verified=True)
    browsers = [platform.browser() for _ in range(6)]
    arrivals = [platform.provider.sign_in(browser.depart(), login) for browser in browsers]

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda pair: pair[0].arrive(pair[1]), zip(browsers, arrivals, strict=True))
        )

    assert [answer.status_code for answer in answers] == [303] * 6
    assert len(subjects(platform)) == 1


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"next": "/account?done=x"}, "/account?done=x"),
        ({"next": "//evil.example"}, "/account"),
        ({"next": "/\\evil.example"}, "/account"),
        ({"next": "https://evil.example"}, "/account"),
        ({"authorization": "abc-_1"}, "/authorize/resume?authorization=abc-_1"),
    ],
)
def test_the_browser_goes_on_to_where_it_was_going_on_this_host(
    small_platform: Platform, query: dict[str, str], target: str
):
    login = small_platform.provider.add_account(email="ada@example.com", email_verified=True)

    answer = small_platform.browser().sign_in(login, **query)

    assert (answer.status_code, answer.headers["location"]) == (303, target)


def test_an_authorization_that_wants_a_new_sign_in_gets_one_at_the_provider(
    small_platform: Platform, clock: Clock
):
    now = int(clock().timestamp())
    waiting = Waiting(
        parameters=[],
        redirect_uri="http://127.0.0.1/cb",
        signed_in_after=now,
    )
    login = small_platform.provider.add_account(email="ada@example.com", email_verified=True)
    browser = small_platform.browser()
    # Short-lived state is for the threads of requests.
    small_platform.app.add_api_route(
        "/keep", lambda: small_platform.manager.authorizations.keep(waiting)
    )
    name = browser.http.get("/keep").json()

    url = browser.depart(authorization=name)
    arrival = small_platform.provider.sign_in(url, login)
    assert parse_qs(urlsplit(url).query)["max_age"] == ["0"]

    small_platform.provider.fail(claims={"auth_time": now - 3600})
    assert browser.arrive(arrival).status_code == 403
    assert browser.is_signed_out()

    small_platform.provider.fail()
    assert browser.sign_in(login, authorization=name).status_code == 303


def test_the_sign_in_page_has_the_provider_s_button(small_platform: Platform):
    page = small_platform.browser().http.get("/sign-in", params={"next": "/account"})

    assert "Sign in with Example ID" in page.text
    assert 'href="/federation/start?next=%2Faccount"' in page.text


def test_an_invitation_s_page_offers_the_provider_too(small_platform: Platform):
    issued = small_platform.manager.invitations.create("bo@partner.org")
    page = small_platform.browser().http.get(urlsplit(issued.link).path)

    assert "Accept with Example ID" in page.text
    assert 'href="/federation/start"' in page.text


def test_the_cookie_is_as_after_a_password(small_platform: Platform):
    login = small_platform.provider.add_account(email="ada@example.com", email_verified=True)

    answer = small_platform.browser().sign_in(login)
    cookie = answer.headers["set-cookie"].lower()

    assert cookie.startswith("overset_session=")
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/"))
    assert "domain=" not in cookie
    assert answer.headers["cache-control"] == "no-store"


def make_workspace(platform: Platform, slug: str) -> None:
    platform.manager.teams.create(f"team-{slug}", name="Team")
    platform.manager.workspaces.create(slug, team=f"team-{slug}")


def test_a_provider_with_auth0_s_habits_works(tmp_path: Path, clock: Clock):
    # Its issuer ends in a slash, it wants an audience, and its own claims have URLs for names.
    with running_provider(tmp_path / "provider", slash=True, audience=True) as provider:
        habits = provider_settings(
            provider,
            oidc_domains="example.com",
            oidc_audience="https://api.example.com",
            oidc_groups_claim="https://example.com/groups",
            oidc_group_roles="analysts=acme:Gamma",
        )
        settings = make_settings(tmp_path / "home", **habits)
        with running_platform(settings, provider, clock) as platform:
            make_workspace(platform, "acme")
            login = provider.add_account(
                email="ada@example.com",
                email_verified=True,
                **{"https://example.com/groups": ["analysts"]},
            )
            browser = platform.browser()
            browser.sign_in(login)

            user = platform.user("ada@example.com")
            assert user is not None
            assert browser.is_signed_in_as("ada@example.com")
            assert platform.manager.members.get("acme", user.id).role == "Gamma"


def test_a_provider_that_tells_most_at_its_userinfo_endpoint_works(tmp_path: Path, clock: Clock):
    with running_provider(tmp_path / "provider", thin=True) as provider:
        trusted = provider_settings(provider, oidc_domains="example.com")
        settings = make_settings(tmp_path / "home", **trusted)
        with running_platform(settings, provider, clock) as platform:
            login = provider.add_account(email="ada@example.com", email_verified=True, name="Ada")
            browser = platform.browser()
            browser.sign_in(login)
            assert browser.is_signed_in_as("ada@example.com")

            provider.fail(userinfo={"sub": "somebody-else"})
            refused = platform.browser()
            assert refused.sign_in(login).status_code == 403
            assert refused.is_signed_out()


def test_a_client_that_authenticates_in_the_body_works(tmp_path: Path, clock: Clock):
    client = {"token_endpoint_auth_method": "client_secret_post"}
    methods = ["client_secret_post"]
    with running_provider(tmp_path / "provider", client=client, methods=methods) as provider:
        trusted = provider_settings(provider, oidc_domains="example.com")
        settings = make_settings(tmp_path / "home", **trusted)
        with running_platform(settings, provider, clock) as platform:
            login = provider.add_account(email="ada@example.com", email_verified=True)
            assert platform.browser().sign_in(login).status_code == 303


def test_another_claim_may_say_that_the_address_is_verified(
    tmp_path: Path, openid_provider: OpenIDProvider, clock: Clock
):
    # As with Microsoft Entra ID, which has no `email_verified`.
    trusted = provider_settings(
        openid_provider, oidc_domains="example.com", oidc_email_verified_claim="edov"
    )
    settings = make_settings(tmp_path, **trusted)
    with running_platform(settings, openid_provider, clock) as platform:
        known = openid_provider.add_account(email="ada@example.com", edov="1")
        unknown = openid_provider.add_account(email="bo@example.com", email_verified=True)

        assert platform.browser().sign_in(known).status_code == 303
        assert platform.browser().sign_in(unknown).status_code == 403


def test_without_a_provider_there_is_no_such_page(tmp_path: Path, clock: Clock):
    settings = make_settings(tmp_path)
    with running_platform(settings, None, clock) as platform:
        http = platform.browser().http
        answers = [http.get("/federation/start"), http.get("/federation/callback?state=x&code=y")]
        page: httpx.Response = http.get("/sign-in")

        assert [answer.status_code for answer in answers] == [404, 404]
        assert "/federation/start" not in page.text
