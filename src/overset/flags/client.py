"""Asks OpenFeature whether gates are open for a member of a workspace."""

import logging

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.provider import FeatureProvider
from openfeature.provider.no_op_provider import NoOpProvider

from overset.flags.gates import Gate
from overset.flags.provider import WORKSPACE_ATTRIBUTE
from overset.flags.rules import GateValues

_log = logging.getLogger(__name__)


class GateClient:
    """Evaluates gates through OpenFeature, so that any vendor's provider fits.

    A provider that does not know a gate leaves it at its default. A provider that fails shuts the
    gate: nobody is let through a door whose rule cannot be read.
    """

    def __init__(self, provider: FeatureProvider, *, domain: str = "overset") -> None:
        api.set_provider_and_wait(provider, domain)
        self._domain = domain
        self._client = api.get_client(domain)

    def evaluate(self, *, workspace_id: str, user_id: str) -> GateValues:
        """Return every gate's value; empty ids mean nobody's workspace, and nobody."""
        context = _make_context(workspace_id, user_id)
        return {gate: self._is_open(gate, context) for gate in Gate}

    def is_open(self, gate: Gate, *, workspace_id: str, user_id: str) -> bool:
        """Return one gate's value."""
        return self._is_open(gate, _make_context(workspace_id, user_id))

    def close(self) -> None:
        """Let the provider shut down; what is asked afterwards is off."""
        api.set_provider_and_wait(NoOpProvider(), self._domain)

    def _is_open(self, gate: Gate, context: EvaluationContext) -> bool:
        details = self._client.get_boolean_details(gate.value, False, context)  # noqa: FBT003  # theirs
        if details.error_code is None:
            return details.value
        if details.error_code is ErrorCode.FLAG_NOT_FOUND:
            return gate.is_on_by_default
        _log.warning(
            "gate %s is shut: its provider failed (%s)", gate.value, details.error_code.value
        )
        return False


def _make_context(workspace_id: str, user_id: str) -> EvaluationContext:
    return EvaluationContext(
        targeting_key=user_id or None, attributes={WORKSPACE_ATTRIBUTE: workspace_id}
    )
