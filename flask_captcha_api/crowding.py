"""Crowding: whether one address, within its rate limit, can fill a cache so that the captchas of others are lost.

Knows what is set and how large the cache is, and nothing of requests.
"""

from typing import Any

from cachelib import FileSystemCache, SimpleCache

from .config import CaptchaConfig
from .rates import most_within
from .store import ROUNDING_SECONDS

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
    most = most_outstanding(config)
    if most is None or most < threshold:
        return None
    return (
        f"one address can have {most:,} captchas outstanding within its rate limit, and {type(backend).__name__} holds "
        f"{threshold:,} entries, so it can push out the captchas of others: lower CAPTCHA_RATE_LIMIT or CAPTCHA_TTL, "
        f"or {remedy}"
    )


def most_outstanding(config: CaptchaConfig) -> int | None:
    """Return how many captchas one address can have outstanding at once; None: there is no bound.

    Sources with the app's rate share one count, and each with a rate of its own has another, as in ``throttle``.
    Pictures are what counts here: a sound costs more.
    """
    sources = [config.defaults] if config.sources is None else list(config.sources.values())
    of_app = config.defaults.rate_limit
    counts = [(source.rate_limit, source.ttl) for source in sources if source.rate_limit != of_app]
    sharing = [source.ttl for source in sources if source.rate_limit == of_app]
    if sharing:
        counts.append((of_app, max(sharing)))
    total = 0
    for rate, ttl in counts:
        if rate is None:
            return None
        total += most_within(rate, ttl + ROUNDING_SECONDS)
    return total
