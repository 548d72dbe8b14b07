"""What people are told when a sign-in at the provider does not work out."""

from overset.kernel.errors import Forbidden, InvalidRequest, NotFound, Unavailable

_RETRY_SECONDS = "10"


def no_provider() -> NotFound:
    """Return the refusal where no provider is set."""
    return NotFound(
        "federation_off", "People sign in with a password here: go back to the sign-in page."
    )


def over() -> InvalidRequest:
    """Return the refusal of an answer that nobody in this browser waits for."""
    return InvalidRequest(
        "federation_over",
        "This sign-in took too long, was used before, or began in another browser. Sign in again.",
    )


def refused(name: str) -> Forbidden:
    """Return the refusal of a person whom the provider did not let in, or who gave up there."""
    return Forbidden(
        "federation_refused", f"{name} did not sign you in. Try again, or ask who runs it why."
    )


def not_proven(name: str) -> Forbidden:
    """Return the refusal of an answer that does not prove who somebody is."""
    return Forbidden(
        "identity_not_proven",
        f"What {name} answered does not prove who you are. Sign in again; if that does not help, "
        "tell an operator of this platform.",
    )


def unavailable(name: str) -> Unavailable:
    """Return the refusal while the provider gives no answer."""
    return Unavailable(
        "identity_provider_unavailable",
        f"{name} does not answer right now. Try again in a few seconds, or sign in with a "
        "password if you have one.",
        headers={"Retry-After": _RETRY_SECONDS},
    )


class ProviderMismatchError(Unavailable):
    """The provider and these settings do not agree; `problem` says what an operator must do."""

    default_code = "identity_provider_misconfigured"

    def __init__(self, name: str, problem: str) -> None:
        self.problem = problem
        super().__init__(
            detail=f"{name} and this platform do not agree on their settings. Tell an operator: "
            "`overset doctor` and the log say what is wrong."
        )


def uninvited(name: str) -> Forbidden:
    """Return the refusal of a person who is known to the provider, but not here."""
    return Forbidden(
        "invitation_needed",
        f"{name} knows you, but you are no user of this platform yet. Ask for an invitation to "
        "the email address that you use there.",
    )


def email_not_verified(name: str) -> Forbidden:
    """Return the refusal of a newcomer whose address the provider has not checked."""
    return Forbidden(
        "email_not_verified",
        f"{name} does not say that your email address is verified. Verify it there, then sign in "
        "again.",
    )


def not_linked(name: str) -> Forbidden:
    """Return the refusal of a newcomer whose address belongs to a user already."""
    return Forbidden(
        "identity_not_linked",
        f"There is a user with your email address who does not sign in as this account of {name}. "
        "Sign in the way you did before, or ask an operator of this platform.",
    )
