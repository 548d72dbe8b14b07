"""OAuth requests as Authlib reads them, from what a web request carried."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request

Parameters = Iterable[tuple[str, str]]
"""Names and values in order, a name perhaps twice."""

_LONGEST = 4096
_SINGLE = frozenset(
    {
        *("client_id", "client_secret", "code", "code_challenge", "code_challenge_method"),
        *("code_verifier", "grant_type", "nonce", "prompt", "redirect_uri", "refresh_token"),
        *("response_mode", "response_type", "scope", "state", "token", "token_type_hint"),
    }
)


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib is untyped
    """The parameters of a request; of one that came twice, `data` has the first value."""

    def __init__(self, parameters: Parameters) -> None:
        self.pairs = list(parameters)
        self._datalist: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in self.pairs:
            self._datalist[name].append(value)
        self._data = {name: values[0] for name, values in self._datalist.items()}

    @property
    def data(self) -> dict[str, str]:
        """The first value of each parameter."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each parameter."""
        return self._datalist


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib is untyped
    """A request to an OAuth endpoint.

    Raises:
        InvalidRequestError: a parameter came twice (RFC 6749 section 3.1), is too long, or holds
            what none may hold.
    """

    def __init__(
        self, method: str, url: str, parameters: Parameters, headers: Mapping[str, str]
    ) -> None:
        super().__init__(method, url, headers=dict(headers))
        self.payload = Payload(parameters)
        self._check()

    @property
    def args(self) -> dict[str, str]:
        """The parameters of a query."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form."""
        return self.payload.data

    def _check(self) -> None:
        for name, values in self.payload.datalist.items():
            if name in _SINGLE and len(values) > 1:
                raise InvalidRequestError(f"Send '{name}' once.")
            if any(len(value) > _LONGEST or not value.isprintable() for value in values):
                raise InvalidRequestError("A parameter is too long, or holds control characters.")
