"""What clients of older revisions find on an MCP host, where they take it for the issuer."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from support.front_door import FrontDoor

pytestmark = pytest.mark.anyio

PATHS = [
    prefix + path + suffix
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
    for prefix, suffix in (("", ""), ("", "/mcp"), ("/mcp", ""))
]
CODE = "response_type=code&client_id=a%20b&state=s%2B1&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb"
MANAGER = "https://manager.example.com"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["acme.example.com", "api.example.com"])
async def test_it_is_the_managers_own_but_for_where_one_signs_in(host: str, path: str) -> None:
    async with FrontDoor().open() as visitor:
        response = await visitor.get(path, host=host)

    assert response.status_code == 200, response.text
    document = response.json()
    assert document["issuer"] == MANAGER
    assert document["token_endpoint"] == f"{MANAGER}/token"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_endpoint"] == f"https://{host}/authorize"
    assert document["asked_at"] in path


def sent_on(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code == 303
    location = urlsplit(response.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{MANAGER}/authorize"
    assert response.headers["Cache-Control"] == "no-store"
    return parse_qsl(location.query, keep_blank_values=True)


@pytest.mark.parametrize("path", ["/authorize", "/mcp/authorize"])
@pytest.mark.parametrize("host", ["acme.example.com", "api.example.com"])
async def test_who_would_sign_in_here_is_sent_on_with_this_resource(host: str, path: str) -> None:
    async with FrontDoor().open() as visitor:
        with_query = await visitor.get(f"{path}?{CODE}", host=host)
        without = await visitor.get(path, host=host)

    here = ("resource", f"https://{host}/mcp")
    assert sent_on(with_query) == [*parse_qsl(CODE), here]
    assert sent_on(without) == [here]


async def test_a_resource_that_the_client_named_stays_for_the_issuer_to_judge() -> None:
    async with FrontDoor().open() as visitor:
        response = await visitor.get("/authorize?resource=https%3A%2F%2Fglobex.example.com%2Fmcp")

    assert sent_on(response) == [("resource", "https://globex.example.com/mcp")]


@pytest.mark.parametrize(
    "query", ["//evil.test", "@evil.test", "next=//evil.test", "%0d%0aSet-Cookie:a=b", "?a=b"]
)
async def test_nothing_in_the_query_leads_elsewhere(query: str) -> None:
    async with FrontDoor().open() as visitor:
        response = await visitor.get(f"/authorize?{query}")

    sent_on(response)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["/token", "/register", "/revoke", "/mcp/token"])
async def test_what_only_the_issuer_does_is_not_found_here(path: str) -> None:
    async with FrontDoor().open() as visitor:
        for response in (await visitor.post(path), await visitor.get(path)):
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
            assert MANAGER in response.json()["detail"]


async def test_authorize_takes_no_form() -> None:
    async with FrontDoor().open() as visitor:
        assert (await visitor.post("/authorize")).status_code == 405


async def test_without_the_manager_it_is_unavailable_and_comes_back_by_itself() -> None:
    door = FrontDoor()
    async with door.open() as visitor:
        door.wire.cable.cut = True
        for path in (PATHS[0], f"/authorize?{CODE}"):
            away = await visitor.get(path)
            assert (away.status_code, away.json()["code"]) == (503, "manager_unreachable")
            assert "Retry-After" in away.headers
        assert (await visitor.get("/.well-known/oauth-protected-resource")).status_code == 200

        door.wire.cable.cut = False
        assert (await visitor.get(PATHS[0])).status_code == 200
