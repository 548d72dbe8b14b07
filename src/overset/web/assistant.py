"""The assistant in Superset's pages: its element and script, where the member may use it."""

from collections.abc import Callable

from flask import session, url_for
from flask_babel import get_locale
from markupsafe import Markup

from overset.auth.access import Decision
from overset.flags.gates import Gate
from overset.kernel.errors import Refusal
from overset.tenancy.binding import signed_in
from overset.tenancy.context import get_current
from overset.web.assets import asset_version
from overset.web.inject import Fragment

CHAT_PATH = "/chat"
"""Where the assistant answers, at each workspace's own host."""

_SCRIPT = "assistant.js"

Decide = Callable[..., Decision]
"""Say whether a person may be here, as `ControlPlane.decide` does; what is known already is."""


def make_assistant(decide: Decide) -> Fragment:
    """Return what puts the assistant into a page whose member may use it, and nothing else."""

    def assistant(nonce: str) -> Markup:
        if not _is_open(decide):
            return Markup("")
        return Markup(
            '<overset-assistant src="{src}" token-src="{token_src}" lang="{lang}">'
            "</overset-assistant>\n"
            '<script type="module" nonce="{nonce}" src="{script}"></script>\n'
        ).format(
            src=CHAT_PATH,
            token_src=url_for("overset_assistant.exchange_token"),
            lang=str(get_locale() or "en").replace("_", "-"),
            nonce=nonce,
            script=url_for("overset.static", version=asset_version(_SCRIPT), name=_SCRIPT),
        )

    return assistant


def _is_open(decide: Decide) -> bool:
    somebody = signed_in.read(session)
    if somebody is None or somebody.session_id is None:
        return False  # without a sign-in of a browser there is no token
    try:
        decision = decide(
            subject=somebody.user_id, session_id=somebody.session_id, workspace=get_current()
        )
    except Refusal:
        return False  # the page was made, and stays
    return decision.allowed and decision.gates.get(Gate.CHATBOT_ENABLED, False)
