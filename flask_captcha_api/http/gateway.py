"""Issues and verifies captchas for the current request: the one desk behind all doors.

A door (a JSON route, a protected view, a form field, a page with the widget) reads its input, comes here, and presents
the reply. Only here is the client counted and authenticated and the service asked, and only here do exceptions become
results.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from flask import request

from ..exceptions import NoSound, SetupError, StoreUnavailable, TooManyRequests, Unauthorized, UnknownSource
from ..outcome import Outcome
from ..rendering import FORMS
from ..service import Captcha, CaptchaService
from ..state import current_service, current_state, is_one_of_several_processes
from ..throttling.rate_limits import RateLimit, limit_on_issuing, limit_on_verifying
from .fetch_metadata import is_forced_by_another_site, is_unreadable
from .jwt import Caller, caller_by_header, caller_of_page, caller_of_route
from .results import Result

_logger = logging.getLogger("flask_captcha_api")

_RESULTS = {
    Outcome.PASSED: Result.SUCCESS,
    Outcome.WRONG: Result.CAPTCHA_WRONG,
    Outcome.GONE: Result.CAPTCHA_GONE,
    Outcome.MALFORMED: Result.CAPTCHA_REQUIRED,
}


@dataclass(frozen=True)
class Door:
    """How one kind of caller differs from the others, on purpose.

    :param refuses: requests that are turned away uncounted: the client could not read the answer, or did not choose to
        ask.
    :param refused_as: what such a request gets.
    :param authenticate: returns who the client is, given the source's ``jwt`` setting. A protected view ignores that:
        there the Authorization header alone counts.
    :param source_is_input: whether the client chose the source. Otherwise the developer did, and an unknown one is an
        error of theirs.
    """

    refuses: Callable[[], bool]
    refused_as: Result
    authenticate: Callable[[str], Caller | None]
    source_is_input: bool


JSON_ROUTE = Door(is_unreadable, Result.SOURCE_UNKNOWN, caller_of_route, source_is_input=True)
#: A page with the widget.
PAGE = Door(is_forced_by_another_site, Result.SOURCE_UNKNOWN, caller_of_page, source_is_input=False)
#: A protected view, and a form field, which protects the view that validates it.
PROTECTED_VIEW = Door(
    is_forced_by_another_site, Result.CAPTCHA_REQUIRED, lambda _: caller_by_header(), source_is_input=False
)


@dataclass(frozen=True)
class Reply:
    """What a door presents.

    :param captcha: what was issued; None if nothing was.
    :param outcome: what became of a captcha that was tried; None if it was not looked at.
    :param caller: whose request this is; None if it is anonymous, or was refused.
    :param retry_after: seconds, for the results that advise to wait; None: the default.
    """

    result: Result
    captcha: Captcha | None = None
    outcome: Outcome | None = None
    caller: Caller | None = None
    retry_after: int | None = None


def issue(door: Door, source_name: str, *, form: str, language: Callable[[], str], only_headers: bool = False) -> Reply:
    """Issue a captcha.

    :param language: returns the language of a sound. Called once the client is admitted.
    :param only_headers: for HEAD: everything but the captcha.
    :raises UnknownSource: a LookupError, unless the door's source is input.
    """

    def attempt() -> Reply:
        source = current_state().sources.find(source_name)
        if form == "audio" and not source.settings.audio:
            raise NoSound(source_name)
        caller = _admit(door, source.settings.jwt, limit_on_issuing(source), cost=FORMS[form].counts_as)
        service = _service()
        if only_headers:
            return Reply(Result.SUCCESS, caller=caller)
        identity = caller.identity if caller else None
        captcha = service.issue(source_name, form=form, identity=identity, language=language())
        return Reply(Result.SUCCESS, captcha, caller=caller)

    return _answer(door, attempt)


def verify(
    door: Door,
    read: Callable[[], tuple[object, object]],
    *,
    sources: Collection[str] = (),
    unless: Callable[[], bool] | None = None,
) -> Reply:
    """Verify a captcha, which spends it.

    :param read: returns uuid and text as the client sent them. Called once the client is admitted.
    :param sources: the sources whose captchas count; empty: any.
    :param unless: returns whether the request needs no captcha. What it raises is raised here, but for our own errors.
    :raises UnknownSource: a LookupError, unless the door's source is input.
    """

    def attempt() -> Reply:
        accepted = [current_state().sources.find(name) for name in sources]
        policy = accepted[0].settings.jwt if accepted else "optional"
        caller = _admit(door, policy, limit_on_verifying(*accepted))
        service = _service()
        identity = caller.identity if caller else None
        outcome = service.verify(*read(), source=sources or None, identity=identity)
        return Reply(_RESULTS[outcome], outcome=outcome, caller=caller)

    if unless is not None and not door.refuses():
        try:
            if unless():
                return Reply(Result.SUCCESS)
        except (SetupError, StoreUnavailable) as error:
            return _unavailable(error)
    return _answer(door, attempt)


def _admit(door: Door, policy: str, limit: RateLimit, cost: int = 1) -> Caller | None:
    """Count the address, authenticate the client, and count its identity.

    In this order: an attacker who varies the token has to be counted all the same.
    """
    limit.count_address(request.remote_addr, cost)
    caller = door.authenticate(policy)
    if caller:
        limit.count_identity(caller.identity, cost)
    return caller


def _service() -> CaptchaService:
    """Return the service, unless the server runs several processes that would not see each other's captchas."""
    if current_state().store.get().is_private_to_process and is_one_of_several_processes():
        raise SetupError(
            "this server runs several processes and SimpleCache is private to each, so most captchas could not be "
            "verified: set CACHE_TYPE to RedisCache, or FileSystemCache on a single host; if there is one process "
            "after all, set CAPTCHA_SINGLE_PROCESS"
        )
    return current_service()


def _answer(door: Door, attempt: Callable[[], Reply]) -> Reply:
    """Return the reply to a request, whatever happens."""
    if door.refuses():
        return Reply(door.refused_as)
    try:
        return attempt()
    except UnknownSource:
        if not door.source_is_input:
            raise
        return Reply(Result.SOURCE_UNKNOWN)
    except NoSound:
        return Reply(Result.SOURCE_UNKNOWN)
    except Unauthorized:
        return Reply(Result.UNAUTHORIZED)
    except TooManyRequests as error:
        return Reply(Result.TOO_MANY_REQUESTS, retry_after=error.seconds)
    except (SetupError, StoreUnavailable) as error:
        return _unavailable(error)
    except Exception:  # of the app's own makers, drawings and callbacks
        _logger.exception("a captcha could not be issued or verified")
        return Reply(Result.STORE_UNAVAILABLE)


def _unavailable(error: SetupError | StoreUnavailable) -> Reply:
    """Log why captchas do not work: a fault in the set-up once per process, an outage at every request."""
    if isinstance(error, StoreUnavailable):
        _logger.error("the captcha store is unavailable: %s", error)
    elif current_state().is_news(str(error)):
        _logger.error("captchas cannot work: %s", error)
    return Reply(Result.STORE_UNAVAILABLE)
