"""The settings of tasks and of the pictures they take; `settings.py` reads them with all others."""

from pathlib import Path

from pydantic import Field

from overset.kernel.identity_settings import IdentitySettings


class TaskSettings(IdentitySettings):
    """What can be set about tasks."""

    chromium: Path | None = Field(
        default=None,
        description="The browser that takes pictures for reports; by default `chromium` on PATH.",
    )
