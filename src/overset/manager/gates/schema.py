"""What the REST API reads and says about gates."""

from pydantic import BaseModel, ConfigDict, Field

from overset.flags.rules import GateMode
from overset.manager.gates.model import GateState


class GatePut(BaseModel):
    """How a gate stands for the platform."""

    mode: GateMode = Field(description="`off` shuts it everywhere; `allow-list` opens it by name.")


class WorkspaceGatePut(BaseModel):
    """How a gate stands for one workspace."""

    on: bool


class GateList(BaseModel):
    """Every gate."""

    model_config = ConfigDict(from_attributes=True)

    items: list[GateState]
