"""The demo, which ``make demo`` serves: the playground at ``/`` and the example app beside it, with tabs to both.

They are two apps: the example has what an app needs, and the playground a source for every combination of settings.
"""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from . import create_app as create_example
from . import playground

EXAMPLE = "/example"
#: The tabs: titles and paths. The login page also has the form that changes the password, once a visitor is signed in.
TABS = {
    "Play": "/",
    "Sign in": f"{EXAMPLE}/",
    "Register": f"{EXAMPLE}/register",
    "Password": f"{EXAMPLE}/#change-password",
}


def create_app() -> Flask:
    """Create the playground, with the example app below ``/example``."""
    app, example = playground.create_app(), create_example()
    for each in (app, example):
        each.jinja_env.globals["tabs"] = TABS
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {EXAMPLE: example.wsgi_app})  # type: ignore[method-assign]
    return app
