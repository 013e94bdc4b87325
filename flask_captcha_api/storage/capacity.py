"""Whether a cache is large enough that one address, within its rate limit, cannot evict the captchas of others."""

from typing import Any

from cachelib import FileSystemCache, SimpleCache

from ..settings.config import CaptchaConfig
from ..settings.rates import max_hits_within
from .answers import ROUNDING_SECONDS
from .memory import PrivateSimpleCache

_REMEDIES = (
    (SimpleCache, "set CACHE_TYPE to SimpleCache and CACHE_THRESHOLD to more than that"),
    (FileSystemCache, "set CACHE_THRESHOLD to 0"),
)


def capacity_warning(backend: Any, config: CaptchaConfig) -> str | None:
    """Return a warning, with its remedy, if one address can evict the captchas of others.

    :returns: None if it cannot, if the backend has no threshold, or if a source has no rate limit, in which case a
        cache of any size can be filled.
    """
    threshold = getattr(backend, "_threshold", None)
    remedy = next((remedy for family, remedy in _REMEDIES if isinstance(backend, family)), None)
    if not threshold or remedy is None:
        return None
    name = type(backend).__name__
    max_issued = max_issued_to_one_address(config)
    if max_issued is not None and max_issued >= threshold:
        return (
            f"one address can be issued {max_issued:,} captchas within its rate limit while one is outstanding, and "
            f"{name} holds {threshold:,} entries, so it can evict the captchas of others: lower CAPTCHA_RATE_LIMIT or "
            f"CAPTCHA_TTL, or {remedy}"
        )
    if not isinstance(backend, PrivateSimpleCache) and config.shortest_ttl != config.longest_ttl:
        return (
            f"the ttl of sources is {config.shortest_ttl} to {config.longest_ttl} s, and a full {name} evicts first "
            "what expires soonest, so one request for a long-lived captcha can evict a fresh short-lived one: give "
            "all sources the same ttl, or set CACHE_TYPE to RedisCache"
        )
    return None


def max_issued_to_one_address(config: CaptchaConfig) -> int | None:
    """Return the largest number of captchas issued to one address within the longest ttl; None: unlimited.

    Expired captchas count, since they may still be in the cache. Sources with the app's rate share one count, and each
    source with a rate of its own has another, as in ``throttling.rate_limits``. Computed for pictures: a sound costs
    more.
    """
    sources = [config.defaults] if config.sources is None else list(config.sources.values())
    app_rate = config.defaults.rate_limit
    rates = [source.rate_limit for source in sources if source.rate_limit != app_rate]
    if len(rates) < len(sources):
        rates.append(app_rate)
    total = 0
    for rate in rates:
        if rate is None:
            return None
        total += max_hits_within(rate, config.longest_ttl + ROUNDING_SECONDS)
    return total
