"""What a browser says about a request before the server looks at it: the Sec-Fetch headers (W3C Fetch Metadata).

Pages cannot set these headers. Clients that are no browsers, and old browsers, do not send them.
"""

from flask import request

#: Elements of another page that load a URL as a page of its own.
_EMBEDDED = frozenset({"embed", "frame", "iframe", "object"})


def is_unreadable() -> bool:
    """Return whether no script will see the response: an image, a beacon, a prefetch, or a page inside another.

    A page that a person opens in a tab is not among them, unless the browser only fetches it in advance: browsers drop
    a prefetched error and ask again when the person gets there.
    """
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode == "navigate":
        return request.headers.get("Sec-Fetch-Dest") in _EMBEDDED or "prefetch" in request.headers.get(
            "Sec-Purpose", ""
        )
    return mode == "no-cors"


def is_forced_by_another_site() -> bool:
    """Return whether a page of another site makes the browser send this request without being able to read the answer.

    Unlike :func:`is_unreadable` this spares the app's own images, beacons and prefetches, and what is embedded.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site" and request.headers.get("Sec-Fetch-Mode") == "no-cors"
