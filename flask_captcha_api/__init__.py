"""A self-hosted captcha for Flask: a route that issues captchas and a decorator that guards views with them."""

from .challenges import Challenge as Challenge
from .challenges import Maker as Maker
from .config import SetupError as SetupError
from .config import SourceConfig as SourceConfig
from .decorators import verify_captcha as verify_captcha
from .decorators import verify_captcha_in_request as verify_captcha_in_request
from .extension import CaptchaApi as CaptchaApi
from .failures import fewer_failures_than as fewer_failures_than
from .kinds import Kind as Kind
from .outcome import Outcome as Outcome
from .service import Captcha as Captcha
from .store import StoreUnavailable as StoreUnavailable
from .wire import CaptchaRejected as CaptchaRejected

__all__ = [
    "Captcha",
    "CaptchaApi",
    "CaptchaRejected",
    "Challenge",
    "Kind",
    "Maker",
    "Outcome",
    "SetupError",
    "SourceConfig",
    "StoreUnavailable",
    "fewer_failures_than",
    "verify_captcha",
    "verify_captcha_in_request",
]
