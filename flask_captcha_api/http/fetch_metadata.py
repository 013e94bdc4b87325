"""Reads the browser's Sec-Fetch headers (W3C Fetch Metadata).

Pages cannot set these headers. Old browsers, and clients other than browsers, do not send them.
"""

from flask import request

#: Elements that embed another page.
_EMBEDDED = frozenset({"embed", "frame", "iframe", "object"})


def is_unreadable() -> bool:
    """Return whether no script can read the response: that of an image, a beacon, a prefetch or an embedded page.

    Images may be requested with CORS too (``crossorigin``); fonts and modules always are.

    A page opened in a tab does not count unless the browser prefetches it: browsers discard a prefetched error and
    repeat the request when the page is opened.
    """
    purpose = request.headers.get("Sec-Purpose", "")
    if request.headers.get("Sec-Fetch-Mode") == "navigate":
        return request.headers.get("Sec-Fetch-Dest") in _EMBEDDED or "prefetch" in purpose
    # Scripts of a page that is rendered in advance send "prefetch;prerender".
    return _is_of_no_script() or purpose == "prefetch"


def is_forced_by_another_site() -> bool:
    """Return whether a page of another site sent this request without being able to read the response.

    Unlike :func:`is_unreadable`, this excludes the app's images, beacons and prefetches, and embedded pages.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site" and _is_of_no_script()


def _is_of_no_script() -> bool:
    """Return whether neither a script nor a navigation sent the request. A script's destination is ``empty``."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "no-cors" or (mode != "navigate" and request.headers.get("Sec-Fetch-Dest", "empty") != "empty")
