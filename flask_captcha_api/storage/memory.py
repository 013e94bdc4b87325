"""The in-memory cache of apps that configure none."""

from flask_caching.backends import SimpleCache


class PrivateSimpleCache(SimpleCache):
    """A SimpleCache that evicts its oldest entry when it is full.

    SimpleCache itself evicts the entry that expires soonest, and sorts all entries to find it. When full of long-lived
    captchas, it would evict every fresh captcha of a source with a shorter ttl.
    """

    def _prune(self) -> None:
        while self._over_threshold():
            del self._cache[next(iter(self._cache))]
