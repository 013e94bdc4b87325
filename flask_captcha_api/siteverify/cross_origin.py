"""CORS: lets the pages of the sites, and no others, load the widget and its captchas."""

import logging

from flask import Response, request

from ..http.views import BLUEPRINT_NAME
from ..state import current_state
from .sites import ANY_ORIGIN, Sites
from .views import SCRIPT_ENDPOINT

_ALLOW_ORIGIN = "Access-Control-Allow-Origin"

# It does not name the origin: strangers choose it, and each one would add a line to the log.
_NOT_LISTED = (
    "a page was refused because its origin is not in the origins of the site: if it is a page of yours, add its "
    "scheme, host and port to them as the browser's address bar has them; http://localhost:8000 and "
    "http://127.0.0.1:8000 differ"
)


def allow_origins(sites: Sites, response: Response) -> Response:
    """Add the headers that make a browser let a page read the response.

    Only GET is open: captchas to the sites that use their source, files to all sites. Neither requests nor responses
    carry credentials.
    """
    endpoint = request.endpoint or ""
    is_open = endpoint.startswith((f"{BLUEPRINT_NAME}.", SCRIPT_ENDPOINT)) and request.method in ("GET", "HEAD")
    if not is_open:
        return response
    origins = sites.origins_for((request.view_args or {}).get("source"))
    origin = request.headers.get("Origin", "")
    response.vary.add("Origin")
    if ANY_ORIGIN in origins:
        response.headers[_ALLOW_ORIGIN] = ANY_ORIGIN
    elif origin in origins:
        response.headers[_ALLOW_ORIGIN] = origin
    elif origin:
        current_state().log_once(_NOT_LISTED, logging.WARNING)
    return response
