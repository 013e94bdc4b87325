"""The JSON routes. Each answers with the envelope and never raises."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from werkzeug.exceptions import MethodNotAllowed, NotFound

from ..challenges.sources import DEFAULT_THEME
from ..exceptions import SetupError
from ..rendering import FORMS
from ..settings.config import Theme
from ..state import EXTENSION_NAME, current_state
from ..translations import FALLBACK_LANGUAGE
from .envelope import EnvelopeResponse, captcha_json, envelope
from .fields import TEXT_NAMES, UUID_NAMES, read_fields, read_query
from .gateway import JSON_ROUTE, issue, verify
from .headers import headers_of
from .jwt.authentication import token_header
from .jwt.renewal import returned_token
from .languages import example_catalogues, language_of_sound
from .openapi.description import FILE_NAME, describe
from .protected_views import log_faults_once
from .results import Result

BLUEPRINT_NAME = "captcha_api"
DEFAULT_PREFIX = "/captcha"
_PACKAGE = "flask_captcha_api"


def new_blueprint() -> tuple[Blueprint, Callable[[], EnvelopeResponse | None]]:
    """Create the blueprint for one app, and the function that the app has to call before every request."""
    blueprint = Blueprint(BLUEPRINT_NAME, _PACKAGE, url_prefix=DEFAULT_PREFIX, template_folder="widget/templates")
    for name, form in FORMS.items():
        blueprint.add_url_rule(f"/<source>{form.path}", name, _view_of(name), methods=["GET"])
    blueprint.add_url_rule("/<source>", "verify", _verify, methods=["POST"])
    blueprint.add_url_rule(f"/{FILE_NAME}", "openapi", _openapi, methods=["GET"])
    mounts: list[_Mount] = []

    @blueprint.record
    def remember_mount(setup: BlueprintSetupState) -> None:
        prefix = (setup.url_prefix or "").rstrip("/")
        _check_mount(setup.app, setup.subdomain, prefix)
        mounts.append(_Mount(setup.subdomain, prefix))
        _exempt_from_csrf(blueprint, setup.app)
        setup.app.extensions[EXTENSION_NAME].mounted_as.append(f"{setup.name_prefix}.{setup.name}".lstrip("."))

    def before_every_request() -> EnvelopeResponse | None:
        state = current_state()
        log_faults_once(state)
        _exempt_from_csrf(blueprint, state.app)
        error = request.routing_exception
        return _answer_routing_error(error) if error and any(map(_Mount.holds_request, mounts)) else None

    return blueprint, before_every_request


def is_captcha_request() -> bool:
    """Return whether the current request is for one of the captcha routes, or for a file of the widget.

    For hooks of the app that must let these through, such as one that requires a login::

        @app.before_request
        def require_login():
            if "account" not in session and not is_captcha_request():
                return redirect("/login")

    It checks the route and not the path, so it holds wherever the routes are mounted.

    :raises RuntimeError: the app has no CaptchaApi, or there is no request.
    """
    return request.blueprint in current_state().mounted_as


def _view_of(form: str) -> Callable[[str], EnvelopeResponse]:
    """Return the view that issues captchas of a form: a function with a name, as other extensions expect."""

    def view(source: str) -> EnvelopeResponse:
        return _issue(form, source)

    view.__name__ = view.__qualname__ = f"issue_{form}"
    return view


def _issue(form: str, source: str) -> EnvelopeResponse:
    """Answer GET /captcha/{source} and the paths below it.

    The query string only defeats caches: it is not parsed, except for the ``lang`` of a form that has a language, and
    for the ``theme`` of a source with ``auto``.
    """
    reply = issue(
        JSON_ROUTE,
        source,
        form=form,
        language=_language_in_query if FORMS[form].has_language else _no_language,
        theme=_theme_in_query,
        # A decorator may have made request.method GET.
        only_headers=request.environ.get("REQUEST_METHOD", "GET").upper() == "HEAD",
    )
    if reply.result is not Result.SUCCESS:
        return envelope(reply.result, retry_after=reply.retry_after)
    captcha, state = reply.captcha, current_state()
    response = envelope(Result.SUCCESS, captcha and captcha_json(form, captcha))
    response.headers.extend(headers_of(captcha, state.sources.find(source), form))
    if reply.caller:
        name, value = returned_token(reply.caller, state.config.jwt_renew)
        response.headers[name] = value
        response.token_headers = (name,)
    return response


def _language_in_query() -> str:
    return language_of_sound(read_query("lang"))


def _no_language() -> str:
    return FALLBACK_LANGUAGE  # the form does not look at it


def _theme_in_query() -> Theme:
    return "dark" if read_query("theme") == "dark" else DEFAULT_THEME


def _verify(source: str) -> EnvelopeResponse:
    """Answer POST /captcha/{source}, for servers that cannot use the decorator."""
    read = partial(read_fields, UUID_NAMES, TEXT_NAMES, is_bounded=True)
    reply = verify(JSON_ROUTE, read, sources=(source,))
    response = "ok" if reply.result is Result.SUCCESS else None
    return envelope(reply.result, response, retry_after=reply.retry_after)


def _openapi() -> Response:
    """Answer GET /captcha/openapi.json: the description, or an envelope if CAPTCHA_OPENAPI is off."""
    config = current_state().config
    if not config.openapi:
        return envelope(Result.SOURCE_UNKNOWN)
    server = url_for(request.endpoint or "").removesuffix(f"/{FILE_NAME}")
    description = describe(
        config,
        current_state().sources.kinds,
        catalogues=example_catalogues(),
        server=server or "/",
        token_header=token_header(),
    )
    return Response(json.dumps(description, ensure_ascii=False), mimetype="application/json")


@dataclass(frozen=True)
class _Mount:
    """Where the blueprint is mounted."""

    subdomain: str | None
    prefix: str

    def holds_request(self) -> bool:
        """Return whether the request's path is below the mount; never for a mount at the root of a host."""
        if self.subdomain and not request.host.lower().startswith(f"{self.subdomain}."):
            return False
        return bool(self.prefix) and request.path.startswith(f"{self.prefix}/")


