"""Models of providers, over real HTTP: whole answers, and every way in which one can fail."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from overset.chat.events import Failure
from overset.chat.models.errors import ModelFailedError, explain
from support.assistants import KEY, Assistant, answers, choose, results, run
from support.processes import free_port, wait_until
from support.providers.script import Answer, Call, Fault, Page, Refusal, said
from support.providers.server import WIRES, Provider, running_provider

PARALLEL = Answer(
    text=("Let me ", "look."),
    calls=(
        Call("add", ('{"a": ', "1, ", '"b": 2}'), id="call_a"),
        Call("add", ('{"a"', ': 30, "b"', ": 4}"), id="call_b"),
    ),
    order=(0, 1, 1, 0),
    input_tokens=120,
    output_tokens=45,
)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture(params=sorted(WIRES))
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    with running_provider(request.param) as running:
        yield running


def fail(provider: Provider, *, within: float = 20, **given: object) -> Failure:
    """Ask once, and return what a member is told about why there is no answer."""
    with pytest.raises(ModelFailedError) as caught:
        run(Assistant(choose(provider, **given).model).ask("Hello"), within=within)
    failure = explain(caught.value)
    assert failure is not None, caught.value
    assert KEY not in repr(caught.value)
    assert "sk-" not in failure.detail
    return failure


def test_an_answer_comes_word_by_word_with_its_usage(provider: Provider) -> None:
    provider.will(replace(said("Sales grew by 7 percent."), input_tokens=90, output_tokens=6))
    assistant = Assistant(choose(provider).model)

    messages = run(assistant.ask("How are sales?"))

    assert answers(messages) == ["Sales grew by 7 percent."]
    assert assistant.tokens == ["Sales", " grew", " by", " 7", " percent."]
    last = messages[-1]
    assert isinstance(last, AIMessage)
    assert last.usage_metadata is not None
    usage = last.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"]) == (90, 6)


def test_parallel_calls_in_fragments_reach_their_tools_and_their_results_the_model(
    provider: Provider,
) -> None:
    provider.will(PARALLEL, said("3 and 34."))

    messages = run(Assistant(choose(provider).model, [add]).ask("Add"))

    assert results(messages) == ["3", "34"]
    assert answers(messages) == ["Let me look.", "3 and 34."]
    sent = json.dumps(provider.asked[1].body["messages"])
    assert all(id_ in sent for id_ in ("call_a", "call_b"))
    assert [one["name"] for one in named_tools(provider)] == ["add"]


def named_tools(provider: Provider) -> list[dict[str, object]]:
    return [one.get("function", one) for one in provider.asked[0].body["tools"]]


@pytest.mark.parametrize("kind", sorted(WIRES))
def test_however_calls_are_cut_they_arrive_whole(kind: str) -> None:
    with running_provider(kind) as provider:
        model = choose(provider).model.bind_tools([add])

        @given(data=st.data())
        @settings(max_examples=60, deadline=None)
        def story(data: st.DataObject) -> None:
            wanted = data.draw(st.lists(ARGUMENTS, min_size=1, max_size=3))
            texts = {
                f"call_{n}": json.dumps(one, ensure_ascii=False) for n, one in enumerate(wanted)
            }
            calls = tuple(Call("add", data.draw(cut(text)), id_) for id_, text in texts.items())
            order = tuple(data.draw(st.lists(st.integers(0, len(calls) - 1), max_size=20)))
            provider.cut = data.draw(st.none() | st.integers(1, 40), label="bytes of one write")
            provider.answers.clear()
            provider.will(Answer(calls=calls, order=order))

            answer = run(model.ainvoke("Add"))

            arrived = {one["id"]: one["args"] for one in answer.tool_calls}
            assert [arrived.pop(id_) for id_ in texts] == wanted
            assert not arrived
            assert not answer.invalid_tool_calls

        story()


ARGUMENTS = st.dictionaries(st.text(max_size=5), st.text(max_size=12) | st.integers(), max_size=4)


@st.composite
def cut(draw: st.DrawFn, text: str) -> tuple[str, ...]:
    """Draw pieces of a text, some of them empty."""
    ends = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return tuple(text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True))


@pytest.mark.parametrize(
    ("refusal", "code", "can_retry"),
    [
        (Refusal(401, "authentication_error", f"wrong: {KEY}"), "model_key_refused", False),
        (Refusal(402, "billing_error"), "model_no_credit", False),
        (Refusal(429, "insufficient_quota"), "model_no_credit", False),
        (Refusal(400, "", "Your credit balance is too low"), "model_no_credit", False),
        (Refusal(403, "permission_error"), "model_forbidden", False),
        (Refusal(404, "not_found_error"), "model_unknown", False),
        (Refusal(400, "", "prompt is too long: 9 tokens"), "model_context_full", False),
        (Refusal(400, "", "maximum context length is 8192"), "model_context_full", False),
        (Refusal(413, "request_too_large"), "model_context_full", False),
        (Refusal(400, "", "tiny does not support tools"), "model_without_tools", False),
        (Refusal(400, "invalid_request_error"), "model_request_refused", False),
        (Refusal(422, ""), "model_request_refused", False),
        (Refusal(429, "", headers={"retry-after": "30"}), "model_limited", True),
    ],
    ids=lambda one: f"{one.status}-{one.kind}" if isinstance(one, Refusal) else None,
)
def test_what_a_provider_refuses_is_told_with_what_to_do(
    provider: Provider, refusal: Refusal, code: str, can_retry: bool
) -> None:
    provider.will(*[refusal] * 3)

    failure = fail(provider)

    assert (failure.code, failure.can_retry) == (code, can_retry)


def test_a_provider_that_says_when_to_come_back_is_not_waited_for(provider: Provider) -> None:
    provider.will(Refusal(429, "rate_limit_error", headers={"retry-after": "30"}), said("Late."))

    failure = fail(provider, within=3)

    assert "in 30 seconds" in failure.detail
    assert len(provider.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_fault_that_passes_is_not_noticed(provider: Provider, status: int) -> None:
    provider.will(Refusal(status, "", headers={"retry-after": "0.1"}), said("Here I am."))

    messages = run(Assistant(choose(provider).model).ask("Hello"))

    assert answers(messages) == ["Here I am."]


@pytest.mark.parametrize("status", [500, 529])
def test_a_fault_that_stays_is_told_after_three_attempts(provider: Provider, status: int) -> None:
    provider.will(*[Refusal(status, "", headers={"retry-after": "0.1"})] * 5)

    assert fail(provider).code == "model_failing"
    assert len(provider.asked) == 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.BREAKS, "model_cut_off"),
        (Fault.STOPS, "model_cut_off"),
        (Fault.GARBLES, "model_garbled"),
        (Fault.ERRS, "model_failing"),
        (Fault.HANGS, "model_silent"),
    ],
)
def test_an_answer_that_goes_wrong_is_told_and_the_conversation_goes_on(
    provider: Provider, fault: Fault, code: str
) -> None:
    provider.will(replace(said("Sales are good."), fault=fault, after=2), said("They grew."))
    assistant = Assistant(choose(provider, chat_model_idle_seconds=0.4).model)

    with pytest.raises(ModelFailedError, match=code) as caught:
        run(assistant.ask("How are sales?"))
    messages = run(assistant.ask("Once more?"))

    failure = explain(caught.value)
    assert failure is not None
    assert (failure.code, failure.can_retry) == (code, True)
    assert assistant.tokens[:2] == ["Sales", " are"]
    assert answers(messages) == ["They grew."]


@pytest.mark.parametrize("how", [{"fault": Fault.STOPS, "after": 1}, {"is_cut": True}], ids=str)
@pytest.mark.parametrize("pieces", [('{"name": "old', '-chart"}'), ('{"name": "old',)], ids=len)
def test_a_call_that_breaks_off_is_not_made(
    provider: Provider, pieces: tuple[str, ...], how: dict[str, Any]
) -> None:
    made = []

    @tool
    def remove(name: str) -> str:
        """Remove what has a name."""
        made.append(name)
        return "gone"

    provider.will(Answer(calls=(Call("remove", pieces),), **how))

    with pytest.raises(ModelFailedError, match="model_cut_off"):
        run(Assistant(choose(provider).model, [remove]).ask("Remove old-chart"))

    assert made == []


def test_a_model_that_never_begins_is_ended(provider: Provider) -> None:
    provider.will(replace(said("x"), fault=Fault.HANGS, after=0))

    assert fail(provider, within=5, chat_model_idle_seconds=0.3).code == "model_silent"
    assert wait_until(provider.gone.is_set)


def test_a_model_that_is_slow_but_speaks_is_left_to_speak(provider: Provider) -> None:
    words = said("one two three four five six seven eight")
    provider.pause = 0.15
    provider.will(words)

    messages = run(Assistant(choose(provider, chat_model_idle_seconds=0.6).model).ask("Count"))

    assert answers(messages) == ["one two three four five six seven eight"]


def test_a_turn_that_is_stopped_ends_the_model_too(provider: Provider) -> None:
    provider.will(replace(said("a b c"), fault=Fault.HANGS, after=2))
    assistant = Assistant(choose(provider).model)

    async def story() -> None:
        turn = asyncio.create_task(assistant.ask("Hello"))
        await asyncio.to_thread(wait_until, lambda: assistant.tokens)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    run(story())

    assert wait_until(provider.gone.is_set)


def test_a_provider_that_is_not_there_is_told(provider: Provider) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}/v1"

    failure = fail(provider, chat_model_url=elsewhere)

    assert (failure.code, failure.can_retry) == ("model_unreachable", True)


@pytest.mark.parametrize(
    "page",
    [Page(), Page(b"", "text/event-stream"), Page(b'{"ok": true}', "application/json")],
    ids=lambda page: page.kind,
)
def test_what_is_no_model_at_all_is_told(provider: Provider, page: Page) -> None:
    provider.will(page)

    assert fail(provider).code == "model_garbled"


def test_the_key_goes_to_the_provider_and_into_no_log(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.will(Refusal(401, "authentication_error", f"Incorrect API key: {KEY}"))

    with caplog.at_level(logging.DEBUG, logger="overset"):
        fail(provider)

    assert KEY in " ".join(provider.asked[0].headers.values())
    assert KEY not in caplog.text


def test_the_key_of_the_environment_goes_to_no_other_server(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-of-somebody")
    provider.will(said("Hello."))

    run(Assistant(choose(provider, chat_model_key=None).model).ask("Hello"))

    assert "sk-of-somebody" not in str(provider.asked[0].headers)


def test_anthropic_keeps_what_all_steps_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_provider("anthropic") as provider:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
        provider.will(said("Hello."))

        run(Assistant(choose(provider, chat_model_url=None).model, [add]).ask("Hello"))

    assert provider.asked[0].body["cache_control"] == {"type": "ephemeral"}
