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
