"""The assistant in Superset's pages: its element and script, where the member may use it."""

from collections.abc import Callable
from hashlib import sha256

from flask import session, url_for
from flask_babel import get_locale
from markupsafe import Markup

from overset.auth.access import Decision
from overset.flags.gates import Gate
from overset.kernel.errors import Refusal
from overset.kernel.ids import UserId
from overset.tenancy.binding import signed_in
from overset.tenancy.context import get_current
from overset.web.assets import asset_version
from overset.web.inject import Fragment

CHAT_PATH = "/chat"
"""Where the assistant answers, at each workspace's own host."""

_SCRIPT = "assistant.js"
_DIGITS = 16

Decide = Callable[..., Decision]
"""Say whether a person may be here, as `ControlPlane.decide` does; what is known already is."""


def make_assistant(decide: Decide) -> Fragment:
    """Return what puts the assistant into a page whose member may use it, and nothing else."""

    def assistant(nonce: str) -> Markup:
        member = _find_member(decide)
        if member is None:
            return Markup("")
        return Markup(
            '<overset-assistant src="{src}" token-src="{token_src}" member="{member}"'
            ' lang="{lang}"></overset-assistant>\n'
            '<script type="module" nonce="{nonce}" src="{script}"></script>\n'
        ).format(
            src=CHAT_PATH,
            token_src=url_for("overset_assistant.exchange_token"),
            member=_tell_apart(member),
            lang=str(get_locale() or "en").replace("_", "-"),
            nonce=nonce,
            script=url_for("overset.static", version=asset_version(_SCRIPT), name=_SCRIPT),
        )

    return assistant


def _tell_apart(member: UserId) -> str:
    """Return what the browser keeps a member's drafts under: always the same, and no id."""
    return sha256(member.encode()).hexdigest()[:_DIGITS]


def _find_member(decide: Decide) -> UserId | None:
    """Return who is signed in and may use the assistant, or None."""
    somebody = signed_in.read(session)
    if somebody is None or somebody.session_id is None:
        return None  # without a sign-in of a browser there is no token
    try:
        decision = decide(
            subject=somebody.user_id, session_id=somebody.session_id, workspace=get_current()
        )
    except Refusal:
        return None  # the page was made, and stays
    may_ask = decision.allowed and decision.gates.get(Gate.CHATBOT_ENABLED, False)
    return somebody.user_id if may_ask else None
