"""All exceptions of the package."""

from typing import Any, NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from .outcome import Outcome


class SetupError(RuntimeError):
    """The app's set-up cannot work for captchas. The message names the remedy."""


class StoreUnavailable(Exception):
    """The cache cannot be reached, or refuses an operation.

    If it is raised while verifying, it is unknown whether the captcha was solved, so it does not pass.
    """


class UnknownSource(LookupError):
    """There is no source of this name. The message lists the known ones."""


class Refused(Exception):
    """A request is refused, with the result that ``RESULT_OF`` has for the subclass.

    :ivar seconds: how long the client should wait; None: the default, if the result has a Retry-After header.
    """

    seconds: int | None = None


class FormNotOffered(Refused, LookupError):
    """The source has no captchas of this form, or not for this prompt."""


class Unauthorized(Refused):
    """A token is required and missing, or present and invalid."""


class TooManyRequests(Refused):
    """The client has reached a rate limit."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"retry after {seconds} s")
        self.seconds: int | None = seconds


class CaptchaRejected(HTTPException):
    """The request has no captcha that passes. Raised by ``verify_captcha``, never by the captcha routes.

    By default the app answers with the JSON envelope. To answer with a page instead, register an ordinary
    ``@app.errorhandler(CaptchaRejected)`` on the app. The app's generic handlers, such as one for ``HTTPException``,
    are not called; those of a blueprint are, because Flask looks at blueprints first.

    :ivar code: the HTTP status.
    :ivar outcome: the :class:`Outcome`; None if the request was refused before the captcha was looked at.
    :ivar response: the envelope.
    :ivar message: the envelope's sentence for the visitor, in the language of CAPTCHA_LANGUAGE; ``description`` is the
        same.
    :ivar string_code: the envelope's ``stringCode``, such as ``captcha_wrong``.
    :ivar asked_for: the form of captcha, such as ``image``, that a visitor without JavaScript asked for with a button
        of the widget, instead of solving one; else None.
    :ivar data: the envelope as a dict. Flask-RESTX answers with it.
    """

    # None on the class only: Flask looks handlers up by the class's code, and no single status fits.
    code: int = None  # type: ignore[assignment]

    def __init__(self, response: Response, outcome: Outcome | None, *, asked_for: str | None = None) -> None:
        self.data: dict[str, Any] = response.get_json()
        self.message: str = self.data["message"]
        self.string_code: str = self.data["stringCode"]
        super().__init__(description=self.message, response=response)
        self.code = response.status_code
        self.outcome = outcome
        self.asked_for = asked_for

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a cache above the decorator would replay one visitor's rejection to all others.

        Flask-Caching, which pickles the HTTP exceptions of a cached view, logs this or, in debug mode, raises it.
        """
        raise TypeError("a rejection must not be cached: put @cache.cached below @verify_captcha, not above it")
