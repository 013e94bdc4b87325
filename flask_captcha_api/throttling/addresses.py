"""Maps a client's address to the one that rate limits count."""

import ipaddress

#: The prefix under which NAT64 shows IPv4 clients to an IPv6-only host (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def counted_address(remote_address: str | None) -> str | None:
    """Return the address under which a client is counted: an IPv6 address as its /64, the size of one household.

    :param remote_address: WSGI's ``REMOTE_ADDR``. A port, which some proxies add, is dropped, as it differs for each
        connection.
    :returns: None if the server gives no address.
    """
    if not remote_address:
        return None
    if ":" not in remote_address:  # an IPv4 address, or whatever the server gives instead: counted as it is
        return remote_address
    address = _parse(remote_address)
    if address is None:
        return remote_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped or address in _TRANSLATED:
        return str(ipaddress.IPv4Address(address.packed[-4:]))
    return str(ipaddress.IPv6Network((address.packed, 64), strict=False))


def reported_address(text: str) -> str | None:
    """Return the address of a visitor that a site's server reports.

    Some servers pass on the whole of X-Forwarded-For, whose beginning a visitor can forge: of a list only the last
    address counts, which the nearest proxy has added. Everything that is not an address shares one count.

    :returns: None if it is empty.
    """
    last = text.rpartition(",")[2].strip()
    return (last if _parse(last) else "not an address") if text.strip() else None


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    for candidate in (text, text.rpartition(":")[0]):
        try:
            return ipaddress.ip_address(candidate.removeprefix("[").removesuffix("]"))
        except ValueError:
            continue
    return None
