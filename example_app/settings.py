"""The settings of the example, two of them from the environment: EXAMPLE_SECRET_KEY and EXAMPLE_REDIS_URL."""

import os
import secrets
from datetime import timedelta
from typing import Any


def settings_from_environment() -> dict[str, Any]:
    """Return what goes into ``app.config``."""
    return {
        # A random key per start is fine for a demo in a single process only: several workers would each refuse the
        # tokens and captchas of the others, and a restart signs everyone out. The tokens are signed with this key too,
        # as there is no JWT_SECRET_KEY.
        "SECRET_KEY": os.environ.get("EXAMPLE_SECRET_KEY") or secrets.token_hex(32),
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        # A name and a few passwords: whatever is larger is not worth parsing.
        "MAX_CONTENT_LENGTH": 64 * 1024,
        # Only these can be asked for. Nobody changes a password without being signed in, so nobody needs that captcha.
        "CAPTCHA_SOURCES": {"login": {}, "password": {"jwt": "required"}, "register": {}},
        # The widget shows a picture 90 pixels high: one of twice as many is sharp on every screen.
        "CAPTCHA_WIDTH": 332,
        "CAPTCHA_HEIGHT": 180,
        # The page asks for its own language, English; the default is Traditional Chinese.
        "CAPTCHA_LANGUAGE": "auto",
        # What one address, and one account, may ask for. A person who presses a button each second stays below it.
        "CAPTCHA_RATE_LIMIT": "60 per minute",
        **_storage_settings(os.environ.get("EXAMPLE_REDIS_URL")),
    }


def _storage_settings(redis_url: str | None) -> dict[str, Any]:
    if not redis_url:
        return {}  # no CACHE_TYPE: captchas are kept, and requests counted, in this process, and no server is needed

    # An optional package: imported only where it is asked for.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": redis_url,
        # By default redis-py retries for up to a minute while the visitor waits: better to say soon that it is down.
        "CACHE_OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)},
        "CAPTCHA_RATE_LIMIT_STORAGE": redis_url,
    }