def _check_mount(app: App, subdomain: str | None, prefix: str) -> None:
    """Check that the app can route requests to the blueprint.

    :raises ValueError: subdomain or prefix has a variable, or the app never looks at subdomains.
    :raises SetupError: the app routes by host (``host_matching``).
    """
    for name, value in (("prefix", prefix), ("subdomain", subdomain or "")):
        if "<" in value:
            raise ValueError(
                f"the {name} {value!r} has a variable, which the captcha routes do not support: use a fixed one"
            )
    if app.url_map.host_matching:
        raise SetupError(
            "the app has host_matching=True, and then routes of a blueprint have no host, so no request would reach "
            "the captcha routes: use subdomain_matching=True, or serve captchas from an app of their own"
        )
    if subdomain and not app.subdomain_matching and subdomain != app.url_map.default_subdomain:
        raise ValueError(
            f"the captcha routes are mounted at the subdomain {subdomain!r}, and the app ignores subdomains, so no "
            "request would reach them: create it as Flask(…, subdomain_matching=True)"
        )


def _answer_routing_error(error: Exception) -> EnvelopeResponse | None:
    """Return the envelope for a request that matches no route. Flask's redirects are left alone: None."""
    if isinstance(error, MethodNotAllowed):
        response = envelope(Result.METHOD_NOT_ALLOWED)
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response
    if isinstance(error, NotFound):
        return envelope(Result.SOURCE_UNKNOWN)
    return None


def _exempt_from_csrf(blueprint: Blueprint, app: App) -> None:
    """Exempt the captcha routes from Flask-WTF's CSRFProtect, if the app has one.

    It may be initialised after CaptchaApi. Its check then runs after our hook, so exempting at each request is early
    enough.
    """
    protection: Any = app.extensions.get("csrf")
    if hasattr(protection, "exempt"):
        protection.exempt(blueprint)
