"""The guard: a view runs only for a request whose captcha has just been solved."""

import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial, wraps
from typing import Any, TypeAlias, TypeVar, cast

from flask import current_app

from ..coroutines import resolve
from ..exceptions import CaptchaRejected
from ..settings.config import is_source_name
from ..state import CaptchaState, current_state
from ..throttling.failure_counts import asked_by_a_guard
from .envelope import envelope
from .fields import read_fields
from .gateway import PROTECTED_VIEW, verify
from .protected_views import remember
from .results import Result

_logger = logging.getLogger("flask_captcha_api")

_EASIEST_PASSES = (
    "CAPTCHA_SOURCES differ in how hard they are, and a guard without source= accepts the easiest: name the source, as "
    "in @verify_captcha('uuid', 'code', source='login')"
)

#: Says whether the current request needs no captcha.
Condition: TypeAlias = Callable[[], bool | Awaitable[bool]]

_View = TypeVar("_View", bound=Callable[..., Any])


def verify_captcha(
    uuid: str = "uuid",
    text: str = "code",
    *,
    source: str | Collection[str] | None = None,
    unless: Condition | None = None,
) -> Callable[[_View], _View]:
    """Let a request through to the view only with a captcha that it has solved, and spend the captcha.

    The order of decorators is: route, then ``jwt_required`` where there is one, then this, then the view::

        @app.post("/auth/login")
        @verify_captcha("uuid", "code")
        def login(): ...

    Both fields are read from the JSON object if the body is JSON, else from the form if it is a form, else (GET, HEAD
    and DELETE only) from the query string, which servers write to their logs. Works on sync and async views, methods
    of a MethodView and views of blueprints. ``@cache.cached`` goes below this decorator: above it, an answer from the
    cache is given without a captcha.

    :param uuid: name of the request's field that carries the captcha's id.
    :param text: name of the field that carries what the visitor typed.
    :param source: the source, or sources, whose captchas count; without it those of any source do.
    :param unless: a function, sync or async, called without arguments in each request. True lets the request through
        unverified and spends nothing; anything else does not: what is neither True nor false is logged as an error.
    :raises TypeError: at once, for an ``unless`` that cannot be called, and for a class: guard its methods.
    :raises ValueError: at once, for a ``source`` that names nothing or cannot be a name.
    :raises LookupError: in the request, for a ``source`` that the app does not have.
    :raises CaptchaRejected: in the request, before the view. The app answers with the envelope unless it has its own
        handler for this class.
    """
    if callable(uuid):
        raise TypeError("verify_captcha takes the names of two fields: write @verify_captcha('uuid', 'code')")
    names = _check_names(source)
    _check_condition(unless)

    def decorate(view: _View) -> _View:
        if isinstance(view, type):  # above its route, as extensions have routes for classes, it would guard nothing
            raise TypeError(
                f"@verify_captcha cannot guard the class {view.__name__}: put it on the class's methods, such as post"
            )

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            verify_captcha_in_request(uuid, text, source=source, unless=unless)
            return current_app.ensure_sync(view)(*args, **kwargs)

        remember(guarded, names)
        return cast("_View", guarded)

    return decorate


def verify_captcha_in_request(
    uuid: str = "uuid",
    text: str = "code",
    *,
    source: str | Collection[str] | None = None,
    unless: Condition | None = None,
) -> None:
    """Verify the captcha of the current request, inside a view: what :func:`verify_captcha` does before one.

    The second call in a request fails: the captcha is spent. In an async view, an async ``unless`` is awaited in a
    thread of its own: it may use ``request`` and ``current_app``, but nothing that belongs to the view's event loop.

    :raises TypeError: an ``unless`` that cannot be called.
    :raises ValueError: a ``source`` that names nothing or cannot be a name.
    :raises LookupError: a ``source`` that the app does not have.
    :raises CaptchaRejected: no captcha, a wrong one, one that is gone, no store to tell, more tries than
        CAPTCHA_VERIFY_RATE_LIMIT allows, an invalid token in the Authorization header, or a request that a page of
        another site makes without being able to read the answer.
    """
    names = _check_names(source)
    _check_condition(unless)
    state = current_state()
    if source is None and state.config.sources_differ and state.is_news(_EASIEST_PASSES):
        _logger.warning(_EASIEST_PASSES)
    reply = verify(
        PROTECTED_VIEW,
        partial(read_fields, (uuid,), (text,)),
        sources=names,
        unless=None if unless is None else partial(_holds, unless, state),
    )
    if reply.result is not Result.SUCCESS:
        raise CaptchaRejected(envelope(reply.result, retry_after=reply.retry_after), reply.outcome)


def _check_names(source: str | Collection[str] | None) -> Collection[str]:
    """Return the names in ``source``; a guard that no captcha could ever pass is a mistake."""
    names = () if source is None else (source,) if isinstance(source, str) else source
    if (source is not None and not names) or not all(map(is_source_name, names)):
        raise ValueError(f"source={source!r} must be None, the name of a source, or several names")
    return names


def _check_condition(unless: object) -> None:
    if unless is not None and not callable(unless):
        raise TypeError(f"unless={unless!r} must be a function without arguments, such as unless=lambda: app.testing")


def _holds(unless: Condition, state: CaptchaState) -> bool:
    """Return whether ``unless`` gives exactly True: a guard must not be off because of what happens to be true."""
    with asked_by_a_guard():
        result: object = resolve(unless(), current_app.ensure_sync)
    if result is not True and not _is_false(result):
        name = getattr(unless, "__qualname__", type(unless).__qualname__)
        problem = (
            f"unless={name} gave {type(result).__name__}, and only True lets a request through without a captcha, so "
            "the captcha was asked: let it return True or False"
        )
        if state.is_news(problem):
            _logger.error(problem)
    return result is True


def _is_false(result: object) -> bool:
    try:
        return not result
    except Exception:  # what refuses to be a condition, as a FailureCount does, is not false
        return False
