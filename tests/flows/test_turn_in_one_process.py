"""Where everything is one process, as in `overset up`, a stop still ends the query."""

import json

from overset.flags.gates import Gate
from support.chatting import talker, types
from support.deployment import Platform, running_platform
from support.processes import wait_until
from support.providers.script import Answer, Call, said
from support.providers.server import running_provider
from support.rows import read_figures
from support.slow import count_to

SOON = 3
ENDLESS = {"request": {"database_id": 1, "sql": count_to(10**12), "timeout": 60}}


def queries(platform: Platform) -> float:
    """Return how many calls run that query data."""
    return read_figures(platform, "mcp_calls_running").get("queries", 0)


def test_a_stop_ends_the_query_of_a_turn_in_the_same_process(template_home, tmp_path):
    with (
        running_provider("openai") as provider,
        running_platform(
            tmp_path / "home",
            template=template_home,
            OVERSET_CHAT_MODEL="openai:stand-in",
            OVERSET_CHAT_MODEL_URL=provider.url,
        ) as platform,
    ):
        platform.manager.gates.set_workspace(Gate.CHATBOT_ENABLED.value, "acme", on=True)
        ada = talker(platform)
        thread_id = ada.begin()
        provider.will(Answer(calls=(Call("execute_sql", (json.dumps(ENDLESS),), id="call_slow"),)))
        assert types(ada.ask(thread_id, "count"))[-2:] == ["tool_call", "finalize"]

        decision = {"decisions": [{"tool_call_id": "call_slow", "verdict": "approve"}]}
        path = f"/threads/{thread_id}"
        with ada.stream("POST", f"{path}/decisions", json=decision) as stream:
            wait_until(lambda: queries(platform) == 1, what="the query")
            assert ada.send("POST", f"{path}/turns/{stream.turn_id}/stop").status_code == 202
            wait_until(lambda: queries(platform) == 0, SOON, what="the query's end")
            stream.drain()
        assert stream.seen[-1][1].reason == "stopped"

        provider.will(said("Yes."))
        assert types(ada.ask(thread_id, "still there?"))[-1] == "finalize"
        assert [one["text"] for one in ada.show(thread_id)["messages"]][-1] == "Yes."
