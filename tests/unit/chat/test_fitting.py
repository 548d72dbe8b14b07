"""A conversation is cut to what its model can read, which is estimated with care."""

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from overset.chat.analyst.chat_model import OfflineAnalyst
from overset.chat.fitting import count_tokens, find_room, fit
from support.scripted_model import ScriptedModel


@pytest.mark.parametrize("text", ["売上はどうですか", "как продажи", "매출은 어때요"])
def test_characters_that_are_tokens_by_themselves_count_as_such(text: str) -> None:
    called = {"name": "find", "args": {"text": text * 100}, "id": "call_1"}

    assert count_tokens([HumanMessage(text * 100)]) >= 70 * len(text)
    assert count_tokens([AIMessage("", tool_calls=[called])]) >= 70 * len(text)
    assert count_tokens([HumanMessage("abcd" * 100)]) < 120


def test_what_an_operator_says_about_a_model_goes_before_what_is_known_and_what_is_guessed() -> (
    None
):
    unknown, known = ScriptedModel(), ScriptedModel(profile={"max_input_tokens": 200_000})

    guess, knows, said = (
        find_room(unknown),
        find_room(known),
        find_room(known, window=8_000),
    )

    assert 8_000 > said > 0
    assert 100_000 > guess > 8_000
    assert 200_000 > knows > 100_000
    assert find_room(OfflineAnalyst()) > knows


def test_tools_take_their_room_and_leave_some() -> None:
    model = ScriptedModel()

    assert find_room(model, tools=20_000) == find_room(model) - 20_000
    assert find_room(model, window=8_000, tools=20_000) > 0


def test_old_turns_go_first_and_the_last_question_stays() -> None:
    talk: list[AnyMessage] = []
    for number in range(10):
        talk += [HumanMessage(f"{number} " + "問" * 500), AIMessage(f"answer {number}")]
    talk.append(HumanMessage("問" * 900))

    kept = fit(talk, tokens=1_500)

    assert kept == talk[-3:]
    assert fit(talk, tokens=100) == talk[-1:]
