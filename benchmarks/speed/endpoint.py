"""What a captcha costs beside a bare Flask view: every call goes through ``app.wsgi_app``, in one process.

Prints a table of medians over interleaved rounds, in microseconds and in bare views. Run it by ``make bench-endpoint``.
"""

import argparse
import json
import logging
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import BytesIO
from typing import Any

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager
from werkzeug.test import create_environ

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.sources import UNCOUNTED
from flask_captcha_api.rendering import FORMS
from flask_captcha_api.settings.config import SourceConfig
from flask_captcha_api.testing import answers

from ..charts import Bar
from ..environment import versions_of
from ..record import keep

ROUNDS = 15
CALLS = 200
ANSWER = "40718"
MOST_FOR_GET = 6
MOST_FOR_VERIFY = 4
MOST_FOR_LIMIT = 2
MOST_FOR_REFUSAL = 2
#: What a puzzle may cost, as a share of what a picture costs.
MOST_FOR_WORK = 1
NO_HEADERS: Mapping[str, str] = {}
#: About as much as gunicorn's default limits let through, 100 lines of 8,190 bytes, for each of the headers that are
#: parsed: lines of one name arrive joined by commas.
LARGE_HEADERS = {"HTTP_ACCEPT_LANGUAGE": "a;b," * 190_000, "HTTP_AUTHORIZATION": "Bearer x," * 85_000}


#: Requests with large headers that are refused: name of the row, method, status.
REFUSALS = (
    ("refused by limit", "GET", "429 TOO MANY REQUESTS"),
    ("refused by token", "POST", "401 UNAUTHORIZED"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="write the table and the chart for the documentation")
    chosen = parser.parse_args()

    logging.getLogger("flask_captcha_api").setLevel(logging.ERROR)  # it warns of a limit as generous as this one
    app, limited = make_app(), make_app(CAPTCHA_RATE_LIMIT="1000000 per hour")
    working = make_app(CAPTCHA_WORK_ALONE=200_000)
    refusing = make_app(
        CAPTCHA_RATE_LIMIT="1 per day", CAPTCHA_AUDIO=False, CAPTCHA_LANGUAGE="auto", CAPTCHA_JWT="optional"
    )
    JWTManager(refusing)
    call(refusing, "GET", "/captcha/x")
    with answers(app, ANSWER):
        samples: dict[str, list[float]] = {}
        for number in range(ROUNDS + 1):
            print(f"\rround {number} of {ROUNDS}", end="", file=sys.stderr, flush=True)
            for name, seconds in measure_round(app, limited, working, refusing):
                if number:  # the first round warms up
                    samples.setdefault(name, []).append(seconds)
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)
    medians = {name: statistics.median(each) for name, each in samples.items()}
    report(medians)
    if chosen.keep:
        keep_for_documentation(medians)


def make_app(**settings: Any) -> Flask:
    """Make an app with a bare view, the captcha routes and a guarded view, on the embedded SimpleCache."""
    app = Flask(__name__)
    app.config.update({"SECRET_KEY": "k" * 32, "CAPTCHA_JWT": "off", "CAPTCHA_DIFFICULTY": UNCOUNTED, **settings})
    CaptchaApi(app)

    @app.get("/bare")
    def bare() -> Any:
        return jsonify(status=True)

    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def guarded() -> Any:
        return jsonify(status=True)

    return app


