"""Which clients share a rate limit by their address."""

import ipaddress


def counted_address(remote_address: str | None) -> str | None:
    """Return what a client's address is counted as: an IPv6 address as its /64, which one household has.

    :param remote_address: as WSGI's ``REMOTE_ADDR``. A port, which some proxies add, is left out: every connection has
        another one.
    :returns: None if the server does not say where the request comes from.
    """
    if not remote_address:
        return None
    address = _parsed(remote_address)
    if address is None:
        return remote_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed, 64), strict=False))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    for candidate in (text, text.rpartition(":")[0]):
        try:
            return ipaddress.ip_address(candidate.removeprefix("[").removesuffix("]"))
        except ValueError:
            continue
    return None
