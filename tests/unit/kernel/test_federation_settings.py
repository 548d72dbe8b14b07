"""The settings of an OpenID provider: what they mean, and what no process starts with."""

from typing import Any

import pytest

from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings, load

PROVIDER = {
    "oidc_issuer": "https://id.example.com",
    "oidc_client_id": "overset",
    "oidc_client_secret": "a secret of the tests",
}


def rules(given: str) -> list[str]:
    return [str(rule) for rule in load(oidc_group_roles=given).oidc_group_roles]


def test_without_an_issuer_there_is_no_provider():
    settings = load()

    assert settings.oidc_issuer is None
    assert settings.provider_name == ""


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.com",
        "https://example.eu.auth0.com/",
        "https://keycloak.example.com/realms/example",
        "http://localhost:8080/realms/example",
        "http://127.0.0.1:3000",
        "http://[::1]:3000/",
    ],
)
def test_an_issuer_is_kept_to_the_character(issuer: str):
    assert load(**{**PROVIDER, "oidc_issuer": issuer}).oidc_issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.com",
        "http://localhost.example.com",
        "id.example.com",
        "https://",
        "https://id.example.com?tenant=1",
        "https://id.example.com#x",
        "ftp://id.example.com",
        "https://" + "a" * 300,
    ],
)
def test_an_issuer_that_cannot_be_believed_is_refused(issuer: str):
    with pytest.raises(SettingsError):
        load(**{**PROVIDER, "oidc_issuer": issuer})


@pytest.mark.parametrize("missing", ["oidc_client_id", "oidc_client_secret"])
def test_an_issuer_needs_a_client_and_its_secret(missing: str):
    with pytest.raises(SettingsError, match="oidc_client_secret"):
        load(**{name: value for name, value in PROVIDER.items() if name != missing})


def test_the_secret_is_in_no_text_of_the_settings():
    assert "a secret of the tests" not in repr(load(**PROVIDER))


def test_the_button_names_the_provider_s_host_unless_told_otherwise():
    assert load(**PROVIDER).provider_name == "id.example.com"
    assert load(**PROVIDER, oidc_name="Example ID").provider_name == "Example ID"


def test_domains_are_a_list_however_they_are_written():
    settings = load(oidc_domains=" Example.com, @sub.example.com ,,example.org. ")

    assert settings.oidc_domains == ("example.com", "sub.example.com", "example.org")


def test_scopes_contain_openid():
    assert load(oidc_scopes="openid,email groups").oidc_scopes == "openid email groups"
    with pytest.raises(SettingsError, match="openid"):
        load(oidc_scopes="email")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", []),
        ("analysts=acme:Gamma", ["analysts=acme:Gamma"]),
        (" a = acme : Gamma , b=globex:sql_lab,", ["a=acme:Gamma", "b=globex:sql_lab"]),
        ("CN=Staff=acme:Gamma", ["CN=Staff=acme:Gamma"]),
        ("/sales/emea=acme:Our Role: EMEA", ["/sales/emea=acme:Our Role: EMEA"]),
        (
            '{"Sales, EMEA": {"acme": "Gamma", "globex": "Alpha"}, "x": {}}',
            ["Sales, EMEA=acme:Gamma", "Sales, EMEA=globex:Alpha"],
        ),
    ],
)
def test_rules_of_groups_are_read(given: str, found: list[str]):
    assert rules(given) == found


@pytest.mark.parametrize(
    "given",
    [
        "analysts",
        "analysts=acme",
        "=acme:Gamma",
        "analysts=:Gamma",
        "analysts=acme:",
        '{"analysts": "acme:Gamma"}',
        '{"analysts": {"acme": ["Gamma"]}}',
        '{"analysts": {"acme": ""}}',
        '{"analysts": ',
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(given: str):
    with pytest.raises(SettingsError):
        rules(given)


def test_rules_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    given: dict[str, Any] = {"OVERSET_OIDC_GROUP_ROLES": '{"a": {"acme": "Gamma"}}'}
    for name, value in {**given, "OVERSET_OIDC_DOMAINS": "example.com"}.items():
        monkeypatch.setenv(name, value)
    settings: Settings = load()

    assert [str(rule) for rule in settings.oidc_group_roles] == ["a=acme:Gamma"]
    assert settings.oidc_domains == ("example.com",)
