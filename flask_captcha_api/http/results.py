"""The table of results. Those in the OpenAPI description and the documentation are generated from it.

The messages for visitors are in ``translations``, under the results' names.
"""

from collections.abc import Mapping
from enum import Enum

from ..exceptions import FormNotOffered, Refused, TooManyRequests, Unauthorized
from ..outcome import Outcome
from ..translations import Catalogue
from .headers import ALLOW, RETRY_AFTER, WWW_AUTHENTICATE, Header

#: The operations that can have a result. Other paths and methods have the rest.
_VERIFY = ("verify",)
_EVERY = ("issue", "verify")


class Result(Enum):
    """What became of a request, one row for each.

    :ivar code: the envelope's ``code``.
    :ivar string_code: the envelope's ``stringCode``.
    :ivar status: the HTTP status.
    :ivar when: when a client gets this result.
    :ivar advice: what a developer should look at whose client gets it and should not, for ``docs/troubleshooting.md``.
    :ivar spent: whether the captcha is spent.
    :ivar operations: which operations of the JSON routes can have it: ``issue``, ``verify``.
    :ivar headers: response headers in addition to those of every envelope.
    """

    SUCCESS = (
        "00000",
        "success",
        200,
        "a captcha is issued, or passes",
        "but the view is not called: you verified in the page, with `POST /captcha/…`. Send the text to the protected "
        "view instead; verifying spends the captcha",
        "if it passes",
        _EVERY,
    )
    CAPTCHA_REQUIRED = (
        "01001",
        "captcha_required",
        400,
        "a field is missing or has the wrong shape, or the body cannot be read",
        'the names of the fields: `@verify_captcha("uuid", "code")` reads `uuid` and `code` from the JSON body or the '
        "form, not from the query of a POST. The JSON needs `Content-Type: application/json`, and the uuid has to be a "
        "string: as a number JavaScript rounds it. A GET of a protected view has no captcha: protect only the POST, or "
        'use `except_methods=("GET",)`',
        "no",
        _VERIFY,
    )
    CAPTCHA_WRONG = (
        "01002",
        "captcha_wrong",
        422,
        "the text is wrong, or the captcha belongs to another source or identity",
        "though the text was right: the captcha was issued for another source than the view's, or with a token that "
        "this request does not have, or the other way round",
        "yes",
        _VERIFY,
    )
    CAPTCHA_GONE = (
        "01003",
        "captcha_gone",
        422,
        "the captcha is unknown, expired, already used, or of a key that is not known",
        "always: the captcha was verified twice, as by a decorator and a `CaptchaField` on one view. Now and then: "
        "each worker has [a cache or a key of its own](how-to/workers.md), and the log says so. After minutes: "
        "`CAPTCHA_TTL` is over. On a second submit of the form: get a new captcha after each attempt",
        "there is none",
        _VERIFY,
    )
    SOURCE_UNKNOWN = (
        "01004",
        "source_unknown",
        404,
        "no such source, form of captcha or path; or no script could read the response",
        "the source is not in `CAPTCHA_SOURCES`; or it has no sound (`audio`), or no work (`CAPTCHA_WORK_ALONE`); or "
        "the URL was put into `<img src>`: "
        "[the response is JSON](reference/http-api.md#requests-that-nobody-can-read)",
        "no",
        _EVERY,
    )
    TOO_MANY_REQUESTS = (
        "01005",
        "too_many_requests",
        429,
        "a rate limit is reached",
        "everybody at once: the app sees the proxy's address, so set [`ProxyFix`](how-to/nginx.md#the-app). Soon: a "
        "sound counts as ten captchas",
        "no",
        _EVERY,
        RETRY_AFTER,
    )
    UNAUTHORIZED = (
        "01006",
        "unauthorized",
        401,
        "a JWT is required and absent, or present and not valid",
        "a token that is expired (for sources with `jwt` `required`), revoked, or signed with another key. Only "
        "`Authorization: Bearer …` counts, not cookies",
        "no",
        _EVERY,
        WWW_AUTHENTICATE,
    )
    STORE_UNAVAILABLE = (
        "01007",
        "store_unavailable",
        503,
        "the cache, or a function of the app's own, fails; nothing passes then, and the log says why",
        "the log, which says why: see [log lines](#log-lines)",
        "perhaps",
        _EVERY,
        RETRY_AFTER,
    )
    METHOD_NOT_ALLOWED = (
        "01008",
        "method_not_allowed",
        405,
        "the path has no such method",
        "the method: captchas are issued to GET, verified by POST",
        "no",
        (),
        ALLOW,
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
        *headers: Header,
    ) -> None:
        self.code = code
        self.string_code = string_code
        self.status = status
        self.when = when
        self.advice = advice
        self.spent = spent
        self.operations = operations
        self.headers = headers


#: The result of a request that has tried a captcha, by the outcome, and of one that was refused, by the exception.
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
