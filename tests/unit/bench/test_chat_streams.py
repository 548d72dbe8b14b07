"""The benchmark of the assistant: its model speaks as asked, and its client misses nothing."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from bench.chat.model import TOOL, stamp
from bench.chat.streams import Heard, _note

from support.assistants import Assistant, answers, choose, run
from support.processes import free_port, is_listening, running, start_process
from support.providers.server import Provider

ROOT = Path(__file__).parents[3]


def hear(*texts: str, tokens: int) -> int:
    heard, rest = Heard(asked=0), ""
    for text in texts:
        event = {"type": "token", "message_id": "msg_1", "text": text}
        rest = _note(heard, f"event: token\ndata: {json.dumps(event)}".encode(), 1.0, rest)
    return heard.count_lost(tokens)


def test_tokens_are_found_however_their_text_is_cut() -> None:
    whole = "".join(stamp(number) for number in range(5))

    assert hear(whole, tokens=5) == 0
    assert hear(*whole, tokens=5) == 0


@pytest.mark.parametrize("numbers", [[0, 2], [0, 1, 1, 2], [0, 2, 1], []])
def test_tokens_that_are_lost_repeated_or_out_of_turn_are_counted(numbers: list[int]) -> None:
    assert hear(*(stamp(number) for number in numbers), tokens=3) >= 1


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[Provider]:
    port = free_port()
    argv = [sys.executable, "-m", "bench.chat.model", str(port), "0.01"]
    log = tmp_path / "model.log"
    env = {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    model = start_process(argv, log=log, cwd=ROOT, env=env)
    with running(model, ready=partial(is_listening, port)):
        yield Provider("openai", f"http://127.0.0.1:{port}/v1")


def test_the_model_calls_and_speaks_as_often_as_it_is_asked_to(paced: Provider) -> None:
    from langchain_core.tools import tool

    called = []

    @tool(TOOL)
    def list_charts(request: dict[str, object]) -> str:
        """List charts."""
        called.append(request)
        return "none"

    messages = run(Assistant(choose(paced).model, [list_charts]).ask("2 3"))

    assert called == [{}, {}]
    assert answers(messages)[-1].count("@") == 3
