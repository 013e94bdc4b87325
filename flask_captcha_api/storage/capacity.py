"""Crowding: whether one address, within its rate limit, can fill a cache so that the captchas of others are lost.

Knows what is set and how large the cache is, and nothing of requests.
"""

from typing import Any

from cachelib import FileSystemCache, SimpleCache

from ..settings.config import CaptchaConfig
from ..settings.rates import most_within
from .answers import ROUNDING_SECONDS
from .memory import PrivateSimpleCache

_REMEDIES = (
    (SimpleCache, "set CACHE_TYPE to SimpleCache and CACHE_THRESHOLD to more than that"),
    (FileSystemCache, "set CACHE_THRESHOLD to 0"),
)


def crowding_of(backend: Any, config: CaptchaConfig) -> str | None:
    """Return what is wrong and how to mend it where one address can push out the captchas of others.

    :returns: None where it cannot, where the backend has no threshold, and where a source has no rate limit: then
        nobody has said that it should not.
    """
    threshold = getattr(backend, "_threshold", None)
    remedy = next((remedy for family, remedy in _REMEDIES if isinstance(backend, family)), None)
    if not threshold or remedy is None:
        return None
    name = type(backend).__name__
    most = most_issued(config)
    if most is not None and most >= threshold:
        return (
            f"one address can be issued {most:,} captchas within its rate limit while one is outstanding, and {name} "
            f"holds {threshold:,} entries, so it can push out the captchas of others: lower CAPTCHA_RATE_LIMIT or "
            f"CAPTCHA_TTL, or {remedy}"
        )
    if not isinstance(backend, PrivateSimpleCache) and config.shortest_ttl != config.longest_ttl:
        return (
            f"captchas live for {config.shortest_ttl} to {config.longest_ttl} s by their source, and a full {name} "
            "drops those first that expire soonest, so one request for a long-lived captcha can push out a fresh "
            "short-lived one: give all sources one ttl, or set CACHE_TYPE to RedisCache"
        )
    return None


def most_issued(config: CaptchaConfig) -> int | None:
    """Return how many captchas one address can be issued in the life of the longest-lived; None: there is no bound.

    Expired ones count, since they may still be in the cache. Sources with the app's rate share one count, and each with
    a rate of its own has another, as in ``throttle``. Pictures are what counts here: a sound costs more.
    """
    sources = [config.defaults] if config.sources is None else list(config.sources.values())
    of_app = config.defaults.rate_limit
    rates = [source.rate_limit for source in sources if source.rate_limit != of_app]
    if len(rates) < len(sources):
        rates.append(of_app)
    total = 0
    for rate in rates:
        if rate is None:
            return None
        total += most_within(rate, config.longest_ttl + ROUNDING_SECONDS)
    return total
