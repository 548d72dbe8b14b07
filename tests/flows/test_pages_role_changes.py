"""A role that changes while a page's own requests run at once: each is answered, with one role."""

from concurrent.futures import ThreadPoolExecutor

from support.deployment import Platform
from support.processes import wait_until
from support.visitors import Visitor, arrive

AT_ONCE = 8
SECONDS = 2


def ask_roles(visitor: Visitor) -> tuple[int, list[str]]:
    answer = visitor.ask("GET", "acme", "/api/v1/me/roles/")
    if answer.status_code != 200:
        return answer.status_code, [answer.text]
    return 200, [*answer.json()["result"]["roles"]]


def test_all_requests_of_a_page_are_answered_while_the_role_changes(platform: Platform) -> None:
    ada = arrive(platform, "acme", role="Admin")
    ada.sign_in("acme")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for role in ("Gamma", "Alpha", "Gamma", "Admin"):
            platform.manager.members.put("acme", ada.user_id, role=role)

            def all_have(role: str = role) -> bool:
                answers = [*pool.map(lambda _: ask_roles(ada), range(AT_ONCE))]
                assert {status for status, _ in answers} == {200}, answers
                return all(roles == [role] for _, roles in answers)

            wait_until(all_have, timeout=SECONDS)
