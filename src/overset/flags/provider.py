"""The embedded OpenFeature provider: booleans from the gates' own rules."""

from collections.abc import Mapping, Sequence

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from overset.flags.gates import Gate
from overset.flags.rules import GateRules

WORKSPACE_ATTRIBUTE = "workspace_id"
"""The attribute of the evaluation context that names the workspace."""


class RulesProvider(AbstractProvider):
    """Answers OpenFeature from `GateRules`; all gates are booleans."""

    def __init__(self, rules: GateRules) -> None:
        super().__init__()
        self._rules = rules

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name="overset-rules")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001, ARG002  # the name and order are OpenFeature's
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return whether the gate is open.

        Raises:
            FlagNotFoundError: there is no such gate.
        """
        if flag_key not in set(Gate):
            raise FlagNotFoundError(f"there is no gate {flag_key!r}")
        gate = Gate(flag_key)
        attributes = evaluation_context.attributes if evaluation_context else {}
        workspace_id = str(attributes.get(WORKSPACE_ATTRIBUTE, ""))
        rule = self._rules.find_rule(gate, workspace_id=workspace_id)
        is_open = rule.is_open(default=gate.is_on_by_default)
        return FlagResolutionDetails(
            value=is_open, variant="on" if is_open else "off", reason=Reason.TARGETING_MATCH
        )

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,  # noqa: ARG002  # the name is OpenFeature's
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002  # as above
    ) -> FlagResolutionDetails[str]:
        """Refuse: gates are booleans."""
        raise _mismatch(flag_key)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,  # noqa: ARG002  # the name is OpenFeature's
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002  # as above
    ) -> FlagResolutionDetails[int]:
        """Refuse: gates are booleans."""
        raise _mismatch(flag_key)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,  # noqa: ARG002  # the name is OpenFeature's
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002  # as above
    ) -> FlagResolutionDetails[float]:
        """Refuse: gates are booleans."""
        raise _mismatch(flag_key)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],  # noqa: ARG002  # as above
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002  # as above
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """Refuse: gates are booleans."""
        raise _mismatch(flag_key)


def _mismatch(flag_key: str) -> TypeMismatchError:
    return TypeMismatchError(f"the gate {flag_key!r} is a boolean")
