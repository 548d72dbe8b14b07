"""Protected resource metadata in production: absolute https URLs behind a proxy that ends TLS."""

import pytest

from support.front_door import FrontDoor

pytestmark = pytest.mark.anyio

PATHS = [
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp/",
    "/mcp/.well-known/oauth-protected-resource",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("host", "resource"),
    [
        ("acme.example.com", "https://acme.example.com/mcp"),
        ("ACME.Example.COM", "https://acme.example.com/mcp"),
        ("acme.example.com.", "https://acme.example.com/mcp"),
        ("acme.example.com:443", "https://acme.example.com/mcp"),
        ("globex.example.com", "https://globex.example.com/mcp"),
        ("api.example.com", "https://api.example.com/mcp"),
        ("API.example.com:443", "https://api.example.com/mcp"),
    ],
)
async def test_a_host_names_itself_and_the_one_issuer(host: str, resource: str, path: str) -> None:
    door = FrontDoor()
    async with door.open() as visitor:
        response = await visitor.get(path, host=host)

    assert response.status_code == 200, response.text
    document = response.json()
    assert document["resource"] == resource
    assert document["authorization_servers"] == ["https://manager.example.com"]
    assert document["bearer_methods_supported"] == ["header"]
    assert document["scopes_supported"] == ["workspace:read"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "api.localhost", "acme.localhost"])
async def test_on_one_machine_each_door_is_named_as_it_was_addressed(host: str) -> None:
    door = FrontDoor(domain="localhost", port=8088, public_scheme="http")
    async with door.open() as visitor:
        response = await visitor.get(PATHS[0], host=f"{host}:8088")

    assert response.json()["resource"] == f"http://{host}:8088/mcp"
    assert response.json()["authorization_servers"] == ["http://localhost:8088"]


@pytest.mark.parametrize("issuer", ["https://id.example.com/", "https://id.example.com/tenant"])
async def test_the_issuer_is_given_character_for_character(issuer: str) -> None:
    async with FrontDoor(issuer=issuer).open() as visitor:
        response = await visitor.get(PATHS[0])

    assert response.json()["authorization_servers"] == [issuer]


async def test_the_metadatas_resource_is_the_aud_that_counts() -> None:
    door = FrontDoor()
    async with door.open() as visitor:
        resource = (await visitor.get(PATHS[0])).json()["resource"]

        assert (await visitor.post(token=door.token(aud=resource))).status_code == 200
        for other in (resource + "/", resource.upper(), resource.removesuffix("/mcp")):
            refused = await visitor.post(token=door.token(aud=other))
            assert (refused.status_code, refused.json()["code"]) == (401, "token_audience")


@pytest.mark.parametrize("host", ["acme.example.com", "api.example.com"])
async def test_a_token_for_the_door_names_it_and_one_workspace(host: str) -> None:
    door = FrontDoor()
    names = [door.settings.neutral_mcp_url, door.settings.mcp_url("acme")]
    async with door.open() as visitor:
        response = await visitor.post(host=host, token=door.token(aud=names))
        assert response.status_code == 200, response.text

        for aud in (names[:1], [*names[:1], "https://elsewhere.test/mcp"]):
            refused = await visitor.post(host=host, token=door.token(aud=aud))
            assert (refused.status_code, refused.json()["code"]) == (401, "token_audience")


async def test_a_token_for_the_door_opens_no_other_workspace() -> None:
    door = FrontDoor()
    token = door.token(aud=[door.settings.neutral_mcp_url, door.settings.mcp_url("acme")])
    async with door.open() as visitor:
        at_host = await visitor.post(host="globex.example.com", token=token)
        named = {"X-Workspace-Id": "globex"}
        at_door = await visitor.post(host="api.example.com", token=token, **named)

    assert (at_host.status_code, at_host.json()["code"]) == (401, "token_audience")
    assert (at_door.status_code, at_door.json()["code"]) == (404, "workspace_unknown")


@pytest.mark.parametrize("locator", ["", " "])
async def test_at_the_door_no_workspace_is_chosen_for_a_token_of_several(locator: str) -> None:
    door = FrontDoor()
    several = [door.settings.mcp_url(slug) for slug in ("acme", "globex")]
    async with door.open() as visitor:
        named = {"X-Workspace-Id": locator} if locator else {}
        response = await visitor.post(
            host="api.example.com", token=door.token(aud=several), **named
        )

    assert (response.status_code, response.json()["code"]) == (400, "workspace_not_named")


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_a_challenge_names_metadata_by_its_public_url(token: str | None) -> None:
    async with FrontDoor().open() as visitor:
        response = await visitor.post(token=token)

    said = response.headers["WWW-Authenticate"]
    assert f'resource_metadata="https://acme.example.com{PATHS[0]}"' in said


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Host": "globex.example.com"}])
async def test_who_is_no_proxy_is_not_believed(headers: dict[str, str]) -> None:
    async with FrontDoor().open(client_ip="203.0.113.5") as visitor:
        response = await visitor.get(PATHS[0], Host="acme.example.com", **headers)

    assert response.json()["resource"] == "https://acme.example.com/mcp"


async def test_it_only_answers_who_asks() -> None:
    async with FrontDoor().open() as visitor:
        assert (await visitor.post(PATHS[0])).status_code == 405
