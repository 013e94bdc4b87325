"""The decorator ``verify_captcha``, and the same as a function to call inside a view."""

import logging
from collections.abc import Callable, Collection
from functools import partial, wraps
from typing import Any, TypeVar, cast

from flask import current_app, request
from flask.views import http_method_funcs

from ..exceptions import CaptchaRejected
from ..outcome import Outcome
from ..settings.config import is_source_name
from ..state import current_state
from .conditions import Condition, check_condition, holds
from .envelope import envelope
from .fields import TEXT_HEADER, UUID_HEADER, read_fields, read_headers, requested_form
from .gateway import PROTECTED_VIEW, VerifiedCaptcha, verify
from .protected_views import register_wrapper
from .results import Result

_logger = logging.getLogger("flask_captcha_api")

_EASIEST_IS_ACCEPTED = (
    "CAPTCHA_SOURCES differ in difficulty, and a view without source= accepts the easiest: name the source, as in "
    "@verify_captcha('uuid', 'code', source='login')"
)

#: The default names of the fields.
_FIELDS = ("uuid", "code")

_View = TypeVar("_View", bound=Callable[..., Any])


def verify_captcha(
    uuid: str = "uuid",
    text: str = "code",
    *,
    source: str | Collection[str] | None = None,
    unless: Condition | None = None,
    except_methods: Collection[str] = (),
    from_headers: bool = False,
) -> Callable[[_View], _View]:
    """Call the view only if the request has solved a captcha, and spend the captcha.

    The order of decorators is: route, ``jwt_required`` if there is one, this one, the view::

        @app.post("/auth/login")
        @verify_captcha("uuid", "code")
        def login(): ...

    Both fields are read from the JSON object if the body is JSON, else from the form if it is a form, else (GET, HEAD
    and DELETE only) from the query string, which servers write to their logs. Works on sync and async views, methods
    of a MethodView and views of blueprints. ``@cache.cached`` goes below this decorator: above it, cached responses
    are sent without a captcha.

    :param uuid: name of the request field with the captcha's id.
    :param text: name of the request field with what the visitor typed.
    :param source: the source, or sources, whose captchas are accepted. None: any.
    :param unless: a function, sync or async, called without arguments in each request. If it returns True, the request
        goes through unverified and nothing is spent. Any other value requires the captcha; one that is neither True
        nor falsy is logged as an error.
    :param except_methods: the HTTP methods that need no captcha, in upper case: ``("GET",)`` for a view that both shows
        and receives a form. GET includes HEAD on a route for GET: what runs after this decorator, such as the view,
        then sees GET as the method. All other methods are protected.
    :param from_headers: whether to read the headers ``Captcha-Uuid`` and ``Captcha-Code``, and nothing else, instead of
        two fields: for requests whose body has a strict schema, or none. Their values are ASCII without commas. A view
        without this option never reads these headers. Do not protect a GET this way if an HTTP cache may store its
        response: the cache would send it without a captcha.
    :raises TypeError: when decorating: ``unless`` is not callable, ``except_methods`` is text, ``from_headers`` is
        given together with names of fields, or a class is decorated instead of its methods.
    :raises ValueError: when decorating: ``source`` is empty or not a valid name, or ``except_methods`` has something
        other than HTTP methods.
    :raises LookupError: in a request: the app has no such source.
    :raises CaptchaRejected: in a request, before the view. The app answers with the envelope unless it has a handler
        for this class.
    """
    if callable(uuid):
        raise TypeError("verify_captcha takes the names of two fields: write @verify_captcha('uuid', 'code')")
    names = _check_names(source)
    check_condition(unless)
    _check_place(uuid, text, from_headers)
    unprotected = _check_methods(except_methods)

    def decorate(view: _View) -> _View:
        if isinstance(view, type):  # above an extension's route for a class, it would protect nothing
            raise TypeError(
                f"@verify_captcha cannot protect the class {view.__name__}: put it on the class's methods, such as post"
            )

        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if request.method == "HEAD" and "GET" in unprotected and _route_answers_get():
                # Otherwise a view that tests for GET would handle HEAD like POST. The method stays GET until the
                # request ends: this may be a before_request function, which runs before the view.
                request.method = "GET"
            if request.method not in unprotected:
                _verify(uuid, text, names, unless, from_headers)
            return current_app.ensure_sync(view)(*args, **kwargs)

        register_wrapper(wrapper, names)
        return cast("_View", wrapper)

    return decorate


