"""Which browser takes pictures: the machine's own Chromium, where Playwright brought none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import sync_playwright

from overset.kernel.settings import Settings

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def take_pictures_with_chromium(settings: Settings) -> None:
    """Let Superset start the browser of the settings, or the one that is on the path.

    Without one, Playwright's own is started, if it was downloaded.
    """
    from superset.utils import webdriver

    found = str(settings.chromium) if settings.chromium else _find()

    @contextmanager
    def start() -> Iterator[_Playwright]:
        with sync_playwright() as playwright:
            yield _Playwright(_Chromium(playwright.chromium, found))

    webdriver.sync_playwright = start


def _find() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True, slots=True)
class _Chromium:
    browser: Any
    path: str | None

    def launch(self, **options: Any) -> Any:
        """Start it as Superset asks, from where it is."""
        return self.browser.launch(executable_path=self.path, **options)


@dataclass(frozen=True, slots=True)
class _Playwright:
    """As much of Playwright as Superset uses."""

    chromium: _Chromium
