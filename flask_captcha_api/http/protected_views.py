"""Finds views that ``verify_captcha`` does not protect, and those whose source does not exist."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from types import MethodType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakMethod, ref

from flask import Flask
from flask.views import MethodView, http_method_funcs

from ..challenges.sources import Sources
from ..exceptions import UnknownSource
from ..state import CaptchaState

_View: TypeAlias = Callable[..., Any]

#: Bounds the search in objects that have every attribute, such as mocks, whose chain of decorators never ends.
_MOST_DECORATORS = 100
_FAULTS_LOGGED = "faults of protected views were logged"

_logger = logging.getLogger("flask_captcha_api")

#: Every live wrapper that ``verify_captcha`` has returned, with the names of its sources.
_sources_of: WeakKeyDictionary[_View, Collection[str]] = WeakKeyDictionary()
#: The functions that wrappers wrap, by :func:`_identity`, for as long as they live. A wrapper may die sooner: one above
#: the route is dropped as soon as the factory that created the app returns.
_wrapped: dict[tuple[int, ...], ref[Any]] = {}


def register_wrapper(wrapper: _View, sources: Collection[str]) -> None:
    """Register a function that ``verify_captcha`` returned, for :func:`find_faults`."""
    _sources_of[wrapper] = sources
    for function in islice(_chain(wrapper), 1, None):
        _register_wrapped(function)


def _register_wrapped(function: Any) -> None:
    key = _identity(function)
    refer = WeakMethod if isinstance(function, MethodType) else ref
    with suppress(TypeError):  # it cannot be referenced weakly
        _wrapped[key] = refer(function, lambda _: _wrapped.pop(key, None))


def log_faults_once(state: CaptchaState) -> None:
    """Log the faults of an app's protected views, at the first call in this process."""
    if state.is_first(_FAULTS_LOGGED):
        for fault in find_faults(state.app, state.sources):
            _logger.error(fault)


def find_faults(app: Flask, sources: Sources) -> list[str]:
    """Return a message for each view whose ``verify_captcha`` never runs, or names an unknown source.

    The decorator never runs if it is above ``@app.route`` or ``@app.before_request``, because Flask then calls the
    function below it. Only views that are registered in this app, and unprotected there, are reported: other wrappers
    may belong to other apps, or to blueprints that are not registered. If an extension registers a function that wraps
    the view, the functions that it wraps count too, unless the decorator does run above them: a view may be reachable
    in two ways.
    """
    unprotected: list[tuple[str, _View]] = []
    protected: set[tuple[int, ...]] = set()
    faults: list[str] = []
    for endpoint, view in list(app.view_functions.items()):
        for function in _protectable(view):
            wrappers = _wrappers(function)
            if wrappers:
                protected.update(map(_identity, _chain(function)))
            else:
                unprotected.append((endpoint, function))
            for error in _source_faults(wrappers, sources):
                faults.append(
                    f"view {endpoint!r} fails in each request whose method needs a captcha, because of its source=: "
                    f"{error}"
                )
    for endpoint, function in unprotected:
        registered, *inner = map(_identity, _chain(function))
        if registered in _wrapped or any(each in _wrapped and each not in protected for each in inner):
            faults.append(
                f"view {endpoint!r} is not protected: @verify_captcha is above @app.route (or was applied to the "
                "view after it was registered), so Flask calls the function below it: move it below the route"
            )
    for hook in chain.from_iterable(list(app.before_request_funcs.values())):
        name = getattr(hook, "__name__", type(hook).__name__)
        wrappers = _wrappers(hook)
        for error in _source_faults(wrappers, sources):
            faults.append(
                f"before_request function {name!r} fails in each request whose method needs a captcha, because of its "
                f"source=: {error}"
            )
        if not wrappers and _identity(hook) in _wrapped:
            faults.append(
                f"before_request function {name!r} is not protected: @verify_captcha is above @app.before_request, so "
                "Flask calls the function below it: move it below that line"
            )
    return list(dict.fromkeys(faults))


def _source_faults(wrappers: list[Any], sources: Sources) -> Iterator[UnknownSource]:
    """Yield an error for each source that a wrapper names and the app does not have."""
    for name in chain.from_iterable(_sources_of[each] for each in wrappers):
        try:
            sources.find(name)
        except UnknownSource as error:
            yield error


def _protectable(view: _View) -> list[_View]:
    """Return the functions of a view that may have a wrapper: the view itself and, for a class, its methods.

    A wrapper around the whole view protects all its methods, and a view counts as protected if any method is.
    """
    view_class = getattr(view, "view_class", None)
    if not isinstance(view_class, type) or _wrappers(view):
        return [view]
    dispatch: _View = getattr(view_class, "dispatch_request", view)
    if _wrappers(dispatch):
        return [dispatch]
    methods = [getattr(view_class, name) for name in http_method_funcs if hasattr(view_class, name)]
    if dispatch is not MethodView.dispatch_request:  # shared by all such classes
        methods.append(dispatch)
    return methods if any(map(_wrappers, methods)) else [view, *methods]


def _wrappers(function: Any) -> list[Any]:
    """Return the wrappers in a function's chain."""
    return [each for each in _chain(function) if _is_wrapper(each)]


def _chain(function: Any) -> Iterator[Any]:
    """Yield a function and, from the outside in, what it wraps as a decorator, a partial or a method."""
    for _ in range(_MOST_DECORATORS):
        if function is None:
            return
        yield function
        if isinstance(function, MethodType):  # its attributes are those of its function
            function = function.__func__
        elif isinstance(function, partial):
            function = function.func
        else:
            function = getattr(function, "__wrapped__", None)


def _is_wrapper(function: Any) -> bool:
    try:
        return function in _sources_of
    except TypeError:  # not hashable, or without weak references
        return False


def _identity(function: Any) -> tuple[int, ...]:
    """Return a key that is equal for the same function. A bound method is a new object at each access."""
    return (id(function.__self__), id(function.__func__)) if isinstance(function, MethodType) else (id(function),)