def verify_captcha_in_request(
    uuid: str = "uuid",
    text: str = "code",
    *,
    source: str | Collection[str] | None = None,
    unless: Condition | None = None,
    from_headers: bool = False,
) -> VerifiedCaptcha:
    """Verify the captcha of the current request, inside a view, instead of :func:`verify_captcha`.

    A view that finds another mistake in the request can spare its visitor a second captcha, unless it checks a
    password::

        verified = verify_captcha_in_request("uuid", "code", source="register")
        if account_exists(request.json["account"]):
            kept = verified.keep(3)
            again = {"uuid": kept.uuid, "code": kept.text} if kept else None
            return {"message": "this name is taken", "captcha": again}, 409

    A second call in the same request fails, because the captcha is spent. In an async view, an async ``unless`` is
    awaited in a separate thread: it may use ``request`` and ``current_app``, but nothing that belongs to the view's
    event loop.

    The parameters are those of :func:`verify_captcha`.

    :returns: the captcha, which :meth:`VerifiedCaptcha.keep` can replace with one that need not be solved.
    :raises TypeError: ``unless`` is not callable, or ``from_headers`` is given together with names of fields.
    :raises ValueError: ``source`` is empty or not a valid name.
    :raises LookupError: the app has no such source.
    :raises CaptchaRejected: the captcha does not pass, or the request is refused: any result of verifying other than
        success.
    """
    names = _check_names(source)
    check_condition(unless)
    _check_place(uuid, text, from_headers)
    return _verify(uuid, text, names, unless, from_headers)


def _verify(
    uuid: str, text: str, sources: Collection[str], unless: Condition | None, from_headers: bool
) -> VerifiedCaptcha:
    state = current_state()
    if not sources and state.is_first(_EASIEST_IS_ACCEPTED) and state.config.sources_differ:
        _logger.warning(_EASIEST_IS_ACCEPTED)
    reply = verify(
        PROTECTED_VIEW,
        read_headers if from_headers else partial(read_fields, (uuid,), (text,)),
        sources=sources,
        unless=None if unless is None else partial(holds, unless),
    )
    if reply.result is not Result.SUCCESS:
        # Any other outcome means that there was one well-formed uuid, so no button was pressed.
        may_be_button = reply.outcome is Outcome.MALFORMED and not from_headers
        asked_for = requested_form(uuid) if may_be_button else None
        raise CaptchaRejected(envelope(reply.result, retry_after=reply.retry_after), reply.outcome, asked_for=asked_for)
    return reply.verified


def _check_names(source: str | Collection[str] | None) -> tuple[str, ...]:
    """Return the names in ``source``, in a tuple: a list that the app empties later would accept every source.

    :raises ValueError: there are none, so that no captcha could ever pass, or one cannot be a name.
    """
    names = () if source is None else (source,) if isinstance(source, str) else tuple(source)
    if (source is not None and not names) or not all(map(is_source_name, names)):
        raise ValueError(f"source={source!r} must be None, the name of a source, or several names")
    return names


def _check_place(uuid: str, text: str, from_headers: bool) -> None:
    if from_headers and (uuid, text) != _FIELDS:
        raise TypeError(
            f"from_headers=True reads the headers {UUID_HEADER} and {TEXT_HEADER}: leave out the names of fields "
            f"{uuid!r} and {text!r}"
        )


def _check_methods(methods: Collection[str]) -> frozenset[str]:
    """Return the methods in ``except_methods``."""
    if isinstance(methods, str):  # each letter would be a method
        raise TypeError(f"except_methods={methods!r} must be several methods: write except_methods=({methods!r},)")
    known = frozenset(method.upper() for method in http_method_funcs)
    unknown = [method for method in methods if method not in known]
    if unknown:
        raise ValueError(
            f"except_methods={methods!r} has {unknown[0]!r}: name methods in upper case, of {', '.join(sorted(known))}"
        )
    return frozenset(methods)


def _route_answers_get() -> bool:
    """Return whether Flask adds HEAD to the route of the current request, or there is no view to protect."""
    rule = request.url_rule
    return rule is None or rule.methods is None or "GET" in rule.methods
