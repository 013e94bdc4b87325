"""The settings of the example. The environment may set EXAMPLE_SECRET_KEY and EXAMPLE_REDIS_URL."""

import os
import secrets
from datetime import timedelta
from typing import Any


def settings_from_environment() -> dict[str, Any]:
    """Return the settings for ``app.config``."""
    return {
        # A random key is fine only for a demo in a single process: several workers would refuse each other's tokens and
        # captchas, and a restart would sign everyone out. It also signs the tokens, as JWT_SECRET_KEY is not set.
        "SECRET_KEY": os.environ.get("EXAMPLE_SECRET_KEY") or secrets.token_hex(32),
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        # The requests are a name and a few passwords, so larger bodies need not be parsed.
        "MAX_CONTENT_LENGTH": 64 * 1024,
        # No other sources exist. Changing a password requires a token, so its captcha does too. Everybody has to get
        # through the login, so there the device can work instead of the visitor.
        "CAPTCHA_SOURCES": {"login": {"work_alone": 200_000}, "password": {"jwt": "required"}, "register": {}},
        # The widget shows pictures 90 pixels high: twice the size is sharp on every screen.
        "CAPTCHA_WIDTH": 332,
        "CAPTCHA_HEIGHT": 180,
        # Follow Accept-Language: the page sends English. Both defaults are Traditional Chinese.
        "CAPTCHA_LANGUAGE": "auto",
        "CAPTCHA_FALLBACK_LANGUAGE": "en",  # for clients that name no language
        # For each address and each account. Somebody who presses a button every second stays below it.
        "CAPTCHA_RATE_LIMIT": "60 per minute",
        **_storage_settings(os.environ.get("EXAMPLE_REDIS_URL")),
    }


def _storage_settings(redis_url: str | None) -> dict[str, Any]:
    if not redis_url:
        return {}  # captchas are stored, and requests counted, in this process: no server is needed

    # An optional package, so it is imported only when needed.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": redis_url,
        # By default redis-py retries for up to a minute while the visitor waits: better to fail fast.
        "CACHE_OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)},
        "CAPTCHA_RATE_LIMIT_STORAGE": redis_url,
    }
