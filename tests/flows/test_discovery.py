"""What a host tells of itself before anybody signs in, and to operators only."""

import httpx
import pytest

from support.calls import LIST, refused

METADATA = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize("path", [METADATA, METADATA + "/mcp", "/mcp" + METADATA])
@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_a_workspaces_host_describes_itself_with_its_own_urls(platform, slug, path):
    response = platform.post(method="GET", path=path, host=f"{slug}.localhost")

    assert response.status_code == 200
    assert response.json()["resource"] == platform.settings.mcp_url(slug)
    assert not any(other in response.text for other in {"acme", "globex"} - {slug})
    assert "invalid" not in response.text


@pytest.mark.parametrize("token", ["nonsense", "another"])
def test_discovery_needs_no_token_and_minds_none(platform, token):
    token = platform.token("globex") if token == "another" else token

    response = platform.post(method="GET", path=METADATA, host="acme.localhost", token=token)

    assert response.status_code == 200, response.text


def test_discovery_of_what_is_not_there_is_refused_like_everything(platform):
    nobody = platform.post(method="GET", path=METADATA, host="nobody.localhost")
    elsewhere = platform.post(method="GET", path=METADATA, host="evil.example.com")

    refused(nobody, 404, "workspace_unknown")
    refused(elsewhere, 421, "host_not_served")


def test_a_forwarded_host_is_not_believed_from_anybody(platform):
    forwarded = {"X-Forwarded-Host": "globex.localhost", "X-Forwarded-Proto": "https"}
    forwarded["Forwarded"] = "host=globex.localhost;proto=https"

    document = platform.post(method="GET", path=METADATA, host="acme.localhost", headers=forwarded)
    denied = platform.post(
        LIST, token=platform.token("globex"), host="acme.localhost", headers=forwarded
    )

    assert document.json()["resource"] == platform.settings.mcp_url("acme")
    refused(denied, 401, "token_audience")


def test_a_trusted_proxy_may_say_which_host_was_asked_for(split_platform):
    def describe(**headers: str) -> str:
        path = "/.well-known/oauth-protected-resource/mcp"
        url = split_platform.mcp.url + path
        return httpx.get(url, headers=headers).json().get("resource", "")

    settings = split_platform.origin.settings
    by_proxy = describe(**{"X-Forwarded-Host": "globex.localhost"})
    last_one_counts = describe(**{"X-Forwarded-Host": "globex.localhost, acme.localhost"})
    refused = httpx.post(
        split_platform.mcp.url + "/mcp", json=LIST, headers={"X-Forwarded-Host": "evil.example.com"}
    )

    assert by_proxy == settings.mcp_url("globex")
    assert last_one_counts == settings.mcp_url("acme")
    assert refused.status_code == 421


def test_health_and_metrics_are_not_for_customers(platform):
    for host in ("acme.localhost", "globex.localhost"):
        for path in ("/metrics", "/health/ready"):
            refused(platform.post(method="GET", path=path, host=host), 404, "not_found")
    assert platform.post(method="GET", path="/health/ready").status_code == 200


ISSUER = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


@pytest.mark.parametrize("host", ["acme.localhost", "api.localhost", "127.0.0.1", "localhost"])
@pytest.mark.parametrize("spelled", ["{}", "{}/mcp", "/mcp{}"])
def test_who_takes_a_host_for_the_issuer_is_told_of_the_issuer(platform, host, spelled):
    for path in ISSUER:
        response = platform.post(method="GET", path=spelled.format(path), host=host)

        assert response.status_code == 200, response.text
        document = response.json()
        assert document["issuer"] == platform.settings.issuer
        assert document["token_endpoint"] == platform.settings.issuer + "/token"
        here = f"http://{host}:{platform.settings.port}"
        assert document["authorization_endpoint"] == here + "/authorize"


@pytest.mark.parametrize("host", ["acme.localhost", "api.localhost", "127.0.0.1"])
def test_who_would_sign_in_on_a_host_is_sent_to_the_issuer_for_it(platform, host):
    response = platform.post(method="GET", path="/authorize?client_id=x&state=y", host=host)

    assert response.status_code == 303
    sent = httpx.URL(response.headers["location"])
    assert str(sent.copy_with(query=None)) == platform.settings.issuer + "/authorize"
    resource = f"http://{host}:{platform.settings.port}/mcp"
    assert dict(sent.params) == {"client_id": "x", "state": "y", "resource": resource}
