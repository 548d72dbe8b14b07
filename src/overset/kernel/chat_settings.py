"""The settings of the assistant; `settings.py` reads them with all others."""

from pathlib import Path
from typing import Literal

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
    chat_model_window: int | None = Field(
        default=None,
        ge=1000,
        description="Tokens that this model reads at once; if not set, what is known of it, or "
        "100,000.",
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
    chat_mcp_url: str | None = Field(
        default=None,
        description="Where the assistant reaches MCP, if not at its public URL.",
    )
    chat_turns_at_once: int = Field(
        default=4,
        ge=1,
        description="How many questions of one member in a workspace a process answers at once.",
    )
    chat_turn_seconds: float = Field(
        default=300, gt=0, le=3600, description="How long one answer of the assistant may take."
    )
    chat_turn_steps: int = Field(
        default=25, ge=1, le=1000, description="How often the model may be asked for one answer."
    )
    chat_turn_tokens: int = Field(
        default=200_000,
        ge=1,
        description="Tokens that the model may read and write for one answer.",
    )
    chat_turn_cost_usd: float | None = Field(
        default=None,
        gt=0,
        description="What one answer may cost, in US dollars, where the model's price is known.",
    )
    chat_approval: Literal["member", "always"] = Field(
        default="member",
        description="`member`: members may allow a tool that changes things for a conversation; "
        "`always`: each call asks.",
    )
