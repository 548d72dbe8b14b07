"""Browsers without a window: they keep cookies by host, follow redirects, and fill in forms."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from support.deployment import Platform
from support.people import PASSWORD, _read_forms


class _ToThisMachine(httpx.BaseTransport):
    """Reaches every host name on this machine, as browsers do with `*.localhost`."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(host="127.0.0.1")
        sent = httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(sent)

    def close(self) -> None:
        self._inner.close()


def _open() -> httpx.Client:
    return httpx.Client(
        transport=_ToThisMachine(),
        follow_redirects=True,
        timeout=30,
        headers={"Accept": "text/html,*/*;q=0.8", "User-Agent": "Mozilla/5.0 (a test)"},
    )


@dataclass
class Visitor:
    """Somebody in front of a platform with a browser."""

    platform: Platform
    user_id: str = ""
    http: httpx.Client = field(default_factory=_open)

    def url(self, slug: str, path: str = "/") -> str:
        return self.platform.settings.workspace_origin(slug) + path

    def get(self, slug: str, path: str = "/", **given: Any) -> httpx.Response:
        """Open a page of a workspace, and follow where it leads."""
        return self.http.get(self.url(slug, path), **given)

    def ask(self, method: str, slug: str, path: str, **given: Any) -> httpx.Response:
        """Ask a workspace's REST API for something, with its CSRF token if something is written."""
        headers = {"Accept": "application/json", **given.pop("headers", {})}
        if method != "GET":
            asked = self.http.get(self.url(slug, "/api/v1/security/csrf_token/"), headers=headers)
            token = asked.json().get("result", "") if asked.is_success else ""
            headers |= {"X-CSRFToken": token, "Referer": self.url(slug)}
        return self.http.request(method, self.url(slug, path), headers=headers, **given)

    def sign_in(self, slug: str, *, password: str = PASSWORD) -> httpx.Response:
        """Open a workspace's sign-in and go through what the manager asks."""
        page = self.get(slug, "/login/")
        if urlsplit(str(page.url)).path != "/sign-in":
            return page
        fields = _read_forms(page.text)["/sign-in"]
        email = self.platform.manager.users.get(self.user_id).email
        return self.http.post(
            page.url.join("/sign-in"),
            data={**fields, "email": email, "password": password},
            headers={"Origin": self.platform.settings.issuer},
        )

    def cookie(self, slug: str, name: str = "session") -> str | None:
        """Return the cookie that the workspace set."""
        host = urlsplit(self.url(slug)).hostname
        for cookie in self.http.cookies.jar:
            if cookie.name == name and cookie.domain.lstrip(".") in {host, f"{host}.local"}:
                return cookie.value
        return None

    def close(self) -> None:
        self.http.close()


def arrive(platform: Platform, *workspaces: str, role: str = "Admin") -> Visitor:
    """Return a new person, a member of `workspaces`, who is not signed in yet."""
    user_id = platform.new_member(workspaces[0], role=role) if workspaces else _stranger(platform)
    for slug in workspaces[1:]:
        platform.manager.members.put(slug, user_id, role=role)
    platform.manager.passwords.set(user_id, PASSWORD)
    return Visitor(platform, user_id)


def _stranger(platform: Platform) -> str:
    user_id = platform.new_member("acme")
    platform.manager.members.remove("acme", user_id)
    return user_id
