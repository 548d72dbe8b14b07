"""Row 13: an administrator cannot keep an old role by what he writes into his own metadata."""

import pytest
from sqlalchemy import text

from overset.kernel.ids import UserId
from overset.tenancy.binding.app import enter
from overset.tenancy.member import Member
from support.binding import Bound

EMAIL = "mallory@example.com"


def roles(bound: Bound, role: str) -> list[str]:
    member = Member(UserId("usr_" + "m" * 26), EMAIL, "Mallory", role)
    with enter(bound.a, member=member) as user:
        return [one.name for one in user.roles]


def test_row_13_a_demotion_cannot_be_blocked_by_rows_of_ones_own(bound: Bound) -> None:
    from superset.extensions import db

    assert roles(bound, "Admin") == ["Admin"]
    with enter(bound.a):
        db.session.execute(
            text("UPDATE ab_user SET email = 'elsewhere@x.y' WHERE email = :mail"), {"mail": EMAIL}
        )
        for name, email in (("h", EMAIL), ("squatter", "h@former.invalid")):
            db.session.execute(
                text(
                    "INSERT INTO ab_user (username, first_name, last_name, email, active) "
                    "VALUES (:name, 'x', 'y', :email, 1)"
                ),
                {"name": name, "email": email},
            )
        db.session.commit()

    assert roles(bound, "Gamma") == ["Gamma"]


@pytest.fixture(autouse=True)
def _leave_no_users(bound: Bound):
    yield
    from superset.extensions import db

    with enter(bound.a):
        names = ("h", "squatter", "usr_" + "m" * 26)
        for name in names:
            user_id = "(SELECT id FROM ab_user WHERE username = :name)"
            db.session.execute(
                text(f"DELETE FROM ab_user_role WHERE user_id IN {user_id}"), {"name": name}
            )
            db.session.execute(text("DELETE FROM ab_user WHERE username = :name"), {"name": name})
        db.session.commit()
