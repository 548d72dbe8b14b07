"""Gates and their rules, asked through OpenFeature."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from overset.flags.client import GateClient
from overset.flags.gates import GATES, Gate
from overset.flags.provider import RulesProvider
from overset.flags.rules import GateMode, MemoryGateRules

MakeClient = Callable[..., GateClient]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    made: list[GateClient] = []

    def make(provider) -> GateClient:
        made.append(GateClient(provider, domain=f"test-{secrets.token_hex(4)}"))
        return made[-1]

    yield make
    for client in made:
        client.close()


def _is_open(client: GateClient, workspace_id: str, gate: Gate = Gate.CHATBOT_ENABLED) -> bool:
    return client.evaluate(workspace_id=workspace_id, user_id="usr_a")[gate]


def test_every_gate_says_what_it_is_and_stands_open():
    assert list(Gate) == sorted(Gate)
    assert set(GATES) == set(Gate)
    assert all(gate.is_on_by_default and gate.owner and gate.description for gate in Gate)


def test_gates_that_nobody_set_are_open(make_client: MakeClient):
    client = make_client(RulesProvider(MemoryGateRules()))

    assert client.evaluate(workspace_id="ws_a", user_id="usr_a") == dict.fromkeys(Gate, True)


@pytest.mark.parametrize(
    ("mode", "of_workspace", "expected"),
    [
        (None, None, True),
        (None, False, False),
        (GateMode.ON, None, True),
        (GateMode.ON, True, True),
        (GateMode.ON, False, False),
        (GateMode.OFF, None, False),
        (GateMode.OFF, True, False),
        (GateMode.ALLOW_LIST, None, False),
        (GateMode.ALLOW_LIST, True, True),
        (GateMode.ALLOW_LIST, False, False),
    ],
)
def test_a_rule_decides(make_client: MakeClient, mode, of_workspace, expected):
    rules = MemoryGateRules()
    if mode is not None:
        rules.modes[Gate.CHATBOT_ENABLED] = mode
    if of_workspace is not None:
        rules.workspaces[Gate.CHATBOT_ENABLED, "ws_a"] = of_workspace

    assert _is_open(make_client(RulesProvider(rules)), "ws_a") is expected


def test_a_rule_of_one_workspace_says_nothing_of_another(make_client: MakeClient):
    rules = MemoryGateRules(workspaces={(Gate.CHATBOT_ENABLED, "ws_a"): False})
    client = make_client(RulesProvider(rules))

    assert not _is_open(client, "ws_a")
    assert _is_open(client, "ws_b")
    assert _is_open(client, "ws_a", Gate.MCP_SERVICE_ENABLED)


def test_a_provider_that_fails_shuts_the_gate(make_client: MakeClient, caplog):
    class Broken(RulesProvider):
        def resolve_boolean_details(self, *_: object) -> FlagResolutionDetails[bool]:
            raise OSError("no route to the vendor")

    client = make_client(Broken(MemoryGateRules()))

    assert client.evaluate(workspace_id="ws_a", user_id="usr_a") == dict.fromkeys(Gate, False)
    assert "MCP_SERVICE_ENABLED is shut" in caplog.text


def test_a_vendor_that_does_not_know_a_gate_leaves_its_default(make_client: MakeClient):
    flag = InMemoryFlag("off", {"off": False})
    client = make_client(InMemoryProvider({Gate.CHATBOT_ENABLED.value: flag}))

    assert not _is_open(client, "ws_a")
    assert _is_open(client, "ws_a", Gate.MCP_SERVICE_ENABLED)


def test_a_closed_client_lets_nobody_through(make_client: MakeClient):
    client = make_client(RulesProvider(MemoryGateRules()))
    client.close()

    assert not _is_open(client, "ws_a")


def test_two_clients_in_one_process_keep_to_their_own_rules(make_client: MakeClient):
    shut = MemoryGateRules(modes={Gate.CHATBOT_ENABLED: GateMode.OFF})
    one, other = make_client(RulesProvider(shut)), make_client(RulesProvider(MemoryGateRules()))

    assert not _is_open(one, "ws_a")
    assert _is_open(other, "ws_a")
