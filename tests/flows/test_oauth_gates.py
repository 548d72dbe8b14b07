"""Gates that shut signing in from programs, for all and for one workspace."""

from collections.abc import Iterator

import pytest

from overset.flags.gates import Gate
from support.oauth import Provider, running_provider


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


def test_a_shut_gate_stops_sign_in_and_refresh_until_it_opens(provider: Provider) -> None:
    app, person, gates = provider.app(), provider.person(), provider.manager.gates
    tokens = provider.tokens(app, person)
    code = provider.code(app, person)

    gates.set_workspace(Gate.MCP_OAUTH_ENABLED, "acme", on=False)

    page = person.open(app.url(resource=provider.resource()))
    assert (page.status_code, "turned off" in page.text) == (403, True)
    assert app.redeem(code).json()["error"] == "invalid_grant"
    assert app.refresh(tokens["refresh_token"]).status_code == 400
    gates.set_workspace(Gate.MCP_OAUTH_ENABLED, "acme", on=True)
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_without_its_host_a_workspace_is_reached_through_the_door(provider: Provider) -> None:
    app, person = provider.app(), provider.person()
    provider.manager.gates.set_workspace(Gate.MCP_OAUTH_WORKSPACE_ENABLED, "acme", on=False)
    door = provider.manager.settings.neutral_mcp_url
    page = person.sign_in(person.open(app.url(resource=provider.resource())))
    assert page.status_code == 403

    assert "access_token" in provider.tokens(app, person, resource=door)
