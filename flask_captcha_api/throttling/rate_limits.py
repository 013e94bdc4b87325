"""Rate limits: how often an address, and an identity, may ask for captchas or try to pass them.

Addresses and identities are given; nobody is authenticated here.
"""

import logging
from collections.abc import Collection
from typing import Any

from ..challenges.sources import Source
from ..exceptions import TooManyRequests
from ..state import current_state, is_one_of_several_processes
from ..storage.digests import pseudonym_of
from .addresses import counted_address

_PRIVATE_COUNTERS = (
    "CAPTCHA_RATE_LIMIT_STORAGE is 'memory://' and this server runs several processes, each of which counts for "
    "itself: set it to a storage that they share, such as 'redis://127.0.0.1:6379/1'"
)
_NO_ADDRESS = (
    "the server does not say where requests come from, so addresses cannot be limited: behind a proxy or on a Unix "
    "socket, wrap the app in werkzeug.middleware.proxy_fix.ProxyFix"
)

_logger = logging.getLogger("flask_captcha_api")


class RateLimit:
    """The rates that hold for one request.

    :param purpose: ``issue`` or ``verify``.
    :param rates: each with the name of its count; limits with the same name share it. None may be exceeded, and a
        request that exceeds one is counted in none. Empty: unlimited.
    """

    def __init__(self, purpose: str, rates: Collection[tuple[str, str]]) -> None:
        self._purpose = purpose
        self._rates = rates

    def count_address(self, remote_address: str | None, cost: int = 1) -> None:
        """Count the request for its address.

        :raises TooManyRequests: the limit is reached.
        """
        if not self._rates:
            return
        address = counted_address(remote_address)
        if address is not None:
            self._count("address", address, cost)
        elif current_state().is_news(_NO_ADDRESS):
            _logger.warning(_NO_ADDRESS)

    def count_identity(self, identity: Any, cost: int = 1) -> None:
        """Count the request for its identity. An anonymous request, None, is not counted.

        :raises TooManyRequests: the limit is reached.
        """
        if self._rates and identity is not None:
            self._count("identity", identity, cost)

    def _count(self, kind: str, client: Any, cost: int) -> None:
        state = current_state()
        warn_of_private_counters()
        pseudonym = pseudonym_of(state.keys[0], client)
        rates = [(rate, (self._purpose, count, kind, pseudonym)) for rate, count in self._rates]
        seconds = state.counters.get().seconds_to_wait_for_all(rates, cost=cost)
        if seconds:
            raise TooManyRequests(seconds)


def limit_on_issuing(source: Source) -> RateLimit:
    """Return the limit on captchas of a source.

    Sources without a rate of their own share the app's: otherwise, where any name is a source, each name would be a
    fresh count.
    """
    of_app = current_state().config.defaults.rate_limit
    return RateLimit("issue", _rates(source.name, source.settings.rate_limit, of_app))


def limit_on_verifying(*accepted: Source) -> RateLimit:
    """Return the limit on attempts: the rates of all sources whose captchas are accepted.

    :param accepted: empty if any source's captchas are; then the app's own rate counts as well.
    """
    config = current_state().config
    of_app = config.defaults.verify_rate_limit
    settings = {source.name: source.settings for source in accepted} or {"*": config.defaults, **(config.sources or {})}
    # A dict keeps the order and drops duplicates.
    rates = {pair: None for name, its in settings.items() for pair in _rates(name, its.verify_rate_limit, of_app)}
    return RateLimit("verify", tuple(rates))


def warn_of_private_counters() -> None:
    """Log once that limits do not hold where each process counts for itself."""
    state = current_state()
    if (
        is_one_of_several_processes()
        and state.counters.get().are_private_to_process
        and state.is_news(_PRIVATE_COUNTERS)
    ):
        _logger.warning(_PRIVATE_COUNTERS)


def _rates(source_name: str, rate: str | None, of_app: str | None) -> tuple[tuple[str, str], ...]:
    """Return a source's rate with the name of its count; nothing if it has none."""
    return () if rate is None else ((rate, "*" if rate == of_app else source_name),)
