"""The throttle: how often the client of the current request may ask for captchas, or try to pass them.

An address is charged before anything else is looked at, an identity as soon as it is known.
"""

import ipaddress
import logging
from collections.abc import Collection
from typing import Any

from flask import request

from ..challenges.sources import Source
from ..exceptions import TooManyRequests
from ..http.jwt import Caller, caller_of_request, identity_of_request
from ..state import current_state, is_one_of_several_processes
from ..storage.digests import pseudonym_of

_PRIVATE_COUNTERS = (
    "CAPTCHA_RATE_LIMIT_STORAGE is 'memory://' and this server runs several processes, each of which counts for "
    "itself: set it to a storage that they share, such as 'redis://127.0.0.1:6379/1'"
)
_NO_ADDRESS = (
    "the server does not say where requests come from, so addresses cannot be limited: behind a proxy or on a Unix "
    "socket, wrap the app in werkzeug.middleware.proxy_fix.ProxyFix"
)

_logger = logging.getLogger("flask_captcha_api")


class Allowance:
    """What the client of the current request may do only so often.

    :param purpose: ``issue`` or ``verify``.
    :param rates: each with the name of its count; allowances with the same name share it. None may be exceeded; a
        request that exceeds one is counted in none. Empty: as often as it likes.
    """

    def __init__(self, purpose: str, rates: Collection[tuple[str, str]]) -> None:
        self._purpose = purpose
        self._rates = rates

    def charge_address(self, cost: int = 1) -> None:
        """Count the request for its address.

        :raises TooManyRequests: that is more than it may.
        """
        if not self._rates:
            return
        address = address_of_request()
        if address is not None:
            self._charge("address", address, cost)
        elif current_state().is_news(_NO_ADDRESS):
            _logger.warning(_NO_ADDRESS)

    def charge_identity(self, identity: Any, cost: int = 1) -> None:
        """Count the request for its identity; None, which is nobody's, is not counted.

        :raises TooManyRequests: that is more than it may.
        """
        if self._rates and identity is not None:
            self._charge("identity", identity, cost)

    def _charge(self, kind: str, person: Any, cost: int) -> None:
        state = current_state()
        warn_of_private_counters()
        pseudonym = pseudonym_of(state.keys[0], person)
        rates = [(rate, (self._purpose, count, kind, pseudonym)) for rate, count in self._rates]
        seconds = state.counters.get().seconds_to_wait_for_all(rates, cost=cost)
        if seconds:
            raise TooManyRequests(seconds)


def allowance_to_issue(source: Source) -> Allowance:
    """Return how often a client may ask for captchas of a source.

    All sources without a rate of their own share the app's: where any name is a source, a client could else have a
    fresh count under every name.
    """
    of_app = current_state().config.defaults.rate_limit
    return Allowance("issue", _counted(source.name, source.settings.rate_limit, of_app))


def allowance_to_verify(*accepted: Source) -> Allowance:
    """Return how often a client may try to pass captchas: the rates of all sources whose captchas are accepted.

    :param accepted: none: any source's captchas are, and the app's rate counts as well.
    """
    config = current_state().config
    of_app = config.defaults.verify_rate_limit
    settings = {source.name: source.settings for source in accepted} or {"*": config.defaults, **(config.sources or {})}
    # A dict keeps the order and drops what is counted twice.
    rates = {pair: None for name, its in settings.items() for pair in _counted(name, its.verify_rate_limit, of_app)}
    return Allowance("verify", tuple(rates))


def caller_within(allowance: Allowance, policy: str, *, cost: int = 1) -> Caller | None:
    """Return whose request this is, as :func:`~flask_captcha_api.http.jwt.caller_of_request` does, and count it.

    :raises TooManyRequests: the address, or the identity, has used up its allowance.
    :raises Unauthorized: the address was counted all the same.
    """
    allowance.charge_address(cost)
    caller = caller_of_request(policy)
    if caller:
        allowance.charge_identity(caller.identity, cost)
    return caller


def identity_within(allowance: Allowance) -> Any:
    """Return the identity that a guarded request proves, None where it proves none, and count it.

    :raises TooManyRequests: the address, or the identity, has used up its allowance.
    :raises Unauthorized: the token is not valid; the address was counted all the same.
    """
    allowance.charge_address()
    identity = identity_of_request()
    allowance.charge_identity(identity)
    return identity


def _counted(source_name: str, rate: str | None, of_app: str | None) -> tuple[tuple[str, str], ...]:
    """Return a source's rate with the name of its count; nothing where it has none."""
    return () if rate is None else ((rate, "*" if rate == of_app else source_name),)


def address_of_request() -> str | None:
    """Return what stands for the client's address: an IPv6 address for its /64, which is what one household has.

    :returns: None where the server does not say.
    """
    text = request.remote_addr
    if not text:
        return None
    address = _address_in(text)
    if address is None:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed, 64), strict=False))


def _address_in(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, or one with its port: some proxies write that, and every connection has another port.

    :returns: None where there is no address in it.
    """
    for written in (text, text.rpartition(":")[0]):
        try:
            return ipaddress.ip_address(written.removeprefix("[").removesuffix("]"))
        except ValueError:
            continue
    return None


def warn_of_private_counters() -> None:
    """Log once that limits do not hold where each process counts for itself."""
    state = current_state()
    if (
        is_one_of_several_processes()
        and state.counters.get().are_private_to_process
        and state.is_news(_PRIVATE_COUNTERS)
    ):
        _logger.warning(_PRIVATE_COUNTERS)
