"""`overset doctor` says what is wrong with the OpenID provider, and what to write instead."""

from pathlib import Path

import pytest

from overset.cli.doctor import Finding, examine
from support.federation import provider_settings
from support.manager import make_settings
from support.openid_provider import CLIENT_SECRET, OpenIDProvider, running_provider


def look(home: Path, provider: OpenIDProvider, **given: object) -> Finding:
    settings = make_settings(home, **{**provider_settings(provider), **given})
    findings = {finding.check: finding for finding in examine(settings)}
    assert CLIENT_SECRET not in repr(findings)
    return findings["identity provider"]


def test_a_provider_that_works_is_well_and_the_redirect_uri_is_told(
    tmp_path: Path, openid_provider: OpenIDProvider
):
    finding = look(tmp_path, openid_provider)

    assert finding.ok
    assert openid_provider.issuer in finding.found
    assert "http://localhost:8088/federation/callback" in finding.found


@pytest.mark.parametrize("slash", [True, False])
def test_a_slash_too_much_or_too_little_is_told_with_what_to_write(tmp_path: Path, slash: bool):
    with running_provider(tmp_path / "provider", slash=slash) as provider:
        other = provider.issuer[:-1] if slash else provider.issuer + "/"
        finding = look(tmp_path / "home", provider, oidc_issuer=other)

        assert not finding.ok
        assert (
            finding.found
            == f"set OVERSET_OIDC_ISSUER to {provider.issuer!r}, as the provider names itself"
        )


def test_a_provider_that_is_not_there_is_told(tmp_path: Path):
    with running_provider(tmp_path / "provider") as provider:
        provider.stop()
        finding = look(tmp_path / "home", provider)

        assert (finding.ok, finding.found) == (False, f"no answer from {provider.issuer}")


def test_without_a_provider_nothing_is_looked_at(tmp_path: Path):
    checks = {finding.check for finding in examine(make_settings(tmp_path))}

    assert "identity provider" not in checks
