"""A sign-in at the provider: a person departs with a state of their own, and comes back once."""

import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from overset.manager.federation.claims import read_person
from overset.manager.federation.client import ProviderClient
from overset.manager.federation.group_roles import GroupRoleService
from overset.manager.federation.identities import IdentityService
from overset.manager.federation.model import Departure
from overset.manager.federation.refusals import no_provider, over, refused
from overset.manager.people.destinations import Destination
from overset.manager.state.shelf import Shelf
from overset.manager.users.model import User

WAIT = timedelta(minutes=10)
"""How long a person may stay at the provider."""

_BYTES = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FederationService:
    """Sign-in at the provider; `client` is None where none is set."""

    client: ProviderClient | None
    identities: IdentityService
    group_roles: GroupRoleService
    departures: Shelf[Departure]

    def depart(self, *, browser: str, destination: Destination, after: int | None = None) -> str:
        """Return the provider's URL to send a person to.

        Args:
            browser: the secret of the browser's form cookie.
            destination: where of ours to go afterwards.
            after: when the person must have signed in there, if an old sign-in is not enough.

        Raises:
            NotFound: `federation_off`.
            Unavailable: the provider or the short-lived state cannot be had.
        """
        client = self._get_client()
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        departure = Departure(
            browser=_digest(browser),
            nonce=nonce,
            verifier=verifier,
            next=destination.next,
            authorization=destination.authorization,
            after=after,
        )
        url = client.make_url(departure, state=state)
        self.departures.put(state, departure)
        return url

    def take_back(self, answer: Mapping[str, str], *, browser: str | None) -> Departure:
        """Return what the browser left with, which counts once (RFC 6749 section 10.12).

        Args:
            answer: the parameters that the provider sent the browser back with.
            browser: the secret of the browser's form cookie, if it has one.

        Raises:
            NotFound: `federation_off`.
            InvalidRequest: `federation_over`, no sign-in of this browser waits for this answer.
            Unavailable: the short-lived state cannot be had.
        """
        self._get_client()
        state = answer.get("state")
        departure = self.departures.take(state) if state else None
        if departure is None or browser is None:
            raise over()
        # A state of somebody else's sign-in would sign this browser in as somebody else.
        if not hmac.compare_digest(departure.browser, _digest(browser)):
            raise over()
        return departure

    def recognise(self, answer: Mapping[str, str], departure: Departure) -> User:
        """Return who came back (OpenID Connect Core section 3.1.2.5).

        Raises:
            InvalidRequest: `federation_over`, the provider knows no such code.
            Forbidden: `federation_refused`, `identity_not_proven`, `invitation_needed`,
                `email_not_verified`, `identity_not_linked`, `user_disabled`.
            Unavailable: the provider cannot be had.
        """
        client = self._get_client()
        client.check_issuer(answer.get("iss"))
        code = answer.get("code")
        if "error" in answer or not code:
            _log.info("the identity provider let nobody in: %.100s", answer.get("error"))
            raise refused(client.upstream.name)
        person = read_person(client.redeem(code, departure), client.settings)
        user = self.identities.sign_in(person)
        self.group_roles.apply(user.id, groups=person.groups)
        return user

    def close(self) -> None:
        """Close the connections to the provider."""
        if self.client is not None:
            self.client.close()

    def _get_client(self) -> ProviderClient:
        if self.client is None:
            raise no_provider()
        return self.client


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
