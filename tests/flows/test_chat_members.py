"""Finding somebody to share a conversation with."""

from support.chatting import talker
from support.deployment import Platform


def test_a_conversation_is_shared_with_a_member_who_was_found_by_name(sqlite_platform: Platform):
    grace_id = sqlite_platform.new_member()
    sqlite_platform.manager.users.update(grace_id, name="Grace Brewster Hopper")
    ada, grace = talker(sqlite_platform), talker(sqlite_platform, user_id=grace_id)
    thread_id = ada.begin()

    [found] = ada.send("GET", "/members?search=hopper grace").json()["items"]
    shared = ada.send("PUT", f"/threads/{thread_id}/readers/{found['id']}")

    assert (found, shared.status_code) == ({"id": grace_id, "name": "Grace Brewster Hopper"}, 204)
    assert grace.show(thread_id)["mine"] is False
    assert ada.show(thread_id)["shared_with"] == [found]


def test_who_asks_is_not_among_those_found(sqlite_platform: Platform):
    ada_id = sqlite_platform.new_member()
    sqlite_platform.manager.users.update(ada_id, name="Unmistakable Name")

    found = talker(sqlite_platform, user_id=ada_id).send("GET", "/members?search=unmistakable")

    assert found.json() == {"items": []}


def test_members_of_other_workspaces_are_not_found(sqlite_platform: Platform):
    eve_id = sqlite_platform.new_member("globex")
    sqlite_platform.manager.users.update(eve_id, name="Eavesdropper")
    ada, eve = talker(sqlite_platform), talker(sqlite_platform, "globex", user_id=eve_id)

    assert ada.send("GET", "/members?search=eavesdropper").json() == {"items": []}
    theirs = eve.send("GET", "/members?limit=20").json()["items"]
    assert not [one for one in theirs if one["name"] == "Eavesdropper"]


def test_a_search_that_cannot_be_one_is_refused_and_so_is_nobody(sqlite_platform: Platform):
    ada = talker(sqlite_platform)

    for asked in ("search=%00", "limit=0", "limit=21", f"search={'x' * 201}"):
        assert ada.send("GET", f"/members?{asked}").status_code == 422, asked
    nobody = talker(sqlite_platform, token="no.such.token")
    assert nobody.send("GET", "/members").status_code == 401
