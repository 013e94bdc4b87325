"""Guards that do not work: above the route instead of below it, or for a source that does not exist."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from types import MethodType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakMethod, ref

from flask import Flask, current_app
from flask.views import MethodView, http_method_funcs

from ..challenges.sources import Sources
from ..exceptions import UnknownSource
from ..state import current_state

_View: TypeAlias = Callable[..., Any]

#: More decorators than anybody puts on a view: objects that make up attributes as they are asked have no last one.
_MOST_DECORATORS = 100
_EXAMINED = "guards were examined"

_logger = logging.getLogger("flask_captcha_api")

#: Every function that ``verify_captcha`` has made and that is still in use, with the names of its sources.
_sources_of: WeakKeyDictionary[_View, Collection[str]] = WeakKeyDictionary()
#: What stands below guards, by :func:`_identity`, for as long as it is in use. The guards may not be: where one stands
#: above the route, nobody keeps it once the factory that made the app has returned.
_below_guards: dict[tuple[int, ...], ref[Any]] = {}


def remember(guard: _View, sources: Collection[str]) -> None:
    """Keep in mind a function that ``verify_captcha`` has made, for :func:`faults_of_guards`."""
    _sources_of[guard] = sources
    for function in islice(_chain(guard), 1, None):
        _remember_below(function)


def _remember_below(function: Any) -> None:
    key = _identity(function)
    refer = WeakMethod if isinstance(function, MethodType) else ref
    with suppress(TypeError):  # nothing can refer to it weakly
        _below_guards[key] = refer(function, lambda _: _below_guards.pop(key, None))


def log_faults_once() -> None:
    """Log what is wrong with the current app's guards, at the first call in this process."""
    state = current_state()
    if state.is_news(_EXAMINED):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
        for fault in faults_of_guards(app, state.sources):
            _logger.error(fault)


def faults_of_guards(app: Flask, sources: Sources) -> list[str]:
    """Return a sentence for each guard of the app that never runs, and for each that names an unknown source.

    A guard never runs where it was put above ``@app.route``, or ``@app.before_request``: Flask then calls the function
    below it. Only guards of views that are registered in this app, and unguarded there, are looked at: others may
    belong to other apps, or to blueprints that are registered nowhere. Where an extension registers a function of its
    own that wraps the view, what it wraps is looked at too, unless a guard that does run stands above that: a view may
    have two ways in.
    """
    unguarded: list[tuple[str, _View]] = []
    guarded: set[tuple[int, ...]] = set()
    faults: list[str] = []
    for endpoint, view in list(app.view_functions.items()):
        for function in _called_for(view):
            guards = [each for each in _chain(function) if _is_guard(each)]
            if guards:
                guarded.update(map(_identity, _chain(function)))
            else:
                unguarded.append((endpoint, function))
            for guard in guards:
                faults += _unknown_sources(endpoint, _sources_of[guard], sources)
    for endpoint, function in unguarded:
        registered, *wrapped = map(_identity, _chain(function))
        if registered in _below_guards or any(each in _below_guards and each not in guarded for each in wrapped):
            faults.append(
                f"view {endpoint!r} is not guarded: @verify_captcha is above @app.route (or was applied to the "
                "view after it was registered), so Flask calls the function below it: move it below the route"
            )
    for hook in chain.from_iterable(list(app.before_request_funcs.values())):
        if not _has_guard(hook) and _identity(hook) in _below_guards:
            name = getattr(hook, "__name__", type(hook).__name__)
            faults.append(
                f"before_request function {name!r} is not guarded: @verify_captcha is above @app.before_request, so "
                "Flask calls the function below it: move it below that line"
            )
    return list(dict.fromkeys(faults))


def _unknown_sources(endpoint: str, names: Collection[str], sources: Sources) -> Iterator[str]:
    for name in names:
        try:
            sources.find(name)
        except UnknownSource as error:
            yield f"every request to view {endpoint!r} fails, because of its source=: {error}"


def _called_for(view: _View) -> list[_View]:
    """List what has a guard for a view, or could have one: the view, and where it is of a class, the methods of that.

    What guards the view as a whole guards its methods, and the view counts as guarded where any of them is.
    """
    view_class = getattr(view, "view_class", None)
    if not isinstance(view_class, type) or _has_guard(view):
        return [view]
    dispatch: _View = getattr(view_class, "dispatch_request", view)
    if _has_guard(dispatch):
        return [dispatch]
    methods = [getattr(view_class, name) for name in http_method_funcs if hasattr(view_class, name)]
    if dispatch is not MethodView.dispatch_request:  # which all such classes share
        methods.append(dispatch)
    return methods if any(map(_has_guard, methods)) else [view, *methods]


def _has_guard(function: Any) -> bool:
    return any(map(_is_guard, _chain(function)))


def _chain(function: Any) -> Iterator[Any]:
    """List a function and, from the outside in, what decorators, partials and bound methods have wrapped in it."""
    for _ in range(_MOST_DECORATORS):
        if function is None:
            return
        yield function
        if isinstance(function, MethodType):  # whose attributes are those of its function
            function = function.__func__
        elif isinstance(function, partial):
            function = function.func
        else:
            function = getattr(function, "__wrapped__", None)


def _is_guard(function: Any) -> bool:
    try:
        return function in _sources_of
    except TypeError:  # it has no hash, or nothing can refer to it weakly
        return False


def _identity(function: Any) -> tuple[int, ...]:
    """Return what two functions share that are the same one. A bound method is made anew whenever it is asked for."""
    return (id(function.__self__), id(function.__func__)) if isinstance(function, MethodType) else (id(function),)
