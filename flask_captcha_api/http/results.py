"""The table of results. Those in the OpenAPI description and the documentation are generated from it.

The messages for visitors are in ``translations``, under the results' names.
"""

from collections.abc import Mapping
from enum import Enum

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
    :ivar spent: whether the captcha is spent.
    :ivar operations: which operations of the JSON routes can have it: ``issue``, ``verify``.
    :ivar headers: response headers in addition to those of every envelope.
    """

    SUCCESS = ("00000", "success", 200, "a captcha is issued, or passes", "if it passes", _EVERY)
    CAPTCHA_REQUIRED = (
        "01001",
        "captcha_required",
        400,
        "a field is missing or has the wrong shape, or the body cannot be read",
        "no",
        _VERIFY,
    )
    CAPTCHA_WRONG = (
        "01002",
        "captcha_wrong",
        422,
        "the text is wrong, or the captcha belongs to another source or identity",
        "yes",
        _VERIFY,
    )
    CAPTCHA_GONE = (
        "01003",
        "captcha_gone",
        422,
        "the captcha is unknown, expired, already used, or of a key that is not known",
        "there is none",
        _VERIFY,
    )
    SOURCE_UNKNOWN = (
        "01004",
        "source_unknown",
        404,
        "no such source, form of captcha or path; or no script could read the response",
        "no",
        _EVERY,
    )
    TOO_MANY_REQUESTS = ("01005", "too_many_requests", 429, "a rate limit is reached", "no", _EVERY, RETRY_AFTER)
    UNAUTHORIZED = (
        "01006",
        "unauthorized",
        401,
        "a JWT is required and absent, or present and not valid",
        "no",
        _EVERY,
        WWW_AUTHENTICATE,
    )
    STORE_UNAVAILABLE = (
        "01007",
        "store_unavailable",
        503,
        "the cache, or a function of the app's own, fails; nothing passes then, and the log says why",
        "perhaps",
        _EVERY,
        RETRY_AFTER,
    )
    METHOD_NOT_ALLOWED = ("01008", "method_not_allowed", 405, "the path has no such method", "no", (), ALLOW)

    def __init__(
        self,
        code: str,
        string_code: str,
        status: int,
        when: str,
        spent: str,
        operations: tuple[str, ...],
        *headers: Header,
    ) -> None:
        self.code = code
        self.string_code = string_code
        self.status = status
        self.when = when
        self.spent = spent
        self.operations = operations
        self.headers = headers


#: The result of a request that has tried a captcha.
RESULT_OF: Mapping[Outcome, Result] = {
    Outcome.PASSED: Result.SUCCESS,
    Outcome.WRONG: Result.CAPTCHA_WRONG,
    Outcome.GONE: Result.CAPTCHA_GONE,
    Outcome.MALFORMED: Result.CAPTCHA_REQUIRED,
}


def message_of(result: Result, catalogue: Catalogue) -> str:
    """Return the message of a result for the visitor."""
    return catalogue.messages[result.string_code]
