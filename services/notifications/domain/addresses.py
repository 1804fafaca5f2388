"""Which addresses a webhook may go to; asked when an endpoint is written and again before every attempt.

A URL is taken only in one narrow spelling, so that no two parsers can read different hosts from it.
Networks refused: the IANA special-purpose address registries, IPv4 and IPv6.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from shared.problems import FieldError, Problem

MAX_URL_LENGTH = 2000
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: a numeric one would make the host an IPv4 address to some parsers.
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")
_HTTPS_PORT = "443"
_MAX_HOST_LENGTH = 253
_MAX_PORT = 65535

_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Outside 2000::/3 nothing is taken: loopback, mapped and translated IPv4, private, link-local, multicast.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


class AddressRefused(Problem):
    """A webhook may not go to this URL, or its name resolves to an address outside the public internet."""

    title, status, slug = "This address cannot receive webhooks", 422, "address-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, errors=(FieldError("/url", reason),))


def check_url(url: str, *, approved: Collection[str], allow_loopback: bool) -> None:
    """Raise AddressRefused unless a webhook may go to `url`.

    `approved` holds the agency's domains; each covers itself and its subdomains.
    """
    match = _URL.fullmatch(_lower_origin(url)) if len(url) <= MAX_URL_LENGTH else None
    if match is None or int(match["port"] or 0) > _MAX_PORT:
        raise AddressRefused("Give a plain https URL: no user name, fragment, spaces or unusual characters.")
    host = match["host"]
    if allow_loopback and host in LOOPBACK_HOSTS:
        return
    if match["scheme"] != "https":
        raise AddressRefused("Use https.")
    if match["port"] not in (None, _HTTPS_PORT):
        raise AddressRefused("Use port 443.")
    if not is_domain_name(host):
        raise AddressRefused("Use a domain name; an IP address is not accepted in any spelling.")
    if not any(host == domain or host.endswith(f".{domain}") for domain in approved):
        raise AddressRefused("Use a domain approved for your agency, or ask the hub to approve this one.")


def check_address(address: str, *, host: str, allow_loopback: bool) -> None:
    """Raise AddressRefused unless `host` may be reached at `address`, as its resolver gave it."""
    try:
        ip = ip_address(address)
    except ValueError:
        raise AddressRefused("The domain resolves to something that is no IP address.") from None
    if allow_loopback and host in LOOPBACK_HOSTS:
        if not ip.is_loopback:
            raise AddressRefused("A loopback name has to resolve to this machine.")
    elif not is_global_unicast(ip):
        raise AddressRefused("The domain resolves to an address that is not on the public internet.")


def is_global_unicast(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in network for network in _REFUSED_V4)
    return ip.is_global and ip in _GLOBAL_V6 and not any(ip in network for network in _REFUSED_V6)


def is_domain_name(text: str) -> bool:
    return len(text) <= _MAX_HOST_LENGTH and _NAME.fullmatch(text) is not None


def _lower_origin(url: str) -> str:
    return _ORIGIN.sub(lambda origin: origin[0].lower(), url, count=1)
