"""Photographs the pages for people into docs/images/pages: `make screenshots`.

It serves a manager of its own with made-up people, then the demonstration, and walks through both
with Chromium.
"""

import io
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser
from superset_scenes import superset_pages

from overset.manager.people.model import Method
from support.browser import Person, running_browser, somebody
from support.oauth import App, Provider, running_provider

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images" / "pages"
PASSWORD = secrets.token_urlsafe(18)
COLOURS = 256
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 800, "height": 560}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 800, "height": 560}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 700}},
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody at a browser, and the manager that they see."""

    provider: Provider
    person: Person
    app: App

    def ask(self, **changes: str) -> None:
        """Let the client ask for access."""
        self.person.open(self.app.url(**changes))

    def sign_in(self, email: str) -> None:
        """Sign in as somebody."""
        self.person.sign_in(email, PASSWORD)
        self.person.page.wait_for_load_state()


def sign_in(scene: Scene) -> None:
    """Show the sign-in page, as a client leads to it."""
    scene.ask(resource=scene.provider.resource())


def consent(scene: Scene) -> None:
    """Show consent for a client that names its workspace by its URL."""
    scene.ask(resource=scene.provider.resource())
    scene.sign_in("ada@example.com")


def consent_asks_where(scene: Scene) -> None:
    """Show consent at the neutral door, to a member of two workspaces."""
    scene.ask(resource=f"{scene.provider.origin}/mcp")
    scene.sign_in("grace@example.com")


def account(scene: Scene) -> None:
    """Show the account of somebody who allowed a client, and is signed in on a phone too."""
    consent_asks_where(scene)
    scene.person.approve("Acme")
    scene.person.lands_at(scene.app.redirect_uri)
    manager = scene.provider.manager
    grace = manager.users.find_by_email("grace@example.com")
    if grace is not None:
        manager.sessions.begin(
            grace.id, method=Method.PASSWORD, user_agent=PHONE, address="192.0.2.7"
        )
    scene.person.open(f"{scene.provider.origin}/account")


def error(scene: Scene) -> None:
    """Show what a person sees when a client cannot be answered."""
    scene.ask(client_id="cli_unknown")


PAGES: dict[str, Callable[[Scene], None]] = {
    "sign-in": sign_in,
    "consent": consent,
    "consent-asks-where": consent_asks_where,
    "account": account,
    "error": error,
}


def main() -> None:
    """Write every page in every look."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="overset-screenshots-") as home,
        running_provider(Path(home)) as provider,
        running_browser() as browser,
    ):
        make_people(provider)
        for name, look, scene in scenes(provider, browser):
            PAGES[name](scene)
            write(scene.person.page.screenshot(full_page=True), IMAGES / f"{name}-{look}.png")
    with running_browser() as browser:
        for name, picture in superset_pages(browser):
            write(picture, IMAGES / f"{name}.png")


def make_people(provider: Provider) -> None:
    """Make a member of one workspace and a member of two."""
    manager = provider.manager
    for name, workspaces in {"Ada Lovelace": ["acme"], "Grace Hopper": ["acme", "globex"]}.items():
        first, _ = name.lower().split()
        user = manager.users.create(f"{first}@example.com", name=name)
        for workspace in workspaces:
            manager.members.put(workspace, user.id, role="Alpha")


def scenes(provider: Provider, browser: Browser) -> Iterator[tuple[str, str, Scene]]:
    """Yield, for each page and look, a fresh browser and people who are signed in nowhere."""
    # Any page on this machine that answers will do as the client's.
    app = App(provider.origin, redirect_uri=f"{provider.origin}/health")
    app.register(client_name="Claude Code")
    for look, options in LOOKS.items():
        for name in PAGES:
            for user in provider.manager.users.page().items:
                provider.manager.passwords.set(user.id, PASSWORD)
            with somebody(browser, **options) as person:
                yield name, look, Scene(provider, person, app)


def write(picture: bytes, path: Path) -> None:
    """Write a picture with no more colours than it needs."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
