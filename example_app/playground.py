"""The playground: a page to try the settings of a captcha, with the code for them and what a pass costs a program.

The page is rendered for the choices in its query. There is a source for each combination of the choices that are
settings of a source; the others (theme, language, direction) belong to the page.

It imports internals of the package, for the sources and the prices, which an app need not do.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from flask import Flask, Response, render_template, request

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.challenges.sources import Source
from flask_captcha_api.cli.prices import SECONDS_PER_SQUARING, cents_on_cpu, short, ways_into
from flask_captcha_api.state import current_state

from . import add_security_headers
from .envelope import Result, envelope
from .settings import settings_from_environment

#: By value: the settings that it stands for, and its label on the page. The first is the default.
Options = Mapping[str, tuple[Mapping[str, Any], str]]

#: What a source is made of. Its name is the values in this order.
OF_SOURCE: Mapping[str, Options] = {
    "kind": {
        "digits": ({"kind": "digits"}, "Digits"),
        "letters": ({"kind": "letters"}, "Letters"),
        "arithmetic": ({"kind": "arithmetic"}, "Calculation"),
    },
    "difficulty": {
        "auto": ({}, "Automatic"),
        "calm": ({"difficulty": "calm"}, "Calm"),
        "normal": ({"difficulty": "normal"}, "Normal"),
        "hard": ({"difficulty": "hard"}, "Hard"),
    },
    "size": {
        "332": ({"width": 332, "height": 180}, "332 × 180"),
        "166": ({"width": 166, "height": 90}, "166 × 90"),
        "480": ({"width": 480, "height": 180}, "480 × 180"),
    },
    "sound": {"on": ({}, "On"), "off": ({"audio": False}, "Off")},
    "work": {
        "none": ({}, "None"),
        "also": ({"work": 50_000}, "Besides"),
        "alone": ({"work_alone": 200_000}, "Instead"),
    },
}
THEMES = {"auto": "As the page", "light": "Light", "dark": "Dark"}
DIRECTIONS = {"auto": "Automatic", "ltr": "Left to right", "rtl": "Right to left"}
#: The snippets by tab: file names and templates.
SNIPPETS = {
    "Jinja": {"app.py": "jinja.py", "templates/login.html": "jinja.html"},
    "JSON": {"app.py": "view.py", "A script": "json.js"},
    "React": {"app.py": "view.py", "Login.jsx": "react.jsx"},
    "Flask-WTF": {"app.py": "wtf.py", "templates/login.html": "wtf.html"},
}


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Create the app.

    :param settings: override those from the environment and the playground's own.
    """
    app = Flask(__name__)
    app.config.from_mapping(settings_from_environment())
    app.config.from_mapping(
        CAPTCHA_SOURCES=every_source(),
        # A visitor who tries all settings gets a captcha for each, and a sound counts as ten.
        CAPTCHA_RATE_LIMIT="200 per minute",
    )
    app.config.from_mapping(settings)
    CaptchaApi(app)
    app.after_request(add_security_headers)

    @app.get("/")
    def playground() -> str:
        labels = {name: {value: label for value, (_, label) in each.items()} for name, each in OF_SOURCE.items()}
        options = {**labels, "theme": THEMES, "language": _languages(), "direction": DIRECTIONS}
        chosen = {name: _chosen(name, options[name]) for name in options}
        direction = chosen["direction"]
        if direction == "auto":
            direction = current_state().translations.catalogues[chosen["language"]].direction
        source = current_state().sources.find("-".join(chosen[name] for name in OF_SOURCE))
        return render_template(
            "playground.html",
            options=options,
            chosen=chosen,
            source=source.name,
            direction=direction,
            snippets=snippets_for({**chosen, "direction": direction}),
            price=_price(source),
        )

    # A real view accepts the captchas of its own form only.
    @app.post("/check")
    @verify_captcha("uuid", "code", source=every_source())
    def check() -> Response:
        return envelope(Result.SUCCESS, "ok")

    return app


def every_source() -> dict[str, dict[str, Any]]:
    """Return the settings of the source for each combination of choices, by name."""
    # The page says which theme it wants, as any page with the widget does.
    return {"-".join(values): {**_settings(values), "theme": "auto"} for values in product(*OF_SOURCE.values())}


def _settings(values: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings for one value of each part of a source."""
    settings: dict[str, Any] = {}
    for options, value in zip(OF_SOURCE.values(), values, strict=True):
        settings |= options[value][0]
    return settings


def _languages() -> dict[str, str]:
    catalogues = current_state().translations.catalogues
    return {"en": catalogues["en"].name} | {tag: each.name for tag, each in sorted(catalogues.items())}


def _chosen(name: str, options: Mapping[str, str]) -> str:
    """Return the value in the query, or the default if it is none of the options."""
    value = request.args.get(name, "")
    return value if value in options else next(iter(options))


def snippets_for(chosen: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the code for the choices: by tab, the files."""
    settings = _settings(tuple(chosen[name] for name in OF_SOURCE)) | {"theme": chosen["theme"]}

    def snippet(template: str) -> str:
        return render_template(f"snippets/{template}.txt", settings=settings, **chosen)

    return {tab: {name: snippet(template) for name, template in files.items()} for tab, files in SNIPPETS.items()}


def _price(source: Source) -> dict[str, Any]:
    """Return what a pass costs: to a program, by each way into the source, and to the visitor's device."""
    ways_in = [
        (way.form, None, None)
        if way.seconds is None
        else (way.form, short(way.seconds), short(cents_on_cpu(way.seconds)))
        for way in ways_into(source, has_sound=source.may_have_sound)
    ]
    squarings = source.settings.work or source.settings.work_alone
    best_guess = source.kind.best_guess
    return {
        "ways_in": ways_in,
        "guess": best_guess and f"{round(1 / best_guess(source.settings.length)):,}",
        "phone": squarings and short(squarings * SECONDS_PER_SQUARING["phone"]),
    }
