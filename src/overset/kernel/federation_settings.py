"""The settings of sign-in at another OpenID provider; `identity_settings.py` has all others."""

import json
from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Where plain http is as safe as the machine itself."""


def is_safe_url(url: str) -> bool:
    """Tell whether what is asked at `url` can be believed: https, or http on this machine."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or is_local)


_PAIR = "write `group=workspace:Role`, or a JSON object"


class GroupRole(BaseModel):
    """A rule: who is in `group` at the provider has `role` in `workspace` (a slug)."""

    model_config = ConfigDict(frozen=True)

    group: str
    workspace: str
    role: str

    def __str__(self) -> str:
        return f"{self.group}={self.workspace}:{self.role}"


class FederationSettings(BaseSettings):
    """Where people sign in besides here, and what of them is believed."""

    oidc_issuer: str | None = Field(
        default=None,
        max_length=300,
        description="An OpenID provider at which people sign in, exactly as it names itself.",
    )
    oidc_client_id: str | None = Field(
        default=None, description="Overset's client id at that provider."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Overset's client secret at that provider."
    )
    oidc_name: str = Field(
        default="", description="What the button calls the provider; by default its host name."
    )
    oidc_scopes: str = Field(
        default="openid email profile",
        description="The scopes that are asked for; some providers have one for groups.",
    )
    oidc_audience: str | None = Field(
        default=None,
        description="The `audience` of the request, for providers that want one, such as Auth0.",
    )
    oidc_email_verified_claim: str = Field(
        default="email_verified",
        description="The claim that says that the provider checked the email address.",
    )
    oidc_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Email domains whose people become users when they first sign in there.",
    )
    oidc_groups_claim: str = Field(
        default="groups", description="The claim with a person's groups; it may be a URL."
    )
    oidc_group_roles: Annotated[tuple[GroupRole, ...], NoDecode] = Field(
        default=(),
        description='`group=workspace:Role` list, or JSON: `{"group": {"workspace": "Role"}}`.',
    )

    @field_validator("oidc_domains", mode="before")
    @classmethod
    def _domains(cls, value: object) -> object:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list | tuple):
            return value
        # `@example.com` and `example.com.` are the same domain to whoever writes them.
        found = (str(name).strip().strip("@.").lower() for name in names)
        return tuple(name for name in found if name)

    @field_validator("oidc_group_roles", mode="before")
    @classmethod
    def _rules(cls, value: object) -> object:
        return _parse_rules(value) if isinstance(value, str) else value

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, value: str) -> str:
        scopes = value.replace(",", " ").split()
        if "openid" not in scopes:
            msg = "must contain `openid`: without it the provider does not say who signed in"
            raise ValueError(msg)
        return " ".join(scopes)

    @model_validator(mode="after")
    def _provider(self) -> Self:
        if not self.oidc_issuer:
            return self
        parts = urlsplit(self.oidc_issuer)
        if not is_safe_url(self.oidc_issuer) or parts.query or parts.fragment:
            msg = f"`oidc_issuer` must be an https URL without a query, not {self.oidc_issuer!r}"
            raise ValueError(msg)
        if not self.oidc_client_id or self.oidc_client_secret is None:
            msg = "`oidc_issuer` needs `oidc_client_id` and `oidc_client_secret` too"
            raise ValueError(msg)
        return self

    @property
    def provider_name(self) -> str:
        """What people read instead of the provider's URL; empty without a provider."""
        return self.oidc_name or urlsplit(self.oidc_issuer or "").hostname or ""


def _parse_rules(text: str) -> tuple[GroupRole, ...]:
    if text.strip().startswith("{"):
        return tuple(_parse_json(text))
    return tuple(_parse_rule(part) for part in text.split(",") if part.strip())


def _parse_rule(text: str) -> GroupRole:
    # A group's name may hold `=`; a slug holds neither `=` nor `:`.
    group, _, target = text.strip().rpartition("=")
    workspace, _, role = target.partition(":")
    return _make_rule(group, workspace, role)


def _parse_json(text: str) -> list[GroupRole]:
    groups = json.loads(text)
    rules = []
    for group, roles in groups.items():
        if not isinstance(roles, Mapping):
            raise ValueError(_PAIR)  # noqa: TRY004  # pydantic reports a ValueError only
        rules += [_make_rule(group, slug, role) for slug, role in roles.items()]
    return rules


def _make_rule(group: str, workspace: str, role: object) -> GroupRole:
    words = (group.strip(), workspace.strip(), role.strip() if isinstance(role, str) else "")
    if not all(words):
        raise ValueError(_PAIR)
    return GroupRole(group=words[0], workspace=words[1], role=words[2])
