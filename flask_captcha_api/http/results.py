"""The table of results. Those in the OpenAPI description and the documentation are generated from it.

The messages for visitors are in ``translations``, under the results' names.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ..exceptions import FormNotOffered, Refused, TooManyRequests, Unauthorized
from ..outcome import Outcome
from ..translations import Catalogue
from .headers import ALLOW, RETRY_AFTER, WWW_AUTHENTICATE, Header

#: The operations that can have a result. Other paths and methods have the rest.
_VERIFY = ("verify",)
_EVERY = ("issue", "verify")


class _Row(NamedTuple):
    """The parts of a result, by name."""

    code: str
    string_code: str
    status: int
    when: str
    advice: str
    spent: str
    operations: tuple[str, ...]
    detail: str = ""
    headers: tuple[Header, ...] = ()


class Result(Enum):
    """What became of a request, one row for each.

    :ivar code: the envelope's ``code``.
    :ivar string_code: the envelope's ``stringCode``.
    :ivar status: the HTTP status.
    :ivar when: when a client gets this result.
    :ivar detail: more about that, in sentences; may be empty. For ``docs/reference/error-codes.md``: links are relative
        to it.
    :ivar advice: what a developer should look at if a client gets this result and should not. For
        ``docs/troubleshooting.md``: links are relative to it.
    :ivar spent: whether the captcha is spent.
    :ivar operations: which operations can have it: ``issue``, ``verify``. ``verify`` also if only protected views do.
    :ivar headers: response headers in addition to those of every envelope.
    """

    SUCCESS = _Row(
        code="00000",
        string_code="success",
        status=200,
        when="a captcha is issued, or passes",
        advice="but the view is not called: you verified in the page, with `POST /captcha/…`. Send the text to the "
        "protected view instead; verifying spends the captcha",
        spent="if it passes",
        operations=_EVERY,
    )
    CAPTCHA_REQUIRED = _Row(
        code="01001",
        string_code="captcha_required",
        status=400,
        when="a field is missing or has the wrong shape, or the body cannot be read",
        detail="A body cannot be read if it is too large, nested too deeply or truncated. A form that has a name twice "
        "counts as one without that field. A protected view also gives this result to a request that another site's "
        "page sends blindly (`cross-site`, such as an image).",
        advice='the names of the fields: `@verify_captcha("uuid", "code")` reads `uuid` and `code` from the JSON body '
        "or the form, not from the query of a POST. The JSON needs `Content-Type: application/json`, and both have "
        "to be strings: as numbers, JavaScript rounds the uuid and the text loses its leading zeros. A GET of a "
        'protected view has no captcha: protect only the POST, or use `except_methods=("GET",)`',
        spent="no",
        operations=_VERIFY,
    )
    CAPTCHA_WRONG = _Row(
        code="01002",
        string_code="captcha_wrong",
        status=422,
        when="the text is wrong, or the captcha belongs to another source or identity",
        advice="though the text was right: the captcha was issued for another source than the view's, or with a token "
        "that this request does not have, or the other way round",
        spent="yes",
        operations=_VERIFY,
    )
    CAPTCHA_GONE = _Row(
        code="01003",
        string_code="captcha_gone",
        status=422,
        when="the captcha is unknown, expired, already used, or signed with an unknown key",
        detail="A captcha is also gone if its source was removed, or if it was issued with a `SECRET_KEY` or by a "
        "release that this process does not know. The log says so once.",
        advice="always: the captcha was verified twice, as by a decorator and a `CaptchaField` on one view. Now and "
        "then: each worker has [a cache or a key of its own](how-to/workers.md), and the log says so. After minutes: "
        "`CAPTCHA_TTL` is over. On a second submit of the form: get a new captcha after each attempt",
        spent="there is none",
        operations=_VERIFY,
    )
    SOURCE_UNKNOWN = _Row(
        code="01004",
        string_code="source_unknown",
        status=404,
        when="no such source, form of captcha or path; or no script could read the response",
        detail="A source has no sound if `audio` is off. The routes also give this result if, by the request's "
        "[Sec-Fetch headers](http-api.md#requests-that-nobody-can-read), no script can read the response.",
        advice="the source is not in `CAPTCHA_SOURCES`; or it has no sound (`audio`), or no work "
        "(`CAPTCHA_WORK_ALONE`); or the URL was put into `<img src>`: "
        "[the response is JSON](reference/http-api.md#requests-that-nobody-can-read)",
        spent="no",
        operations=_EVERY,
    )
    TOO_MANY_REQUESTS = _Row(
        code="01005",
        string_code="too_many_requests",
        status=429,
        when="a rate limit is reached",
        advice="everybody at once: the app sees the proxy's address, so set [`ProxyFix`](how-to/nginx.md#the-app). "
        "Soon: a sound counts as ten captchas",
        spent="no",
        operations=_EVERY,
        headers=(RETRY_AFTER,),
    )
    UNAUTHORIZED = _Row(
        code="01006",
        string_code="unauthorized",
        status=401,
        when="a JWT is required and absent, or present and not valid",
        detail="A protected view requires no token, so it gives this result only for an invalid one.",
        advice="a token that is expired (for sources with `jwt` `required`), revoked, or signed with another key. Only "
        "`Authorization: Bearer …` counts, not cookies",
        spent="no",
        operations=_EVERY,
        headers=(WWW_AUTHENTICATE,),
    )
    STORE_UNAVAILABLE = _Row(
        code="01007",
        string_code="store_unavailable",
        status=503,
        when="the cache, or a function of the app's own, fails; nothing passes then, and the log says why",
        advice="the log, which says why: see [log lines](#log-lines)",
        spent="perhaps",
        operations=_EVERY,
        headers=(RETRY_AFTER,),
    )
    METHOD_NOT_ALLOWED = _Row(
        code="01008",
        string_code="method_not_allowed",
        status=405,
        when="the path has no such method",
        advice="the method: captchas are issued to GET, verified by POST",
        spent="no",
        operations=(),
        headers=(ALLOW,),
    )

    def __init__(
        self,
        code: str,
        string_code: str,
        status: int,
        when: str,
        advice: str,
        spent: str,
        operations: tuple[str, ...],
        detail: str,
        headers: tuple[Header, ...],
    ) -> None:
        self.code = code
        self.string_code = string_code
        self.status = status
        self.when = when
        self.advice = advice
        self.spent = spent
        self.operations = operations
        self.detail = detail
        self.headers = headers


#: The result by outcome, for a request that tried a captcha, and by exception, for one that was refused.
RESULT_OF: Mapping[Outcome | type[Refused], Result] = {
    Outcome.PASSED: Result.SUCCESS,
    Outcome.WRONG: Result.CAPTCHA_WRONG,
    Outcome.GONE: Result.CAPTCHA_GONE,
    Outcome.MALFORMED: Result.CAPTCHA_REQUIRED,
    FormNotOffered: Result.SOURCE_UNKNOWN,
    Unauthorized: Result.UNAUTHORIZED,
    TooManyRequests: Result.TOO_MANY_REQUESTS,
}


def message_of(result: Result, catalogue: Catalogue) -> str:
    """Return the message of a result for the visitor."""
    return catalogue.messages[result.string_code]
