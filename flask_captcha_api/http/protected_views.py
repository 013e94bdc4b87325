"""Finds views that ``verify_captcha`` does not protect, and those whose source does not exist."""

import logging
from collections.abc import Callable, Collection, Iterator
from functools import partial
from types import MethodType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from flask import Flask, current_app
from flask.views import MethodView, http_method_funcs

from ..challenges.sources import Sources
from ..exceptions import UnknownSource
from ..state import current_state

_View: TypeAlias = Callable[..., Any]

#: Bounds the search in objects that have every attribute, such as mocks, whose chain of decorators never ends.
_MOST_DECORATORS = 100
_FAULTS_LOGGED = "faults of protected views were logged"

_logger = logging.getLogger("flask_captcha_api")

#: Every live wrapper that ``verify_captcha`` has returned, with the names of its sources.
_sources_of: WeakKeyDictionary[_View, Collection[str]] = WeakKeyDictionary()


def register_wrapper(wrapper: _View, sources: Collection[str]) -> None:
    """Register a function that ``verify_captcha`` returned, for :func:`find_faults`."""
    _sources_of[wrapper] = sources


def log_faults_once() -> None:
    """Log the faults of the current app's protected views, at the first call in this process."""
    state = current_state()
    if state.is_first(_FAULTS_LOGGED):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the app behind the proxy
        for fault in find_faults(app, state.sources):
            _logger.error(fault)


def find_faults(app: Flask, sources: Sources) -> list[str]:
    """Return a message for each view whose ``verify_captcha`` never runs, or names an unknown source.

    The decorator never runs if it is above ``@app.route``, because Flask then calls the function below it. Only views
    that are registered in this app, and unprotected there, are reported: other wrappers may belong to other apps, or to
    blueprints that are not registered.
    """
    unprotected: dict[tuple[int, ...], str] = {}
    faults: list[str] = []
    for endpoint, view in list(app.view_functions.items()):
        for function in _protectable(view):
            wrappers = [each for each in _chain(function) if _is_wrapper(each)]
            if not wrappers:
                unprotected[_identity(function)] = endpoint
            for name in [name for wrapper in wrappers for name in _sources_of[wrapper]]:
                try:
                    sources.find(name)
                except UnknownSource as error:
                    faults.append(f"every request to view {endpoint!r} fails, because of its source=: {error}")
    for wrapper in [reference() for reference in _sources_of.keyrefs()]:
        for function in _chain(wrapper):
            if endpoint := unprotected.pop(_identity(function), ""):
                faults.append(
                    f"view {endpoint!r} is not protected: @verify_captcha is above @app.route (or was applied to the "
                    "view after it was registered), so Flask calls the function below it: move it below the route"
                )
    return list(dict.fromkeys(faults))


def _protectable(view: _View) -> list[_View]:
    """Return the functions that may have a wrapper for a view: the view itself or, for a class, also its methods.

    A wrapper around the whole view protects all its methods, and a view counts as protected if any method is.
    """
    view_class = getattr(view, "view_class", None)
    if not isinstance(view_class, type) or _has_wrapper(view):
        return [view]
    dispatch: _View = getattr(view_class, "dispatch_request", view)
    if _has_wrapper(dispatch):
        return [dispatch]
    methods = [getattr(view_class, name) for name in http_method_funcs if hasattr(view_class, name)]
    if dispatch is not MethodView.dispatch_request:  # shared by all such classes
        methods.append(dispatch)
    return methods if any(map(_has_wrapper, methods)) else [view, *methods]


def _has_wrapper(function: Any) -> bool:
    return any(map(_is_wrapper, _chain(function)))


def _chain(function: Any) -> Iterator[Any]:
    """Yield a function and, from the outside in, the functions that decorators, partials and methods wrap in it."""
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
