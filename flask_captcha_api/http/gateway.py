"""Issues and verifies captchas for the current request, and turns exceptions into results.

Every entry point (JSON route, protected view, form field, page with the widget, siteverify) reads its input, calls
:func:`issue` or :func:`verify`, and presents the reply. Clients are counted and authenticated only here.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from flask import request

from ..captchas import Captcha, KeptCaptcha
from ..challenges.sources import DEFAULT_THEME
from ..exceptions import FormNotOffered, Refused, SetupError, StoreUnavailable, UnknownSource
from ..outcome import Outcome
from ..rendering import FORMS
from ..service import MOST_KEEPS, CaptchaService, Verification
from ..settings.config import Theme
from ..state import CaptchaState, current_state
from ..throttling.difficulty import difficulty_for
from ..throttling.rate_limits import RateLimit, limit_on_issuing, limit_on_verifying
from .fetch_metadata import is_forced_by_another_site, is_never_refused, is_unreadable
from .jwt.authentication import Caller, caller_of_page, caller_of_route, caller_of_site, caller_of_view
from .results import RESULT_OF, Result

_logger = logging.getLogger("flask_captcha_api")


@dataclass(frozen=True)
class EntryPoint:
    """How one kind of caller deliberately differs from the others.

    :param refuses: returns whether the current request is refused uncounted, because the client cannot read the
        response or did not send the request on purpose.
    :param refused_as: the result of such a request.
    :param authenticate: returns the client, given the source's ``jwt`` setting. A protected view ignores that setting:
        there the Authorization header alone counts.
    :param source_is_input: whether the client chose the source. Otherwise the developer did, and an unknown one raises.
    """

    refuses: Callable[[], bool]
    refused_as: Result
    authenticate: Callable[[str], Caller | None]
    source_is_input: bool


JSON_ROUTE = EntryPoint(is_unreadable, Result.SOURCE_UNKNOWN, caller_of_route, source_is_input=True)
#: A page with the widget.
PAGE = EntryPoint(is_forced_by_another_site, Result.SOURCE_UNKNOWN, caller_of_page, source_is_input=False)
#: A protected view, or a form field in a view that validates it.
PROTECTED_VIEW = EntryPoint(is_forced_by_another_site, Result.CAPTCHA_REQUIRED, caller_of_view, source_is_input=False)

#: A site's server, which verifies for its visitors and has shown its secret.
SITEVERIFY = EntryPoint(is_never_refused, Result.CAPTCHA_REQUIRED, caller_of_site, source_is_input=False)


@dataclass(frozen=True)
class Visitor:
    """A visitor of a site, whose server verifies the captcha.

    :param site: the name of the site.
    :param address: as the site's server reports it; None if it does not.
    """

    site: str
    address: str | None


class VerifiedCaptcha:
    """A captcha that has passed in this request, and is spent. Empty if ``unless`` let the request through."""

    def __init__(self, verification: Verification | None = None) -> None:
        self._verification = verification
        self._kept: KeptCaptcha | None = None

    def keep(self, keeps: int) -> KeptCaptcha | None:
        """Return a captcha to take its place, for a form that has to be sent again although the captcha was solved.

        The client sends the kept captcha's uuid and text instead of a solved one. It passes once, where captchas of the
        same source are accepted, for the same identity, and until the solved one would have expired.

        Never call this where a password or a one-time code is checked: every kept captcha allows another guess without
        solving a captcha. Further calls return the same one.

        :param keeps: how many times in a row a solved captcha may be kept, 0 to 9.
        :returns: None if the captcha has been kept that often or is about to expire, if there was none because
            ``unless`` let the request through, or if the store is unavailable. The visitor then solves another.
        :raises ValueError: ``keeps`` is not a whole number from 0 to 9.
        """
        check_keeps(keeps)
        verification, self._verification = self._verification, None  # a second call would make a second captcha
        if verification is not None:
            try:
                self._kept = current_state().service.keep(verification, keeps)
            except (SetupError, StoreUnavailable) as error:
                _unavailable(error)
        return self._kept


def check_keeps(keeps: object) -> None:
    """Raise ValueError unless ``keeps`` is a whole number from 0 to 9: an entry has one digit for it."""
    if isinstance(keeps, bool) or not isinstance(keeps, int) or not 0 <= keeps <= MOST_KEEPS:
        raise ValueError(f"keeps={keeps!r} must be a whole number from 0 to {MOST_KEEPS}")


@dataclass(frozen=True)
class Reply:
    """The result of a request, for an entry point to present.

    :param captcha: None if none was issued.
    :param outcome: None if no captcha was looked at.
    :param caller: None if the request is anonymous or was refused.
    :param retry_after: seconds, for results with a Retry-After header; None: the default.
    :param verified: the captcha that passed, if one did.
    """

    result: Result
    captcha: Captcha | None = None
    outcome: Outcome | None = None
    caller: Caller | None = None
    retry_after: int | None = None
    verified: VerifiedCaptcha = field(default_factory=VerifiedCaptcha)


def issue(
    entry: EntryPoint,
    source_name: str,
    *,
    form: str,
    language: Callable[[], str],
    theme: Callable[[], Theme] = lambda: DEFAULT_THEME,
    only_headers: bool = False,
) -> Reply:
    """Issue a captcha.

    :param language: returns the language of a sound. Called after the client was admitted.
    :param theme: returns the theme of a picture; called only for a source with ``auto``.
    :param only_headers: issue nothing, for HEAD, but check everything else.
    :raises UnknownSource: a LookupError, unless the source is the client's input.
    """

    def attempt() -> Reply:
        state = current_state()
        source = state.sources.find(source_name)
        if not FORMS[form].is_offered(source):  # asked here, so that the request is not counted
            raise FormNotOffered
        caller = _admit(entry, source.settings.jwt, limit_on_issuing(state.config, source), cost=FORMS[form].counts_as)
        service = _service_of(state)
        if only_headers:
            return Reply(Result.SUCCESS, caller=caller)
        identity = caller.identity if caller else None
        captcha = service.issue(
            source_name,
            form=form,
            identity=identity,
            language=language(),
            difficulty=difficulty_for(state, source, identity),
            theme=theme() if source.settings.theme == "auto" else DEFAULT_THEME,
        )
        return Reply(Result.SUCCESS, captcha, caller=caller)

    return _answer(entry, attempt)


def verify(
    entry: EntryPoint,
    read: Callable[[], tuple[object, object]],
    *,
    sources: Collection[str] = (),
    unless: Callable[[], bool] | None = None,
    visitor: Visitor | None = None,
) -> Reply:
    """Verify a captcha, which spends it.

    :param read: returns uuid and text as the client sent them. Called after the client was admitted.
    :param sources: the sources whose captchas are accepted; empty: any.
    :param unless: returns whether the request needs no captcha. Its exceptions are raised, except SetupError and
        StoreUnavailable, which become results.
    :param visitor: whom the request counts against. None: the address that it comes from.
    :raises UnknownSource: a LookupError, unless the source is the client's input.
    """

    def attempt() -> Reply:
        state = current_state()
        accepted = [state.sources.find(name) for name in sources]
        policy = accepted[0].settings.jwt if accepted else "optional"
        caller = _admit(entry, policy, limit_on_verifying(state.config, *accepted), visitor=visitor)
        service = _service_of(state)
        identity = caller.identity if caller else None
        verification = service.verify(*read(), source=sources or None, identity=identity)
        outcome = verification.outcome
        return Reply(RESULT_OF[outcome], outcome=outcome, caller=caller, verified=VerifiedCaptcha(verification))

    if unless is not None and not entry.refuses():
        for name in sources:  # an unknown one is reported in every request, not only in those that need a captcha
            current_state().sources.find(name)
        try:
            if unless():
                return Reply(Result.SUCCESS)
        except (SetupError, StoreUnavailable) as error:
            return _unavailable(error)
    return _answer(entry, attempt)


def refuse_server() -> Reply:
    """Return the reply to a server whose secret belongs to no site, and count the request against its address."""

    def attempt() -> Reply:
        limit_on_verifying(current_state().config).count_address(request.remote_addr)
        return Reply(Result.UNAUTHORIZED)

    return _answer(SITEVERIFY, attempt)


def _admit(
    entry: EntryPoint, policy: str, limit: RateLimit, cost: int = 1, visitor: Visitor | None = None
) -> Caller | None:
    """Count the address, authenticate the client, and count its identity.

    The address comes first, so that an attacker who varies the token is counted too.
    """
    if visitor is None:
        limit.count_address(request.remote_addr, cost)
    else:
        limit.count_address(visitor.address, cost, site=visitor.site)
    caller = entry.authenticate(policy)
    if caller:
        limit.count_identity(caller.identity, cost)
    return caller


def _service_of(state: CaptchaState) -> CaptchaService:
    """Return the service, unless this may be one of several processes that do not see each other's captchas.

    :raises SetupError: the store is private to each of several processes.
    :raises StoreUnavailable: the cache cannot be reached.
    """
    if state.store.get().is_private_to_process and state.may_be_one_of_several_processes():
        raise SetupError(
            "this server runs several processes, or does not say how many, and SimpleCache is private to each, so most "
            "captchas could not be verified: set CACHE_TYPE to RedisCache, or FileSystemCache on a single host; if "
            "there really is only one process, set CAPTCHA_SINGLE_PROCESS"
        )
    return state.service


def _answer(entry: EntryPoint, attempt: Callable[[], Reply]) -> Reply:
    """Call ``attempt`` and turn its exceptions into results."""
    if entry.refuses():
        return Reply(entry.refused_as)
    try:
        return attempt()
    except UnknownSource:
        if not entry.source_is_input:
            raise
        return Reply(Result.SOURCE_UNKNOWN)
    except Refused as error:
        return Reply(RESULT_OF[type(error)], retry_after=error.seconds)
    except (SetupError, StoreUnavailable) as error:
        return _unavailable(error)
    except Exception:  # from the app's makers, drawings and callbacks
        _logger.exception("a captcha could not be issued or verified")
        return Reply(Result.STORE_UNAVAILABLE)


def _unavailable(error: SetupError | StoreUnavailable) -> Reply:
    """Log the cause and return the reply. An outage is logged at every request, a set-up error once per process."""
    if isinstance(error, StoreUnavailable):
        _logger.error("the captcha store is unavailable: %s", error)
    else:
        current_state().log_once(f"captchas cannot work: {error}")
    return Reply(Result.STORE_UNAVAILABLE)
