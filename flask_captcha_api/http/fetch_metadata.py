"""What a browser says about a request before the server looks at it: the Sec-Fetch headers (W3C Fetch Metadata).

Pages cannot set these headers. Clients that are no browsers, and old browsers, do not send them.
"""

from flask import request

#: Elements of another page that load a URL as a page of its own.
_EMBEDDED = frozenset({"embed", "frame", "iframe", "object"})


def is_unreadable() -> bool:
    """Return whether no script will see the response: an image, a beacon, a prefetch, or a page inside another.

    An image may be asked for with CORS too (``crossorigin``); fonts and modules always are.

    A page that a person opens in a tab is not among them, unless the browser only fetches it in advance: browsers drop
    a prefetched error and ask again when the person gets there.
    """
    purpose = request.headers.get("Sec-Purpose", "")
    if request.headers.get("Sec-Fetch-Mode") == "navigate":
        return request.headers.get("Sec-Fetch-Dest") in _EMBEDDED or "prefetch" in purpose
    # The scripts of a page that is rendered in advance say "prefetch;prerender".
    return _is_of_no_script() or purpose == "prefetch"


def is_forced_by_another_site() -> bool:
    """Return whether a page of another site makes the browser send this request without being able to read the answer.

    Unlike :func:`is_unreadable` this spares the app's own images, beacons and prefetches, and what is embedded.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site" and _is_of_no_script()


def _is_of_no_script() -> bool:
    """Return whether something other than a script or a visit asks: scripts have the destination ``empty``."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "no-cors" or (mode != "navigate" and request.headers.get("Sec-Fetch-Dest", "empty") != "empty")
