"""Reads the browser's Sec-Fetch headers (W3C Fetch Metadata).

Pages cannot set these headers. Old browsers, and clients other than browsers, do not send them.
"""

from flask import request

#: Elements that embed another page.
_EMBEDDED = frozenset({"embed", "frame", "iframe", "object"})


def is_unreadable() -> bool:
    """Return whether no script can read the response: that of an image, a beacon, a prefetch or an embedded page.

    Images may be requested with CORS too (``crossorigin``); fonts and modules always are.
    """
    return _is_embedded() or _is_of_no_script() or _is_prefetch()


def is_forced_by_another_site() -> bool:
    """Return whether a page of another site sent this request without being able to read the response.

    Unlike :func:`is_unreadable`, this excludes the app's images and beacons, and embedded pages. Prefetches by
    speculation rules count whoever has made the rules: Chromium sends ``none`` as their site. When such a page is
    opened, the widget's script requests the captcha that it lacks.
    """
    site = request.environ.get("HTTP_SEC_FETCH_SITE")
    return (site == "cross-site" and _is_of_no_script()) or (site in {"cross-site", "none"} and _is_prefetch())


def is_never_refused() -> bool:
    """Return False. For requests that have to prove who sends them, which no page can for a visitor."""
    return False


def _is_embedded() -> bool:
    return (
        request.environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and request.environ.get("HTTP_SEC_FETCH_DEST") in _EMBEDDED
    )


def _is_of_no_script() -> bool:
    """Return whether neither a script nor a navigation sent the request. A script's destination is ``empty``."""
    mode = request.environ.get("HTTP_SEC_FETCH_MODE")
    return mode == "no-cors" or (mode != "navigate" and request.environ.get("HTTP_SEC_FETCH_DEST", "empty") != "empty")


def _is_prefetch() -> bool:
    """Return whether the browser fetches the response in advance. It discards an error, and repeats the request later.

    Scripts of a page that is rendered in advance send "prefetch;prerender" too, and read the response.
    """
    purpose = request.environ.get("HTTP_SEC_PURPOSE", "")
    return purpose == "prefetch" or ("prefetch" in purpose and request.environ.get("HTTP_SEC_FETCH_MODE") == "navigate")
