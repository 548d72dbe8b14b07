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


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Host": "globex.example.com"}])
async def test_who_is_no_proxy_is_not_believed(headers: dict[str, str]) -> None:
    async with FrontDoor().open(client_ip="203.0.113.5") as visitor:
        response = await visitor.get(PATHS[0], Host="acme.example.com", **headers)

    assert response.json()["resource"] == "https://acme.example.com/mcp"


async def test_it_only_answers_who_asks() -> None:
    async with FrontDoor().open() as visitor:
        assert (await visitor.post(PATHS[0])).status_code == 405
