"""A self-hosted captcha for Flask: routes that issue captchas, and a decorator that protects views with them."""

from .captchas import Captcha as Captcha
from .captchas import KeptCaptcha as KeptCaptcha
from .challenges.kinds import KINDS as KINDS
from .challenges.kinds import Kind as Kind
from .challenges.makers import Challenge as Challenge
from .challenges.makers import Maker as Maker
from .exceptions import CaptchaRejected as CaptchaRejected
from .exceptions import SetupError as SetupError
from .exceptions import StoreUnavailable as StoreUnavailable
from .extension import CaptchaApi as CaptchaApi
from .http.decorators import verify_captcha as verify_captcha
from .http.decorators import verify_captcha_in_request as verify_captcha_in_request
from .http.gateway import VerifiedCaptcha as VerifiedCaptcha
from .http.views import is_captcha_request as is_captcha_request
from .outcome import Outcome as Outcome
from .rendering import speak_prompt as speak_prompt
from .settings.config import SourceConfig as SourceConfig
from .throttling.failure_counts import FailureCount as FailureCount
from .throttling.failure_counts import fewer_failures_than as fewer_failures_than

__all__ = [
    "KINDS",
    "Captcha",
    "CaptchaApi",
    "CaptchaRejected",
    "Challenge",
    "FailureCount",
    "KeptCaptcha",
    "Kind",
    "Maker",
    "Outcome",
    "SetupError",
    "SourceConfig",
    "StoreUnavailable",
    "VerifiedCaptcha",
    "fewer_failures_than",
    "is_captcha_request",
    "speak_prompt",
    "verify_captcha",
    "verify_captcha_in_request",
]
