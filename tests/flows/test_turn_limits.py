"""A turn ends at its limits, long conversations fit their model, and many turns run at once."""

import asyncio

import pytest
from langchain_core.messages import HumanMessage

from overset.chat.events import Failure, Limits, Warn
from overset.chat.models.prices import Price
from support.scripted_model import Reply
from support.talks import call, ended, kinds, only, talking
from support.wire import eventually

pytestmark = pytest.mark.anyio

CHARTS = call("list_charts")
YES = Reply(texts=["Yes."])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_time_of_a_turn_is_limited_and_its_end_is_announced(sqlite_platform):
    async with talking(sqlite_platform, chat_turn_seconds=3.0) as talk:
        await talk.ask("hello", YES)  # the tools are known from now on
        events = await talk.ask("speak", Reply(texts=["Well"], hangs=True))
        assert ended(events) == "limit"
        assert kinds(events) == ["limits", "token", "limits", "warning", "error", "finalize"]
        assert only(events, Limits)[0].seconds == 3.0
        assert only(events, Warn)[0].code == "limit_near"
        assert "3 seconds" in only(events, Failure)[0].detail
        assert (await talk.show()).messages[-1].text == "Well"
        assert ended(await talk.ask("again", YES)) == "done"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"chat_turn_steps": 5}, "5 questions to the model"),
        ({"chat_turn_tokens": 75}, "75 tokens"),
        ({"chat_turn_cost_usd": 75 / 1_000_000}, "US dollars"),
    ],
)
async def test_a_turn_without_end_ends_at_its_limit(sqlite_platform, limit, words):
    price = Price(input=1.0, output=1.0, cached=1.0)
    async with talking(sqlite_platform, lambda _: CHARTS, price=price, **limit) as talk:
        events = await talk.ask("loop")
        assert ended(events) == "limit"
        (failure,) = only(events, Failure)
        assert failure.code == "limit_reached"
        assert words in failure.detail
        assert any(one.code == "limit_near" and words in one.detail for one in only(events, Warn))
        assert len(talk.script.asked) == 5

        talk.script.replies.clear()
        assert ended(await talk.ask("again", YES)) == "done"


async def test_a_long_conversation_is_cut_for_the_model_and_whole_for_its_reader(sqlite_platform):
    async with talking(sqlite_platform) as talk:
        model = talk.turns._services.models.default.model
        model.profile = {"max_input_tokens": 2_000}
        for number in range(6):
            await talk.ask(f"question {number} " + "word " * 300, Reply(texts=[f"answer {number}"]))
        heard = talk.script.asked[-1]
        assert heard[1].text.startswith("question")
        assert 2 <= len(heard) < 8
        assert heard[-1].text.startswith("question 5")
        assert len((await talk.show()).messages) == 12


async def test_many_turns_at_once_each_tell_all_of_their_own(sqlite_platform):
    words = [f"{n} " for n in range(50)]

    def speak(messages):
        name = messages[-1].text
        return Reply(texts=[f"{name}:{word}" for word in words], pace=0.005)

    async with talking(sqlite_platform, speak, chat_turns_at_once=20) as talk:
        threads = [talk.other_thread() for _ in range(20)]
        turns = [await one.start(f"t{n}") for n, one in enumerate(threads)]
        all_events = await asyncio.gather(*(talk.read(one) for one in turns))
        for number, events in enumerate(all_events):
            told = "".join(one.text for one in events if one.type == "token")
            assert told == "".join(f"t{number}:{word}" for word in words)
            assert ended(events) == "done"
    assert not talk.turns._running


async def test_a_message_is_kept_as_it_was_written(sqlite_platform):
    odd = "Größe ☃ \u202eevil\u202c {braces} <b>html</b> " + "x" * 15_000
    async with talking(sqlite_platform) as talk:
        await talk.ask(odd, YES)
        assert (await talk.show()).messages[0].text == odd
        assert isinstance(talk.script.asked[0][-1], HumanMessage)
        await eventually(lambda: not talk.turns._running)
