"""The routes. Each answers in the envelope, whatever happens, and never raises."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from werkzeug.exceptions import MethodNotAllowed, NotFound

from . import wire
from ._current import EXTENSION_NAME, current_state, log_and_tell, service_for_request
from .config import SetupError
from .fetch_metadata import is_unreadable
from .languages import language_of_sound
from .openapi import FILE_NAME, describe
from .rendering import FORMS, Unspeakable
from .results import Result
from .sources import UnknownSource
from .store import StoreUnavailable
from .throttle import TooManyRequests, allowance_to_issue, allowance_to_verify, caller_within
from .tokens import Unauthorized, header_of_tokens, header_to_send_back
from .widget import STATIC_ENDPOINT, forbid_storing_page, static_file

BLUEPRINT_NAME = "captcha_api"
DEFAULT_PREFIX = "/captcha"

_logger = logging.getLogger("flask_captcha_api")

_View = Callable[[str], wire.EnvelopeResponse]


def new_blueprint() -> Blueprint:
    """Make the blueprint for one app, with its own memory of where it is mounted."""
    blueprint = Blueprint(BLUEPRINT_NAME, __name__, url_prefix=DEFAULT_PREFIX, template_folder="templates")
    blueprint.add_url_rule("/<source>", "image", _in_envelope(_image), methods=["GET"])
    blueprint.add_url_rule("/<source>/audio", "audio", _in_envelope(_audio), methods=["GET"])
    blueprint.add_url_rule("/<source>", "verify", _in_envelope(_verify), methods=["POST"])
    blueprint.add_url_rule("/static/<digest>/<file>", STATIC_ENDPOINT, _static_file, methods=["GET"])
    blueprint.add_url_rule(f"/{FILE_NAME}", "openapi", _openapi, methods=["GET"])
    mounts: list[_Mount] = []

    @blueprint.record
    def remember_mount(setup: BlueprintSetupState) -> None:
        prefix = (setup.url_prefix or "").rstrip("/")
        if "<" in prefix:
            raise ValueError(f"the prefix {prefix!r} has a variable, which the captcha routes do not take")
        mounts.append(_Mount(setup.subdomain, prefix))
        # Flask calls the first of these last, so that no other can undo what it does.
        setup.app.after_request_funcs.setdefault(None, []).insert(0, forbid_storing_page)
        _exempt_from_csrf(blueprint, setup.app)
        setup.app.extensions[EXTENSION_NAME].mounted_as.append(f"{setup.name_prefix}.{setup.name}".lstrip("."))

    @blueprint.before_app_request
    def before_every_request() -> wire.EnvelopeResponse | None:
        _exempt_from_csrf(blueprint, current_app)
        error = request.routing_exception
        return _answer_routing_error(error) if error and any(map(_Mount.holds_request, mounts)) else None

    return blueprint


def _in_envelope(view: _View) -> _View:
    @wraps(view)
    def answered(source: str) -> wire.EnvelopeResponse:
        # Before anything is counted: with images in a page of another site, its visitors would use up their rate limit.
        if is_unreadable():
            return _tell(Result.SOURCE_UNKNOWN)
        try:
            return view(source)
        except (UnknownSource, Unspeakable):
            return _tell(Result.SOURCE_UNKNOWN)
        except Unauthorized:
            return _tell(Result.UNAUTHORIZED)
        except TooManyRequests as error:
            return _tell(Result.TOO_MANY_REQUESTS, retry_after=error.seconds)
        except (SetupError, StoreUnavailable) as error:
            return _tell(log_and_tell(error))
        except Exception:  # of the app's JWT callbacks or makers of challenges: told in the envelope all the same
            _logger.exception("a captcha route failed")
            return _tell(Result.STORE_UNAVAILABLE)

    return answered


def _image(source_name: str) -> wire.EnvelopeResponse:
    """Answer GET /captcha/{source}. The query string only keeps caches off: none of it is read."""
    return _issue(source_name, "image")


def _audio(source_name: str) -> wire.EnvelopeResponse:
    """Answer GET /captcha/{source}/audio: a challenge of its own. Of the query, only ``lang`` is read."""
    return _issue(source_name, "audio")


def _issue(source_name: str, form: str) -> wire.EnvelopeResponse:
    state = current_state()
    source = state.sources.find(source_name)
    settings = source.settings
    if form == "audio" and not settings.audio:
        return _tell(Result.SOURCE_UNKNOWN)
    caller = caller_within(allowance_to_issue(source), settings.jwt, cost=FORMS[form].counts_as)
    service = service_for_request()
    if request.method == "HEAD":  # whoever only asks for the headers gets no captcha
        response = None
    else:
        identity = caller.identity if caller else None
        language = language_of_sound(wire.in_query("lang")) if form == "audio" else "en"  # a picture has none
        captcha = service.issue(source_name, form=form, identity=identity, language=language)
        response = wire.handed_out(form, captcha.data, captcha.uuid)
    told = wire.envelope(Result.SUCCESS, response, language=state.config.language)
    told.headers.extend(
        {
            wire.EXPIRES_IN: str(settings.ttl),
            wire.KIND: settings.kind,
            wire.LENGTH: str(settings.length),
            wire.MEDIA_TYPE: FORMS[form].media_type(settings),
        }
    )
    if caller:
        name, value = header_to_send_back(caller, state.config.jwt_renew)
        told.headers[name] = value
        told.token_headers = (name,)
    return told


def _verify(source_name: str) -> wire.EnvelopeResponse:
    """Answer POST /captcha/{source}: for servers that guard their routes in another language."""
    source = current_state().sources.find(source_name)
    caller = caller_within(allowance_to_verify(source), source.settings.jwt)
    service = service_for_request()
    uuid, text = wire.submitted(wire.UUID_NAMES, wire.TEXT_NAMES, is_bounded=True)
    outcome = service.verify(uuid, text, source=source_name, identity=caller.identity if caller else None)
    return _tell(wire.result_of(outcome), "ok" if outcome else None)


def _static_file(digest: str, file: str) -> Response:
    """Answer GET /captcha/static/{digest}/{file}, outside the envelope where there is such a file."""
    return static_file(digest, file) or _tell(Result.SOURCE_UNKNOWN)


def _openapi() -> Response:
    """Answer GET /captcha/openapi.json, outside the envelope where it is switched on."""
    config = current_state().config
    if not config.openapi:
        return _tell(Result.SOURCE_UNKNOWN)
    server = url_for(request.endpoint or "").removesuffix(f"/{FILE_NAME}")
    description = describe(config, server=server or "/", token_header=header_of_tokens())
    return Response(json.dumps(description, ensure_ascii=False), mimetype="application/json")


def _tell(result: Result, response: Any = None, **advice: int) -> wire.EnvelopeResponse:
    return wire.envelope(result, response, language=current_state().config.language, **advice)


@dataclass(frozen=True)
class _Mount:
    """Where the blueprint is mounted."""

    subdomain: str | None
    prefix: str

    def holds_request(self) -> bool:
        """Tell whether the request's path lies below the mount. At the root of a host nothing is ours alone."""
        if self.subdomain and not request.host.startswith(f"{self.subdomain}."):
            return False
        return bool(self.prefix) and request.path.startswith(f"{self.prefix}/")


def _answer_routing_error(error: Exception) -> wire.EnvelopeResponse | None:
    """Answer what Flask finds no view for, below our prefix; its redirects go their way."""
    if isinstance(error, MethodNotAllowed):
        told = _tell(Result.METHOD_NOT_ALLOWED)
        told.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return told
    if isinstance(error, NotFound):
        return _tell(Result.SOURCE_UNKNOWN)
    return None


def _exempt_from_csrf(blueprint: Blueprint, app: App) -> None:
    """Tell Flask-WTF's CSRFProtect, where there is one, that a captcha is no form of the app's.

    It may be initialised after us; its check runs after our hook then, so telling it at each request is early enough.
    """
    protection: Any = app.extensions.get("csrf")
    if hasattr(protection, "exempt"):
        protection.exempt(blueprint)
