"""Which addresses the server opens for a workspace: not the platform's own, not this machine.

One rule for data sources and for whatever else is fetched. It looks at the addresses that a name
has, however they are spelled, and returns them: who connects takes one of them and asks no name
server again, which might answer differently.
"""

import socket
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from overset.kernel.settings import Settings

Address = IPv4Address | IPv6Address

_INSIDE = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "100.100.100.200/32",  # where clouds give a machine its own credentials,
        "168.63.129.16/32",  # besides the link-local 169.254.169.254
        "192.0.0.0/24",  # protocol assignments, and one more of those
        "192.88.99.0/24",  # the way into 6to4
        "2001::/32",  # Teredo: the IPv4 addresses in it may be any
        "64:ff9b:1::/48",  # NAT64 of the own network: the same
        "fd00:ec2::/64",  # of a cloud's, for machines
        "fec0::/10",  # site-local, as it once was
    )
]
_NAT64 = ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "redis": 6379, "http": 80, "https": 443}


class AddressRefusedError(ValueError):
    """An address that the server does not open for a workspace."""


class AddressRule:
    """Says which servers may be opened for a workspace, by where they really are."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = frozenset(settings.data_source_allow)
        secrets = (
            settings.metadata_url,
            settings.metadata_admin_url,
            settings.redis_url,
            settings.manager_database_url,
            settings.chat_database_url,
        )
        urls = [secret.get_secret_value() for secret in secrets if secret]
        self._platform = [*urls, *([settings.manager_url] if settings.manager_url else [])]

    def check(self, host: str, *, ports: frozenset[int], public: bool = False) -> list[Address]:
        """Return the addresses of a host that may be opened, the best first.

        Args:
            host: a name or an address, as whoever connects would take it.
            ports: those that may be meant; none if that is not known.
            public: whether private networks are refused too.

        Raises:
            AddressRefusedError: with a sentence for the person who tried.
        """
        if host.startswith(("/", "@", "\x00")):
            raise AddressRefusedError("local sockets are not available")
        addresses = resolve(host)
        if self._is_platform(addresses, ports):
            raise AddressRefusedError(f"the server {host!r} is not available")
        if host in self._allowed or (ports and {f"{host}:{p}" for p in ports} <= self._allowed):
            return addresses
        if any(is_inside(one) or (public and not one.is_global) for one in addresses):
            raise AddressRefusedError(
                f"the server {host!r} is inside the platform; an operator can allow it with "
                "OVERSET_DATA_SOURCE_ALLOW"
            )
        return addresses

    def _is_platform(self, addresses: list[Address], ports: frozenset[int]) -> bool:
        for url in self._platform:
            own = urlsplit(url)
            if not own.hostname or not _find_addresses(own.hostname) & set(addresses):
                continue
            own_port = own.port or _DEFAULT_PORTS.get(own.scheme.partition("+")[0])
            # Where a port is not told, the address alone decides.
            if not ports or own_port is None or own_port in ports:
                return True
        return False


def resolve(host: str) -> list[Address]:
    """Return the addresses that a host has, in the order in which to try them.

    Raises:
        AddressRefusedError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        raise AddressRefusedError(f"the server {host!r} cannot be found") from error
    return list(dict.fromkeys(_plain(str(entry[4][0])) for entry in found))


def is_inside(address: Address) -> bool:
    """Say whether an address is this machine, its link, its cloud, or nobody's."""
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or any(address in network for network in _INSIDE)
        or _is_of_this_machine(address)
    )


def _is_of_this_machine(address: Address) -> bool:
    """Say whether an interface of this machine has it: only then can a socket be bound to it."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with suppress(OSError), closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        probe.bind((str(address), 0))
        return True
    return False


def _find_addresses(own_host: str) -> set[Address]:
    with suppress(AddressRefusedError):
        return set(resolve(own_host))
    return set()  # nobody reaches it by a name that means nothing; its name is nobody's business


def _plain(text: str) -> Address:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        # `::ffff:127.0.0.1`, 6to4 and NAT64 spellings of an IPv4 address are that address.
        return address.ipv4_mapped or address.sixtofour or _from_nat64(address) or address
    return address


def _from_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
