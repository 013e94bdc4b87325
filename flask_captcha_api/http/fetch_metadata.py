"""Reads the browser's Sec-Fetch headers (W3C Fetch Metadata).

Pages cannot set these headers. Old browsers, and clients other than browsers, do not send them.
"""

from collections.abc import Mapping
from typing import Any

from flask import request

#: Elements that embed another page.
_EMBEDDED = frozenset({"embed", "frame", "iframe", "object"})


def is_unreadable() -> bool:
    """Return whether no script can read the response: that of an image, a beacon, a prefetch or an embedded page.

    Images may be requested with CORS too (``crossorigin``); fonts and modules always are.
    """
    environ = request.environ
    return _is_embedded(environ) or _is_of_no_script(environ) or _is_prefetch(environ)


def is_forced_by_another_site() -> bool:
    """Return whether a page of another site sent this request without being able to read the response.

    Unlike :func:`is_unreadable`, this excludes the app's own images and beacons, and embedded pages. It includes all
    prefetches by speculation rules, even the app's own, because Chromium sends ``none`` as their site. When a
    prefetched page is opened, the widget's script requests the captcha that it lacks.
    """
    environ = request.environ
    site = environ.get("HTTP_SEC_FETCH_SITE")
    return (site == "cross-site" and _is_of_no_script(environ)) or (
        site in {"cross-site", "none"} and _is_prefetch(environ)
    )


def is_never_refused() -> bool:
    """Return False: for requests that carry a secret, which no page can send through a visitor's browser."""
    return False


def _is_embedded(environ: Mapping[str, Any]) -> bool:
    return environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and environ.get("HTTP_SEC_FETCH_DEST") in _EMBEDDED


def _is_of_no_script(environ: Mapping[str, Any]) -> bool:
    """Return whether neither a script nor a navigation sent the request. A script's destination is ``empty``."""
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    return mode == "no-cors" or (mode != "navigate" and environ.get("HTTP_SEC_FETCH_DEST", "empty") != "empty")


def _is_prefetch(environ: Mapping[str, Any]) -> bool:
    """Return whether the browser fetches the response in advance. It discards an error, and repeats the request later.

    Scripts of a page that is rendered in advance send "prefetch;prerender" too, and read the response.
    """
    purpose = environ.get("HTTP_SEC_PURPOSE", "")
    return purpose == "prefetch" or ("prefetch" in purpose and environ.get("HTTP_SEC_FETCH_MODE") == "navigate")
