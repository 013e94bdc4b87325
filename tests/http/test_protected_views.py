"""Guards that do not work: which are found, where that is said, and what is left alone."""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.http.protected_views import find_faults

NOT_GUARDED = (
    "view {!r} is not protected: @verify_captcha is above @app.route (or was applied to the view after it was "
    "registered), so Flask calls the function below it: move it below the route"
)
UNKNOWN = (
    "view {!r} fails in each request whose method needs a captcha, because of its source=: there is no source {!r}: "
    "CAPTCHA_SOURCES has {}"
)

Decorate = Callable[[Any], Any]


def noted(view: Callable[..., Any]) -> Callable[..., Any]:
    """Stand for any decorator that keeps what it wraps."""

    @wraps(view)
    def noting(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return noting


def chained(*decorators: Decorate) -> Callable[[], Any]:
    """Make a view with decorators, the outermost first."""

    def make() -> Any:
        def login() -> str:
            return "in"

        view: Any = login
        for decorate in reversed(decorators):
            view = decorate(view)
        return view

    return make


def faults(app: Flask) -> list[str]:
    return find_faults(app, app.extensions["captcha_api"].sources)


#: Decorators in an order in which the guard never runs. ``route`` stands for the registration.
WRONG_ORDERS: dict[str, Callable[[Decorate], Callable[[], Any]]] = {
    "above the route": lambda route: chained(verify_captcha(), route),
    "far above the route": lambda route: chained(verify_captcha(), noted, route),
    "above a decorated view": lambda route: chained(verify_captcha(), route, noted),
    "between two routes": lambda route: chained(noted, verify_captcha(), noted, route, noted),
    "two of them": lambda route: chained(verify_captcha(), verify_captcha(), route),
}


@pytest.mark.parametrize("owner", [None, "auth"], ids=["app", "blueprint"])
@pytest.mark.parametrize("order", WRONG_ORDERS.values(), ids=WRONG_ORDERS)
def test_a_guard_above_the_route_is_found(
    app: Flask, captcha: CaptchaApi, order: Callable[[Decorate], Callable[[], Any]], owner: str | None
) -> None:
    """Whatever other decorators stand between, and in a blueprint under its name there."""
    rules = Blueprint(owner, __name__) if owner else app
    kept = order(rules.post("/login"))()
    if isinstance(rules, Blueprint):
        app.register_blueprint(rules)
    assert faults(app) == [NOT_GUARDED.format(f"{owner}.login" if owner else "login")]
    assert callable(kept)


class Login(MethodView):
    def post(self) -> str:
        return "in"


class Guarded(MethodView):
    @verify_captcha()
    def post(self) -> str:
        return "in"

    def get(self) -> str:
        return "a form"


class GuardedAsAWhole(MethodView):
    decorators: ClassVar = [verify_captcha()]

    def post(self) -> str:
        return "in"


class Resource(MethodView):
    """Stand for extensions whose classes call the methods in a way of their own."""

    def dispatch_request(self, **kwargs: Any) -> Any:
        return super().dispatch_request(**kwargs)


class GuardedResource(Resource):
    @verify_captcha(source="login")
    def post(self) -> str:
        return "in"


class GuardedView(View):
    @verify_captcha()
    def dispatch_request(self) -> str:
        return "in"


class Views:
    def login(self) -> str:
        return "in"

    @verify_captcha()
    def guarded(self) -> str:
        return "in"


def test_a_guard_of_a_class_that_is_not_used_is_found(app: Flask, captcha: CaptchaApi) -> None:
    """The class was registered before its view was guarded."""
    view = Login.as_view("login")
    app.add_url_rule("/login", view_func=view)
    kept = verify_captcha()(view)
    assert faults(app) == [NOT_GUARDED.format("login")]
    assert callable(kept)


def test_a_guard_of_a_method_that_is_not_used_is_found(app: Flask, captcha: CaptchaApi) -> None:
    """The class is registered with the method below the guard, and with the bound method below it."""
    views = Views()
    app.add_url_rule("/class", view_func=Login.as_view("class"))
    app.add_url_rule("/bound", "bound", views.login)
    kept = [verify_captcha()(Login.post), verify_captcha()(views.login)]
    assert sorted(faults(app)) == [NOT_GUARDED.format("bound"), NOT_GUARDED.format("class")]
    assert all(map(callable, kept))


def test_a_guard_above_the_route_in_a_factory_is_found() -> None:
    """Nothing keeps the guard once the factory has returned."""

    def create_app() -> Flask:
        made = Flask("made")
        made.config["SECRET_KEY"] = "s"
        CaptchaApi(made)
        views = made.extensions["views"] = Views()
        chained(verify_captcha(), made.post("/login"))()
        made.add_url_rule("/bound", "bound", views.login)
        verify_captcha()(views.login)
        return made

    assert faults(create_app()) == [NOT_GUARDED.format("login"), NOT_GUARDED.format("bound")]


def wrapping(app: Flask, path: str) -> Decorate:
    """Stand for the routes of extensions that register a function of their own and give back the view."""

    def register(view: Callable[..., Any]) -> Callable[..., Any]:
        app.add_url_rule(path, path[1:], noted(view), methods=["POST"])
        return view

    return register


def test_a_guard_above_a_route_that_wraps_the_view_is_found(app: Flask, captcha: CaptchaApi) -> None:
    """What Flask calls is not what the guard guards, and wraps the same view."""
    chained(verify_captcha(), wrapping(app, "/login"))()
    assert faults(app) == [NOT_GUARDED.format("login")]


def test_another_way_into_a_guarded_view_is_left_alone(app: Flask, captcha: CaptchaApi) -> None:
    """As with a key, say, for whoever needs no captcha; the guard is used for the others."""
    view = chained()()
    wrapping(app, "/with-a-key")(view)
    app.post("/login")(verify_captcha()(view))
    assert faults(app) == []


@pytest.mark.parametrize("owner", [None, "auth"], ids=["app", "blueprint"])
def test_a_guard_above_a_hook_is_found(app: Flask, captcha: CaptchaApi, owner: str | None) -> None:
    """Of a hook that guards every view; below ``before_request`` it is left alone."""
    rules = Blueprint(owner, __name__) if owner else app
    chained(verify_captcha(), rules.before_request)()
    chained(rules.before_request, verify_captcha())()
    if isinstance(rules, Blueprint):
        app.register_blueprint(rules)
    assert faults(app) == [
        "before_request function 'login' is not protected: @verify_captcha is above @app.before_request, so Flask "
        "calls the function below it: move it below that line"
    ]


def test_a_class_is_refused() -> None:
    """Extensions register classes: a guard above such a route would guard nothing."""
    with pytest.raises(TypeError, match="cannot protect the class Login: put it on the class's methods"):
        verify_captcha()(Login)


RIGHT_VIEWS: dict[str, Callable[[], Any]] = {
    "guarded": chained(verify_captcha()),
    "below others": chained(noted, verify_captcha(), noted),
    "a partial": lambda: partial(chained(verify_captcha())()),
    "method": lambda: Guarded.as_view("guarded"),
    "class": lambda: GuardedAsAWhole.as_view("guarded"),
    "class that is decorated": lambda: verify_captcha()(Login.as_view("guarded")),
    "method of an extension's class": lambda: GuardedResource.as_view("guarded"),
    "dispatch": lambda: GuardedView.as_view("guarded"),
    "bound method": lambda: Views().guarded,
    "unguarded": chained(noted),
}


@pytest.mark.parametrize("make", RIGHT_VIEWS.values(), ids=RIGHT_VIEWS)
def test_a_guard_below_the_route_is_left_alone(
    app: Flask, captcha: CaptchaApi, make: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is said of what is as it should be."""
    app.add_url_rule("/login", "login", make(), methods=["POST"])
    assert faults(app) == []
    app.test_client().post("/login")
    assert caplog.records == []


def test_guards_of_others_are_left_alone(app: Flask, captcha: CaptchaApi) -> None:
    """Of another app that a factory has made, of an app without captchas, and of blueprints registered nowhere."""

    def make_app() -> Flask:
        made = Flask("made")
        made.config["SECRET_KEY"] = "s"
        CaptchaApi(made)
        made.post("/login")(chained(verify_captcha())())
        return made

    def login() -> str:
        return "in"

    unregistered = Blueprint("unregistered", __name__)
    kept = [
        verify_captcha(source="nowhere")(unregistered.post("/login")(login)),
        verify_captcha()(Flask("bare").post("/login")(login)),
    ]
    app.post("/login")(chained(verify_captcha())())
    assert [faults(each) for each in (app, make_app(), make_app())] == [[], [], []]
    assert all(map(callable, kept))


def test_a_view_without_a_last_decorator_is_left_alone(app: Flask, captcha: CaptchaApi) -> None:
    """Such objects, which some proxies are, have another ``__wrapped__`` below every one."""

    class Endless:
        @property
        def __wrapped__(self) -> Any:
            return Endless()

        def __call__(self) -> str:
            return "in"

    app.add_url_rule("/endless", "endless", Endless())
    assert faults(app) == []


@pytest.mark.parametrize(
    ("sources", "source", "text"),
    [
        ({"login": {}, "sms": {}}, "lgoin", UNKNOWN.format("login", "lgoin", "login, sms")),
        ({"login": {}, "sms": {}}, ["sms", "lgoin"], UNKNOWN.format("login", "lgoin", "login, sms")),
        ({"login": {}}, "Login", UNKNOWN.format("login", "Login", "login")),
    ],
)
def test_a_source_that_does_not_exist_is_found(app: Flask, sources: Any, source: Any, text: str) -> None:
    """With those there are, and wherever in the chain of decorators the guard stands."""
    app.config["CAPTCHA_SOURCES"] = sources
    CaptchaApi(app)
    app.post("/login")(chained(noted, verify_captcha(source=source))())
    assert faults(app) == [text]


@pytest.mark.parametrize("wrap", [lambda view: view, noted], ids=["", "decorated"])
def test_a_source_of_a_methods_guard_is_looked_for(app: Flask, wrap: Decorate) -> None:
    """In classes of Flask and of its extensions."""
    app.config["CAPTCHA_SOURCES"] = {"sms": {}}
    CaptchaApi(app)
    app.add_url_rule("/login", view_func=wrap(GuardedResource.as_view("login")))
    assert faults(app) == [UNKNOWN.format("login", "login", "sms")]


@pytest.mark.parametrize("owner", ["app", "blueprint"])
def test_a_source_of_a_hooks_guard_is_looked_for(app: Flask, owner: str) -> None:
    """Every request that the hook is for would fail."""
    app.config["CAPTCHA_SOURCES"] = {"sms": {}}
    CaptchaApi(app)
    rules = app if owner == "app" else Blueprint("shop", __name__)

    @rules.before_request
    @verify_captcha(source="login")
    def protect() -> None:
        """Protect all views."""

    if isinstance(rules, Blueprint):
        app.register_blueprint(rules)
    assert faults(app) == [
        "before_request function 'protect' fails in each request whose method needs a captcha, because of its source=: "
        "there is no source 'login': CAPTCHA_SOURCES has sms"
    ]


@pytest.mark.parametrize(("sources", "source"), [({"login": {}}, "login"), ({"login": {}}, None), (None, "anything")])
def test_a_source_that_exists_is_left_alone(app: Flask, sources: Any, source: Any) -> None:
    """Where no sources are configured, every name is one."""
    app.config["CAPTCHA_SOURCES"] = sources
    CaptchaApi(app)
    app.post("/login")(chained(verify_captcha(source=source))())
    assert faults(app) == []


def test_the_first_request_logs_it_once(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Any request to the app does, whichever view it is for."""
    app.config["CAPTCHA_SOURCES"] = {"login": {}}
    CaptchaApi(app)
    kept = chained(verify_captcha(), app.post("/login"))()
    app.post("/sms", endpoint="sms")(chained(verify_captcha(source="sms"))())
    client = app.test_client()
    assert [client.get("/nothing").status_code for _ in range(2)] == [404, 404]
    assert [(record.name, record.levelno, record.getMessage()) for record in caplog.records] == [
        ("flask_captcha_api", logging.ERROR, UNKNOWN.format("sms", "sms", "login")),
        ("flask_captcha_api", logging.ERROR, NOT_GUARDED.format("login")),
    ]
    assert callable(kept)


def test_the_check_says_it_and_fails(app: Flask) -> None:
    """The same sentences, without a request."""
    app.config["CAPTCHA_SOURCES"] = {"login": {}}
    CaptchaApi(app)
    kept = chained(verify_captcha(), app.post("/login"))()
    app.post("/sms", endpoint="sms")(chained(verify_captcha(source="sms"))())
    with app.app_context():
        report = diagnose(app)
    assert report.errors == [
        UNKNOWN.format("sms", "sms", "login"),
        NOT_GUARDED.format("login"),
    ]
    assert app.test_cli_runner().invoke(args=["captcha", "check"]).exit_code == 1
    assert callable(kept)
