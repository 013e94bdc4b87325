"""The in-memory cache of apps that configure none."""

from contextlib import suppress

from flask_caching.backends import SimpleCache


class PrivateSimpleCache(SimpleCache):
    """A SimpleCache that evicts its oldest entry when it is full.

    SimpleCache itself evicts the entry that expires soonest, and sorts all entries to find it. When full of long-lived
    captchas, it would evict every fresh captcha of a source with a shorter ttl.
    """

    def _prune(self) -> None:
        while self._over_threshold():
            # Before cachelib 0.15 no lock is held: other threads add and remove entries meanwhile.
            with suppress(RuntimeError):  # the dict changed between iter and next
                self._cache.pop(next(iter(self._cache)), None)
