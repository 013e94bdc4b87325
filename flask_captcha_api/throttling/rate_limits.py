"""Rate limits on issuing and verifying, for each address and each identity."""

import logging
from collections.abc import Collection
from typing import Any

from ..challenges.sources import Source
from ..exceptions import TooManyRequests
from ..settings.config import CaptchaConfig
from ..state import CaptchaState, current_state
from ..storage.digests import pseudonym_of
from .addresses import counted_address

_PRIVATE_COUNTERS = (
    "CAPTCHA_RATE_LIMIT_STORAGE is 'memory://' and this server runs several processes, or does not say how many, each "
    "with its own counts: set "
    "it to a storage that they share, such as 'redis://127.0.0.1:6379/1'"
)
_NO_REMOTE_IP = (
    "a site verifies captchas without remoteip, so its visitors cannot be limited: let its server send the visitor's "
    "address as remoteip"
)
_NO_ADDRESS = (
    "requests have no REMOTE_ADDR, so addresses cannot be limited: behind a proxy or on a Unix socket, wrap the app in "
    "werkzeug.middleware.proxy_fix.ProxyFix"
)


class RateLimit:
    """The rates that apply to one request.

    :param purpose: ``issue`` or ``verify``.
    :param rates: pairs of a rate and the name of its counter. Limits with the same counter name share it. A request
        that exceeds any of the rates is counted against none. Empty: unlimited.
    """

    def __init__(self, purpose: str, rates: Collection[tuple[str, str]]) -> None:
        self._purpose = purpose
        self._rates = rates

    def count_address(self, remote_address: str | None, cost: int = 1, *, site: str | None = None) -> None:
        """Count a request against its address.

        :param remote_address: None: the server, or the site, gives none. The request is then not limited.
        :param cost: how many captchas the request counts as.
        :param site: the name of the site that reports the address; each site has counts of its own. None: it is the
            address that the request comes from.
        :raises TooManyRequests: the limit is reached.
        """
        if not self._rates:
            return
        address = counted_address(remote_address)
        if address is not None:
            self._count("address", address if site is None else [site, address], cost)
        else:
            current_state().log_once(_NO_ADDRESS if site is None else _NO_REMOTE_IP, logging.WARNING)

    def count_identity(self, identity: Any, cost: int = 1) -> None:
        """Count a request against its identity. An anonymous one, None, is not counted.

        :param cost: how many captchas the request counts as.
        :raises TooManyRequests: the limit is reached.
        """
        if self._rates and identity is not None:
            self._count("identity", identity, cost)

    def _count(self, kind: str, client: Any, cost: int) -> None:
        state = current_state()
        warn_about_private_counters(state)
        pseudonym = pseudonym_of(state.keys[0], client)
        rates = [(rate, (self._purpose, count, kind, pseudonym)) for rate, count in self._rates]
        seconds = state.counters.get().seconds_to_wait(rates, cost=cost)
        if seconds:
            raise TooManyRequests(seconds)


def limit_on_issuing(config: CaptchaConfig, source: Source) -> RateLimit:
    """Return the limit on issuing captchas of a source.

    Sources without a rate of their own share the app's counter. If each had its own, clients of an app that accepts any
    source name could get a new counter by making up a name.
    """
    return RateLimit("issue", _rates(source.name, source.settings.rate_limit, config.defaults.rate_limit))


def limit_on_verifying(config: CaptchaConfig, *accepted: Source) -> RateLimit:
    """Return the limit on verifying: the rates of all sources whose captchas are accepted.

    :param accepted: empty if every source is accepted; then the app's rate applies too.
    """
    app_rate = config.defaults.verify_rate_limit
    settings = {source.name: source.settings for source in accepted} or {"*": config.defaults, **(config.sources or {})}
    # A dict drops duplicates and keeps the order.
    rates = {pair: None for name, its in settings.items() for pair in _rates(name, its.verify_rate_limit, app_rate)}
    return RateLimit("verify", tuple(rates))


def warn_about_private_counters(state: CaptchaState) -> None:
    """Log once if this server runs, or may run, several processes, each with its own counts."""
    if state.may_be_one_of_several_processes() and state.counters.get().are_private_to_process:
        state.log_once(_PRIVATE_COUNTERS, logging.WARNING)


def _rates(source_name: str, rate: str | None, app_rate: str | None) -> tuple[tuple[str, str], ...]:
    """Return a source's rate with the name of its counter; empty if it has no rate."""
    return () if rate is None else ((rate, "*" if rate == app_rate else source_name),)
