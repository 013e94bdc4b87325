"""The two routes of reCAPTCHA: its script, and siteverify, which answers 200 whatever it is sent."""

import json
import logging
from functools import partial
from importlib.resources import files
from posixpath import dirname, relpath

from flask import Flask, Response, request, url_for

from ..captchas import is_uuid, issued_at
from ..http.fields import read_form
from ..http.gateway import SITEVERIFY, Reply, Visitor, refuse_server, verify
from ..http.headers import RETRY_AFTER, forbid_storing
from ..http.results import Result
from ..http.views import DEFAULT_PREFIX
from ..state import current_state
from ..throttling.addresses import reported_address
from ..widget.assets import SCRIPT, compact, digest_of_contents, file_response, file_url
from .sites import Site, Sites

SCRIPT_ENDPOINT = "recaptcha_script"

#: Google's codes for the results that have one. For the others, a limit and an outage, the list is empty.
ERROR_CODES = {
    Result.UNAUTHORIZED: "invalid-input-secret",
    Result.CAPTCHA_REQUIRED: "invalid-input-response",
    Result.CAPTCHA_WRONG: "invalid-input-response",
    Result.CAPTCHA_GONE: "timeout-or-duplicate",
}
_NO_SUCH_SITE = (
    "siteverify was sent a secret that no site in CAPTCHA_SITES has: if it comes from a site of yours, correct the "
    "secret there"
)

_SCRIPT = compact(files(__package__).joinpath("static", "api.js").read_text(encoding="utf-8"))


def add_routes(app: Flask, sites: Sites) -> None:
    """Add the routes at Google's paths, and again below the captcha prefix, for proxies that forward only that."""
    for number, prefix in enumerate(("", DEFAULT_PREFIX)):
        app.add_url_rule(
            f"{prefix}/recaptcha/api/siteverify",
            f"siteverify_{number}",
            partial(_siteverify, sites),
            methods=["GET", "POST"],
        )
        app.add_url_rule(f"{prefix}/recaptcha/api.js", f"{SCRIPT_ENDPOINT}_{number}", _script, methods=["GET"])


def _siteverify(sites: Sites) -> Response:
    """Answer POST /recaptcha/api/siteverify. Only a form is read: a URL would be logged, with the secret."""
    form = read_form("secret", "response", "remoteip") if request.method == "POST" else None
    if form is None or any(isinstance(value, list) for value in form):
        return _refusal("bad-request")
    secret, response, remote_ip = (str(value or "") for value in form)
    missing = [f"missing-input-{name}" for name, value in (("secret", secret), ("response", response)) if not value]
    if missing:
        return _refusal(*missing)
    site = sites.with_secret(secret)
    if site is None:
        current_state().log_once(_NO_SUCH_SITE, logging.WARNING)
        return _answer(refuse_server(), "")
    uuid, _, text = response.partition(".")
    return _answer(_verify(site, uuid, text, remote_ip), uuid)


def _verify(site: Site, uuid: str, text: str, remote_ip: str) -> Reply:
    visitor = Visitor(site.name, reported_address(remote_ip))
    return verify(SITEVERIFY, lambda: (uuid, text), sources=site.sources, visitor=visitor)


def _answer(reply: Reply, uuid: str) -> Response:
    if reply.result is Result.SUCCESS:
        # Only testing.outcomes, in a test of the service, lets something pass that is not an id.
        issued = {"challenge_ts": f"{issued_at(uuid):%Y-%m-%dT%H:%M:%SZ}"} if is_uuid(uuid) else {}
        return _respond({"success": True, **issued})
    response = _refusal(*filter(None, [ERROR_CODES.get(reply.result)]))
    if reply.retry_after is not None:
        response.headers[RETRY_AFTER.name] = str(reply.retry_after)
    return response


def _refusal(*codes: str) -> Response:
    return _respond({"success": False, "error-codes": codes})


def _respond(members: dict[str, object]) -> Response:
    response = Response(json.dumps(members), mimetype="application/json")
    forbid_storing(response.headers)
    return response


def _script() -> Response:
    """Answer GET /recaptcha/api.js. Its query is read by the script itself, in the browser."""
    here = dirname(url_for(request.endpoint or ""))
    contents = _SCRIPT.replace(SCRIPT, relpath(file_url(SCRIPT), here)).encode()
    response = file_response(contents, "text/javascript", digest_of_contents(contents), is_immutable=False)
    # For pages with Cross-Origin-Embedder-Policy. The script is the same for everybody, so any page may have it.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
