"""The cache in the memory of one process, for apps that configure none."""

from flask_caching.backends import SimpleCache


class PrivateSimpleCache(SimpleCache):
    """A SimpleCache that drops its oldest entry when it is full.

    SimpleCache itself drops what expires soonest. Once it was full of long-lived captchas, each further one would push
    out a fresh captcha of a source with a shorter TTL; and it sorts all its entries to find that one.
    """

    def _prune(self) -> None:
        while self._over_threshold():
            del self._cache[next(iter(self._cache))]
