"""The Superset user of a member: made on first use, kept in step with the membership.

Users are named by the member's stable id. A changed email keeps the user; an email that now is
somebody else's inherits nothing.
"""

import secrets
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from superset.extensions import db
from superset.mcp_service.auth import load_user_with_relationships
from werkzeug.security import generate_password_hash

from overset.kernel.errors import Forbidden
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.known import KNOWN
from overset.tenancy.member import Member

_NAME_LENGTH = 64


def load_user(member: Member) -> Any:
    """Return the member's Superset user in the bound workspace, in step with the membership.

    Raises:
        Forbidden: the workspace has no role of the membership's name.
    """
    workspace_id = get_bound().id
    kept = KNOWN.recall(workspace_id, ("user", member.user_id), lambda: _find_copy(member.user_id))
    if kept is not None and _is_in_step(kept, member):
        # Found dead here, a database shuts its workspace; in the tool it would be one more error.
        db.session.connection()
        return db.session.merge(kept, load=False)
    KNOWN.forget(workspace_id)
    user = load_user_with_relationships(username=member.user_id)
    if user is not None and _is_in_step(user, member):
        return user
    role = db.session.scalars(select(Role).where(Role.name == member.role)).first()
    if role is None:
        raise Forbidden(
            "role_unknown",
            f"The workspace has no role {member.role!r}: ask its administrator to change yours.",
        )
    _write(user, member, role)
    return load_user_with_relationships(username=member.user_id)


def _find_copy(username: str) -> Any:
    """Return a user as the database has it, roles and groups too, that belongs to no session.

    It is for everybody's later calls: nobody may have it but to merge it into a session of theirs.
    """
    user = load_user_with_relationships(username=username)
    if user is None:
        return None
    with Session() as nowhere:
        return nowhere.merge(user, load=False)


def _is_in_step(user: Any, member: Member) -> bool:
    return bool(
        user.active
        and [role.name for role in user.roles] == [member.role]
        and not user.groups
        and user.email == member.email
        and (user.first_name, user.last_name) == _split_name(member.name)
    )


def _split_name(name: str) -> tuple[str, str]:
    """Return the first and last name that Superset shows, no longer than its columns are."""
    first, _, last = name.partition(" ")
    return first[:_NAME_LENGTH], last[:_NAME_LENGTH]


def _write(user: Any, member: Member, role: Any) -> None:
    try:
        _release_email(member)
        db.session.add(_shape(user or _make_user(member), member, role))
        db.session.commit()
    except (IntegrityError, StaleDataError):
        # Another call of the same member made or changed the user a moment ago: that will do, if it
        # is in step. Anything else would let an old role stay.
        db.session.rollback()
        made = load_user_with_relationships(username=member.user_id)
        if made is None or not _is_in_step(made, member):
            raise


def _release_email(member: Member) -> None:
    """Take the email from a user who had it before: the manager says whose it is now."""
    holder = db.session.scalars(
        select(User).where(User.email == member.email, User.username != member.user_id)
    ).first()
    if holder is not None:
        holder.email = f"{secrets.token_hex(16)}@former.invalid"
        db.session.flush()


def _make_user(member: Member) -> Any:
    user = User()
    user.username = member.user_id
    # Nobody signs in to a workspace with a password; no one knows this one.
    user.password = generate_password_hash(secrets.token_urlsafe(32))
    return user


def _shape(user: Any, member: Member, role: Any) -> Any:
    user.first_name, user.last_name = _split_name(member.name)
    user.email = member.email
    user.active = True
    user.roles = [role]
    user.groups = []
    return user
