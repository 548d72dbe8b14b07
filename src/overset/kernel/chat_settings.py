"""The settings of the assistant; `settings.py` reads them with all others."""

from pathlib import Path

from pydantic import Field, SecretStr

from overset.kernel.task_settings import TaskSettings


class ChatSettings(TaskSettings):
    """What can be set about the assistant."""

    chat_model: str | None = Field(
        default=None,
        description="The model that answers, as `provider:name`; if not set, the offline analyst.",
    )
    chat_model_url: str | None = Field(
        default=None,
        description="Where that model is asked, if not at its provider's own address.",
    )
    chat_model_key: SecretStr | None = Field(
        default=None, description="The key that the model's provider gave."
    )
    chat_models_file: Path | None = Field(
        default=None,
        description="A JSON file with the models of workspaces that have one of their own.",
    )
    chat_model_idle_seconds: float = Field(
        default=60, gt=0, description="A model that says nothing for so long is ended."
    )
    chat_database_url: SecretStr | None = Field(
        default=None, description="The assistant's database; by default SQLite under `home`."
    )
    chat_retention_days: int = Field(
        default=90,
        ge=1,
        description="How long a conversation is kept in which nobody writes, in days.",
    )