def measure_round(app: Flask, limited: Flask, working: Flask, refusing: Flask) -> Iterator[tuple[str, float]]:
    """Measure each subject once: the mean of so many calls that the clock's grain does not matter."""
    settings = SourceConfig(difficulty=UNCOUNTED)
    rng = random.Random(1)
    yield "bare JSON view", timed(lambda: call(app, "GET", "/bare"))
    yield "picture alone", timed(lambda: FORMS["image"].render(KINDS["digits"], ANSWER, settings, rng, "en"))
    bodies = []

    def get() -> None:
        bodies.append(call(app, "GET", "/captcha/x"))

    yield "GET /captcha/x", timed(get)
    yield "GET /captcha/x/work", timed(lambda: call(working, "GET", "/captcha/x/work"))
    yield "GET, limited", timed(lambda: call(limited, "GET", "/captcha/x"))
    posts = iter([solved(body) for body in bodies])
    yield "POST /captcha/x", timed(lambda: call(app, "POST", "/captcha/x", next(posts)))
    guarded = iter([solved(call(app, "GET", "/captcha/x")) for _ in range(CALLS)])
    yield "guarded view", timed(lambda: call(app, "POST", "/guarded", next(guarded)))
    yield "GET + verify", timed(lambda: call(app, "POST", "/captcha/x", solved(call(app, "GET", "/captcha/x"))))
    for name, method, status in REFUSALS:
        yield name, timed(lambda: call(refusing, method, "/captcha/x", status=status, headers=LARGE_HEADERS))  # noqa: B023


def timed(subject: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    begin = time.perf_counter()
    for _ in range(CALLS):
        subject()
    return (time.perf_counter() - begin) / CALLS


def call(
    app: Flask,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    status: str = "200 OK",
    headers: Mapping[str, str] = NO_HEADERS,
) -> bytes:
    """Send one request through the WSGI stack and return the body of the response, which must have the status."""
    environ = {**environ_of(method, path), **headers, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda data: None

    answer = b"".join(app.wsgi_app(environ, start_response))
    if statuses != [status]:
        raise SystemExit(f"{method} {path} answered {statuses}: {answer.decode()}")
    return answer


@cache
def environ_of(method: str, path: str) -> dict[str, Any]:
    """Make what a server says of a request, once for all calls: making it is the server's work, not the app's."""
    content_type = "application/json" if method == "POST" else None
    return create_environ(path, method=method, content_type=content_type, environ_base={"REMOTE_ADDR": "127.0.0.1"})


def solved(body: bytes) -> bytes:
    """Return the request body that solves the captcha in an envelope."""
    return json.dumps({"uuid": json.loads(body)["response"]["uuid"], "code": ANSWER}).encode()


def report(medians: dict[str, float]) -> None:
    """Print the table and the figures that are held to a limit."""
    bare = medians["bare JSON view"]
    print(f"{'':19} {'µs':>8} {'bare views':>11}")
    for name, seconds in medians.items():
        print(f"{name:19} {seconds * 1e6:8.0f} {seconds / bare:11.1f}")
    over_picture = (medians["GET /captcha/x"] - medians["picture alone"]) / bare
    verify = medians["POST /captcha/x"] / bare
    print(f"\nGET costs the picture and {over_picture:.1f} bare views (at most {MOST_FOR_GET})")
    print(f"a verify costs {verify:.1f} bare views (at most {MOST_FOR_VERIFY})")
    work = medians["GET /captcha/x/work"] / medians["GET /captcha/x"]
    print(f"work costs {work:.2f} times a picture (at most {MOST_FOR_WORK})")
    limit = (medians["GET, limited"] - medians["GET /captcha/x"]) / bare
    print(f"a rate limit, counted in memory, costs {limit:.1f} bare views (at most {MOST_FOR_LIMIT})")
    refusal = max(medians[name] for name, _, _ in REFUSALS) / bare
    print(f"a refused request with large headers costs {refusal:.1f} bare views (at most {MOST_FOR_REFUSAL})")


def keep_for_documentation(medians: dict[str, float]) -> None:
    """Keep the table and the chart."""
    bare = medians["bare JSON view"]
    keep(
        "endpoint",
        command="make bench-endpoint",
        columns=("", "µs", "bare views"),
        rows=[(name, f"{seconds * 1e6:.0f}", f"{seconds / bare:.1f}") for name, seconds in medians.items()],
        versions=versions_of("flask", "werkzeug", "flask-caching", "pillow"),
        chart_title="Microseconds for a request, through the WSGI stack",
        bars=[
            Bar(name, seconds * 1e6, f"{seconds * 1e6:.0f} µs", name not in ("bare JSON view", "picture alone"))
            for name, seconds in medians.items()
        ],
    )


if __name__ == "__main__":
    main()
