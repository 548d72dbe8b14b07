"""The settings of the assistant; `settings.py` reads them with all others."""

from overset.kernel.task_settings import TaskSettings


class ChatSettings(TaskSettings):
    """What can be set about the assistant."""
