"""Checks that a visitor who is not logged in reaches the captcha routes, as every login form needs them."""

from collections.abc import Iterator

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from ..state import CaptchaState
from ..widget.assets import LATEST, SCRIPT
from .report import Report
from .source_checks import ANY_NAME


def check_routes(app: Flask, state: CaptchaState, report: Report) -> None:
    """Call the app's ``before_request`` functions for requests to the captcha routes, and report what they refuse.

    The routes themselves are not called, so nothing is issued and no limit counts. Sources that require a token are
    left out: a hook may require one too.
    """
    for url in _urls(app, state):
        try:
            with app.test_request_context(url):
                answer = None if request.routing_exception else app.preprocess_request()
        except HTTPException as error:
            refusal = f"raises {type(error).__name__}"
        except Exception as error:  # the app's functions may raise anything
            report.add_error(
                f"a before_request function of the app raised {type(error).__name__} for a request to the captcha "
                f"routes, so no captcha could be issued: {error}"
            )
            return
        else:
            if answer is None:
                continue
            refusal = "answers instead"
        report.add_error(
            "a before_request function of the app blocks the captcha routes for visitors who are not logged in "
            f"({url.removeprefix('https://')}: it {refusal}): let it return None if "
            "flask_captcha_api.is_captcha_request()"
        )
        return


def _urls(app: Flask, state: CaptchaState) -> Iterator[str]:
    """Yield the URLs of the widget's script and of each source, with https, for hooks that redirect to it."""
    sources = state.config.sources or {ANY_NAME: state.config.defaults}
    paths = [("static_file", {"digest": LATEST, "file": SCRIPT})]
    paths += [("image", {"source": name}) for name, settings in sources.items() if settings.jwt != "required"]
    host = app.config["SERVER_NAME"] or next(iter(app.config.get("TRUSTED_HOSTS") or ()), "localhost").lstrip(".")
    urls = app.url_map.bind(host, url_scheme="https")
    for name in state.mounted_as:
        for endpoint, values in paths:
            try:
                yield urls.build(f"{name}.{endpoint}", values, force_external=True)
            except BuildError:  # the mount has variables, whose values only the app knows
                return
