"""Rows in which 64 clients fight over each captcha, and one may win."""

from collections import Counter

from tests.support.apps import KNOWN_ANSWER
from tests.support.backends import running
from tests.support.gunicorn import Site
from tests.support.servers import memcached_server, redis_server

from . import caches
from .ledger import GONE, PASSED, Tally
from .row import Finding, Run
from .volley import Volley, request

CLIENTS = 64
CAPTCHAS = 2000
#: Of the clients, how many each worker has to serve at least, so that the fight is one between processes too.
LEAST_OF_ONE_WORKER = 24


def on_redis(run: Run) -> Finding:
    """Fight over captchas in Redis."""
    with running(redis_server(run.directory)) as server:
        return _fight(run, caches.redis(server))


def on_memcached(run: Run) -> Finding:
    """Fight over captchas in memcached, through pylibmc."""
    with running(memcached_server(run.directory)) as server:
        return _fight(run, caches.pylibmc(server))


def on_files(run: Run) -> Finding:
    """Fight over captchas in files."""
    return _fight(run, caches.files(run.directory))


def _fight(run: Run, settings: caches.Settings) -> Finding:
    answers: Counter[str] = Counter()
    passes: list[int] = []
    with (
        run.site(settings, "--threads=8", "--keep-alive=60") as site,
        Volley(site, clients=CLIENTS, least=LEAST_OF_ONE_WORKER) as volley,
    ):
        uuids = [_issue(site) for _ in range(run.count(CAPTCHAS))]
        for number, uuid in enumerate(uuids):
            if number % 50 == 0:
                run.tell(f"captcha {number:,} of {len(uuids):,}")
            codes = [
                PASSED if status == 200 else body.get("code", f"HTTP {status}")
                for status, body in volley.fire(request("POST", "/guarded", {"uuid": uuid, "code": KNOWN_ANSWER}))
            ]
            answers.update(codes)
            passes.append(codes.count(PASSED))
        shares = " and ".join(str(count) for count in sorted(volley.shares.values()))
    tally = Tally(
        issued=len(uuids),
        passed=sum(count > 0 for count in passes),
        lost=passes.count(0),
        double=sum(count > 1 for count in passes),
        answers=answers,
    )
    return Finding(
        f"{answers[PASSED]:,} requests passed and {answers[GONE]:,} found the captcha gone; the two workers, of 8 "
        f"threads each, served {shares} of the clients",
        tally,
    )


def _issue(site: Site) -> str:
    status, body, _ = site.ask("GET", "/captcha/web")
    if status != 200:
        raise RuntimeError(f"no captcha to fight over: {body}")
    return str(body["response"]["uuid"])
