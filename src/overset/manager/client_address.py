"""Whose address a request comes from: what limits per address count by."""

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from overset.kernel.settings import Settings
from overset.tenancy.hosts import is_trusted

_UNKNOWN = "unknown"
_ONE_SITE = 64  # bits of an IPv6 address that a provider gives to one customer


def find_client_address(request: Request, settings: Settings) -> str:
    """Return the caller's address; of an IPv6 address its network of 64 bits.

    `X-Forwarded-For` is believed only from `settings.trusted_proxies`, and from its end: what is
    left of the first address that is not such a proxy may be made up.
    """
    listed = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    given = [part.strip() for part in listed if part.strip()]
    address = request.client.host if request.client else ""
    while is_trusted(address, settings) and given:
        address = given.pop()
    return _name(address)


def _name(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return _UNKNOWN
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address) >> _ONE_SITE << _ONE_SITE, _ONE_SITE)))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
