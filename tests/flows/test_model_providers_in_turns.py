"""Models of providers in whole turns with real tools: each fault is told, and the talk goes on."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from overset.chat.events import AnyEvent, Failure, Final, Token, ToolCall, ToolResult, Usage, Warn
from overset.chat.models.choose import Models
from support.assistants import ANALYST, KEY, choose, run
from support.deployment import Platform
from support.processes import wait_until
from support.providers.script import Answer, Call, Fault, Page, Refusal, Scripted, said
from support.providers.server import WIRES, Provider, running_provider
from support.talks import Talk, ended, kinds, only, talking

LISTS = Answer(
    text=("I look.",),
    calls=(
        Call("list_datasets", ('{"req', 'uest": {}}'), id="call_a"),
        Call("list_charts", ("", '{"request"', ": {}}"), id="call_b"),
    ),
    order=(0, 1, 1),
    input_tokens=100,
    output_tokens=20,
)
FAULTS: dict[str, tuple[Sequence[Scripted], str]] = {
    "401": ([Refusal(401, "authentication_error", f"wrong {KEY}")], "model_key_refused"),
    "404": ([Refusal(404, "not_found_error")], "model_unknown"),
    "429": ([Refusal(429, headers={"retry-after": "30"})], "model_limited"),
    "500": ([Refusal(500, headers={"retry-after": "0.1"})] * 3, "model_failing"),
    "too long": ([Refusal(400, message="prompt is too long")], "model_context_full"),
    "a page": ([Page()], "model_garbled"),
} | {
    fault: ([replace(said("Sales are good."), fault=fault, after=2)], code)
    for fault, code in (
        (Fault.BREAKS, "model_cut_off"),
        (Fault.STOPS, "model_cut_off"),
        (Fault.GARBLES, "model_garbled"),
        (Fault.ERRS, "model_failing"),
        (Fault.HANGS, "model_silent"),
    )
}
FAULTS["cut"] = ([replace(said("Sales are"), is_cut=True)], "model_cut_off")


@pytest.fixture(params=sorted(WIRES))
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    with running_provider(request.param) as running:
        yield running


def models(provider: Provider) -> Models:
    return Models(default=choose(provider, chat_model_idle_seconds=2), of_workspaces={})


def ask(platform: Platform, provider: Provider, *questions: str) -> list[list[AnyEvent]]:
    """Return the events of a turn for each question, all in one conversation."""

    async def story() -> list[list[AnyEvent]]:
        async with talking(platform, models=models(provider)) as talk:
            return [await talk.ask(question) for question in questions]

    return run(story(), within=60)


def test_parallel_calls_in_fragments_run_real_tools(
    sqlite_platform: Platform, provider: Provider
) -> None:
    provider.will(LISTS, replace(said("Two lists."), input_tokens=300, output_tokens=5))

    (events,) = ask(sqlite_platform, provider, "What is there?")

    assert ended(events) == "done"
    assert {one.name for one in only(events, ToolCall)} == {"list_datasets", "list_charts"}
    assert {one.id: one.status for one in only(events, ToolResult)} == {
        "call_a": "done",
        "call_b": "done",
    }
    assert only(events, Final)[-1].text == "Two lists."
    usage = only(events, Usage)[-1]
    assert (usage.input_tokens, usage.output_tokens) == (400, 25)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_the_next_turn_is_answered(
    sqlite_platform: Platform, provider: Provider, fault: str
) -> None:
    wrong, code = FAULTS[fault]
    provider.will(*wrong, said("They grew."))

    first, second = ask(sqlite_platform, provider, "How are sales?", "And now?")

    assert ended(first) == "failed"
    assert [one.code for one in only(first, Failure)] == [code]
    assert kinds(first)[-2:] == ["error", "finalize"]
    assert KEY not in "".join(event.model_dump_json() for event in first)
    assert ended(second) == "done"
    assert only(second, Final)[-1].text == "They grew."
    sent = json.dumps(provider.asked[-1].body["messages"])
    assert sent.index("How are sales?") < sent.index("And now?")


@pytest.mark.parametrize("fault", [Fault.BREAKS, Fault.STOPS, Fault.GARBLES])
def test_a_call_that_breaks_off_runs_no_tool_and_spoils_no_conversation(
    sqlite_platform: Platform, provider: Provider, fault: Fault
) -> None:
    provider.will(replace(LISTS, fault=fault, after=2), said("Here I am."))

    first, second = ask(sqlite_platform, provider, "What is there?", "Again?")

    assert ended(first) == "failed"
    assert only(first, ToolResult) == []
    assert ended(second) == "done"
    assert "call_a" not in json.dumps(provider.asked[-1].body["messages"])


@pytest.mark.parametrize("good", [0, 1])
def test_calls_that_nobody_can_read_are_told_to_the_model_and_spoil_no_conversation(
    sqlite_platform: Platform, provider: Provider, good: int
) -> None:
    read = Call("list_charts", ('{"request": {}}',), id="call_good")
    broken = [
        Answer(calls=(*[read] * good, Call("list_datasets", ("request = ",), id=f"call_{number}")))
        for number in range(3 - 2 * good)
    ]
    provider.will(*broken, *[said("One list.")] * good, said("They grew."), said("Still."))

    events = ask(sqlite_platform, provider, "What is there?", "And now?", "Sure?")

    assert [ended(one) for one in events] == ["done"] * 3
    assert [one.id for one in only(events[0], ToolResult)] == ["call_good"] * good
    warnings = [one.code for one in only(events[0], Warn)]
    assert warnings == ([] if good else ["model_calls_unreadable"])
    sent = json.dumps(provider.asked[len(broken)].body["messages"])
    assert "not valid JSON" in sent
    assert len(provider.asked) == len(broken) + good + 2


def test_a_conversation_that_is_longer_than_anybody_thought_goes_on(
    sqlite_platform: Platform, provider: Provider
) -> None:
    provider.room = 20_000
    provider.will(*[said(f"Answer {number}.") for number in range(5)])

    events = ask(sqlite_platform, provider, *(f"{n} " + "word " * 1_200 for n in range(5)))

    assert [only(one, Final)[-1].text for one in events] == [f"Answer {n}." for n in range(5)]
    assert len(provider.asked) > 5
    sent = json.dumps(provider.asked[-1].body["messages"])
    assert "4 word" in sent
    assert "Answer 0" not in sent


def test_a_question_that_is_too_long_by_itself_is_told_and_not_asked_again(
    sqlite_platform: Platform, provider: Provider
) -> None:
    provider.room = 3_000
    provider.will(said("They grew."))

    long, short = ask(sqlite_platform, provider, "word " * 1_000, "And now?")

    assert [one.code for one in only(long, Failure)] == ["model_context_full"]
    assert only(short, Final)[-1].text == "They grew."
    assert len(provider.asked) == 3


def test_a_fault_after_a_tool_keeps_what_the_tool_said(
    sqlite_platform: Platform, provider: Provider
) -> None:
    provider.will(LISTS, Refusal(401, "authentication_error"), said("Two lists."))

    first, second = ask(sqlite_platform, provider, "What is there?", "Go on.")

    assert [one.status for one in only(first, ToolResult)] == ["done", "done"]
    assert ended(first) == "failed"
    assert ended(second) == "done"
    assert only(second, ToolCall) == []
    sent = json.dumps(provider.asked[-1].body["messages"])
    assert sent.count("call_a") == sent.count("call_b") == 2


def test_stop_ends_what_the_model_says(sqlite_platform: Platform, provider: Provider) -> None:
    provider.will(replace(said("a b c"), fault=Fault.HANGS, after=2), said("Here."))

    async def story(talk: Talk) -> tuple[list[AnyEvent], list[AnyEvent]]:
        turn = await talk.start("Tell me all.")
        await talk.wait_for(Token)
        await talk.turns.stop(turn)
        return await talk.read(turn), await talk.ask("And now?")

    async def whole() -> tuple[list[AnyEvent], list[AnyEvent]]:
        async with talking(sqlite_platform, models=models(provider)) as talk:
            return await story(talk)

    first, second = run(whole(), within=60)

    assert ended(first) == "stopped"
    assert wait_until(provider.gone.is_set)
    assert ended(second) == "done"


def test_a_workspace_without_a_model_has_the_analyst_beside_one_that_has(
    sqlite_platform: Platform, provider: Provider
) -> None:
    theirs = Models.open(sqlite_platform.settings, analyst=ANALYST).default
    both = Models(default=theirs, of_workspaces={"acme": choose(provider)})
    provider.will(said("I am the provider's."))

    async def story() -> list[AnyEvent]:
        async with talking(sqlite_platform, models=both) as talk:
            return await talk.ask("Who are you?")

    assert only(run(story(), within=60), Final)[-1].text == "I am the provider's."
    assert theirs.is_offline
