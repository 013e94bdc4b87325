"""Every exception of the package."""

from typing import NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from .outcome import Outcome


class SetupError(RuntimeError):
    """The app is set up in a way in which captchas cannot work. The message names the remedy."""


class StoreUnavailable(Exception):
    """The cache cannot be reached or refuses to work. Whether a captcha passed cannot be told, so it did not."""


class UnknownSource(LookupError):
    """There is no source of this name. The message lists the known ones."""


class NoSound(LookupError):
    """The source has no sound, or none for this prompt."""


class Unauthorized(Exception):
    """A token is required and absent, or present and not valid."""


class TooManyRequests(Exception):
    """The client has reached a rate limit.

    :ivar seconds: to wait.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class CaptchaRejected(HTTPException):
    """A request without a captcha that passes. Raised by ``verify_captcha``, never by the captcha routes.

    By default the app answers with the JSON envelope. To answer with a page of your own, register an ordinary
    ``@app.errorhandler(CaptchaRejected)`` on the app. Generic handlers of the app (for ``HTTPException``, say) are not
    asked; those of a blueprint are, because Flask asks blueprints first.

    :ivar code: the HTTP status: 400, 401, 422, 429 or 503.
    :ivar outcome: the :class:`Outcome`; None if the captcha was not looked at, because of a rate limit or an outage.
    :ivar response: the envelope.
    """

    # None on the class: Flask finds handlers by the class's code, and no single status would do.
    code = None

    def __init__(self, response: Response, outcome: Outcome | None) -> None:
        super().__init__(description=outcome.value if outcome else "not verified", response=response)
        self.code = response.status_code
        self.outcome = outcome

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a cache above the decorator would repeat one visitor's rejection to all others.

        Flask-Caching, which pickles the HTTP exceptions of a cached view, logs this or, in debug mode, raises it.
        """
        raise TypeError("a rejection is not to be cached: put @cache.cached below @verify_captcha, not above it")
