"""Threads: owned by one member in one workspace, and not there for anybody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from overset.chat.threads.model import Reader, Thread, Who
from overset.chat.threads.service import ThreadService
from overset.chat.threads.tables import metadata
from overset.kernel.database import Database
from overset.kernel.errors import Forbidden, InvalidRequest, NotFound, Refusal
from overset.kernel.ids import UserId
from support.chat import ADA, ADA_ELSEWHERE, BOB, EVE
from support.manager import Clock

Act = Callable[[ThreadService, Who, str], object]

READS: dict[str, Act] = {"get": lambda threads, who, one: threads.get(who, one)}
WRITES: dict[str, Act] = {
    "get_own": lambda threads, who, one: threads.get_own(who, one),
    "rename": lambda threads, who, one: threads.rename(who, one, title="Mine now"),
    "note_message": lambda threads, who, one: threads.note_message(who, one, text="hello"),
    "allow_tools": lambda threads, who, one: threads.allow_tools(who, one, names=["execute_sql"]),
    "forbid_tool": lambda threads, who, one: threads.forbid_tool(who, one, name="execute_sql"),
    "delete": lambda threads, who, one: threads.delete(who, one),
    "list_readers": lambda threads, who, one: threads.list_readers(who, one),
    "share": lambda threads, who, one: threads.share(who, one, Reader(who.user_id, who.name)),
    "unshare": lambda threads, who, one: threads.unshare(who, one, user_id=who.user_id),
}
EVERY = {**READS, **WRITES}


def code_of(act: Act, threads: ThreadService, who: Who, thread_id: str) -> tuple[type, str, str]:
    with pytest.raises(Refusal) as refused:
        act(threads, who, thread_id)
    return type(refused.value), refused.value.code, refused.value.detail


def test_the_migrations_make_what_the_tables_say(chat_database: Database):
    with chat_database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("who", [BOB, ADA_ELSEWHERE, EVE], ids=["member", "elsewhere", "stranger"])
@pytest.mark.parametrize("act", EVERY)
def test_a_foreign_thread_is_like_none(threads: ThreadService, act: str, who: Who):
    theirs = threads.note_message(ADA, threads.create(ADA).id, text="secret plans")

    refused = code_of(EVERY[act], threads, who, theirs.id)

    assert refused == code_of(EVERY[act], threads, who, "thr_" + "a" * 26)
    assert refused[:2] == (NotFound, "thread_unknown")
    assert threads.get(ADA, theirs.id) == theirs


@pytest.mark.parametrize("who", [BOB, ADA_ELSEWHERE, EVE], ids=["member", "elsewhere", "stranger"])
def test_nothing_foreign_is_listed_or_found(threads: ThreadService, who: Who):
    thread = threads.note_message(ADA, threads.create(ADA).id, text="secret plans")
    threads.rename(ADA, thread.id, title="Secret")

    assert threads.page(who).items == []
    assert threads.page(who, search="secret").items == []
    assert threads.page(who, search="%").items == []


@pytest.mark.parametrize("act", WRITES)
def test_a_reader_reads_and_changes_nothing(threads: ThreadService, act: str):
    thread = threads.note_message(ADA, threads.create(ADA).id, text="Sales")
    threads.share(ADA, thread.id, Reader(BOB.user_id, BOB.name))

    refused = code_of(WRITES[act], threads, BOB, thread.id)

    assert refused[:2] == (Forbidden, "thread_read_only")
    assert threads.get(BOB, thread.id) == threads.get(ADA, thread.id) == thread
    assert threads.page(BOB, search="sales").items == [thread]


def test_a_reader_of_another_workspace_reads_nothing(threads: ThreadService):
    thread = threads.create(ADA)
    threads.share(ADA, thread.id, Reader(EVE.user_id, EVE.name))

    assert code_of(READS["get"], threads, EVE, thread.id)[1] == "thread_unknown"
    assert threads.page(EVE).items == []


def test_who_is_no_reader_any_more_reads_nothing(threads: ThreadService):
    thread = threads.create(ADA)
    threads.share(ADA, thread.id, Reader(BOB.user_id, "Bob"))
    threads.share(ADA, thread.id, Reader(BOB.user_id, "Robert"))
    readers = threads.list_readers(ADA, thread.id)
    threads.unshare(ADA, thread.id, user_id=BOB.user_id)

    assert readers == [Reader(BOB.user_id, "Robert")]
    assert threads.list_readers(ADA, thread.id) == []
    assert code_of(READS["get"], threads, BOB, thread.id)[1] == "thread_unknown"
    with pytest.raises(NotFound) as refused:
        threads.unshare(ADA, thread.id, user_id=BOB.user_id)
    assert refused.value.code == "reader_unknown"


def test_an_owner_is_no_reader_of_their_own(threads: ThreadService):
    thread = threads.create(ADA)

    with pytest.raises(InvalidRequest) as refused:
        threads.share(ADA, thread.id, Reader(ADA.user_id, ADA.name))

    assert refused.value.code == "reader_is_owner"


def test_a_deleted_thread_is_gone_for_its_readers_too(threads: ThreadService):
    thread = threads.note_message(ADA, threads.create(ADA).id, text="Sales")
    threads.share(ADA, thread.id, Reader(BOB.user_id, BOB.name))

    assert threads.delete(ADA, thread.id) == thread

    for who in (ADA, BOB):
        assert code_of(READS["get"], threads, who, thread.id)[1] == "thread_unknown"
        assert threads.page(who, search="sales").items == []


def test_the_first_message_makes_the_title_and_a_given_one_stays(threads: ThreadService):
    thread = threads.create(ADA)
    said = threads.note_message(ADA, thread.id, text="Show sales\nby region")
    again = threads.note_message(ADA, thread.id, text="And by year")
    renamed = threads.rename(ADA, thread.id, title="Q3")
    after = threads.note_message(ADA, thread.id, text="And by month")

    titles = [one.title for one in (thread, said, again, renamed, after)]
    assert titles == ["", "Show sales", "Show sales", "Q3", "Q3"]


def test_what_was_written_last_comes_first_page_by_page(threads: ThreadService, clock: Clock):
    made: list[Thread] = []
    for number in range(7):
        clock.advance(timedelta(seconds=1))
        made.append(threads.note_message(ADA, threads.create(ADA).id, text=f"no. {number}"))
    clock.advance(timedelta(seconds=1))
    made.append(threads.note_message(ADA, made.pop(2).id, text="once more"))

    found: list[Thread] = []
    cursor = None
    while True:
        page = threads.page(ADA, limit=3, cursor=cursor)
        assert len(page.items) <= 3
        found += page.items
        if (cursor := page.next) is None:
            break

    assert found == made[::-1]


@pytest.mark.parametrize(
    ("search", "matches"),
    [
        ("", True),
        ("   ", True),
        ("revenue", True),
        ("REVENUE märz", True),
        ("märz  drop", True),
        ("ＭÄＲＺ", True),
        ("strasse", True),
        ("100%", True),
        ("q3", True),
        ("revenue nothing", False),
        ("_", False),
        ("%drop%", False),
        ("' OR 1=1 --", False),
        ("/", False),
        ("\\", False),
    ],
)
def test_the_search_finds_words_in_titles_and_messages(
    threads: ThreadService, search: str, matches: bool
):
    thread = threads.create(ADA)
    threads.note_message(ADA, thread.id, text="Why did REVENUE drop by 100% in März?")
    threads.note_message(ADA, thread.id, text="In der Hauptstraße, I mean 😀")
    threads.rename(ADA, thread.id, title="Q3 review")

    assert [one.id for one in threads.page(ADA, search=search).items] == [thread.id] * matches


def test_tools_are_allowed_in_one_conversation_alone(threads: ThreadService):
    one, other = threads.create(ADA), threads.create(ADA)

    threads.allow_tools(ADA, one.id, names=["generate_chart", "execute_sql"])
    allowed = threads.allow_tools(ADA, one.id, names=["execute_sql"]).allowed_tools

    assert allowed == {"generate_chart", "execute_sql"}
    assert threads.get(ADA, other.id).allowed_tools == frozenset()


def test_a_tool_that_was_allowed_is_allowed_no_longer_once_it_is_withdrawn(threads: ThreadService):
    one = threads.create(ADA)
    threads.allow_tools(ADA, one.id, names=["generate_chart", "execute_sql"])

    threads.forbid_tool(ADA, one.id, name="execute_sql")

    assert threads.get(ADA, one.id).allowed_tools == {"generate_chart"}
    with pytest.raises(NotFound, match="allowed_tool_unknown"):
        threads.forbid_tool(ADA, one.id, name="execute_sql")


def test_texts_of_every_script_are_kept(threads: ThreadService):
    text = "مرحبا 你好 नमस्ते 🧑‍🚀\u202e\ufeff" + "x" * 20_000

    thread = threads.note_message(ADA, threads.create(ADA).id, text=text)

    assert thread.title.startswith("مرحبا 你好 नमस्ते 🧑")
    assert threads.page(ADA, search="你好").items == [thread]


def test_a_member_s_name_is_the_one_they_had_last(threads: ThreadService):
    thread = threads.create(ADA)
    renamed = Who(ADA.workspace_id, ADA.user_id, "Ada Lovelace")

    assert threads.note_message(renamed, thread.id, text="hello").owner_name == "Ada Lovelace"


def test_a_user_s_threads_in_two_workspaces_never_meet(threads: ThreadService):
    here, there = threads.create(ADA), threads.create(ADA_ELSEWHERE)

    assert [one.id for one in threads.page(ADA).items] == [here.id]
    assert [one.id for one in threads.page(ADA_ELSEWHERE).items] == [there.id]
    assert here.owner == there.owner == UserId("usr_ada")
