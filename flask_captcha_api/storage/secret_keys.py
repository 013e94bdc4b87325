"""The secret keys of an app: how they are read, and what is wrong with them. No message contains a key."""

from collections.abc import Mapping
from typing import Any

from .digests import derive_key

#: Anyone who can read the cache can guess a shorter secret key.
_SHORTEST = 16
#: Keys that are published in this package's documentation.
_PUBLISHED = frozenset(
    {
        "a long random text",
        "a long random text, the same in every worker",
        "from secrets.token_hex(), the same in every worker",
        "only for development",
        "the same in every worker",
    }
)

CHANGED = (
    "SECRET_KEY or SECRET_KEY_FALLBACKS changed after init_app, which has no effect on captchas: they are signed with "
    "the earlier key. Set both before CaptchaApi is initialised"
)


def find_faults(settings: Mapping[str, Any]) -> list[str]:
    """Return a message for each setting that keeps the app from starting.

    :param settings: the app's.
    """
    faults = []
    key = settings.get("SECRET_KEY")
    if not key:
        faults.append(
            "the app has no SECRET_KEY, which protects the stored answers: set a long random one, the same in every "
            "worker, before CaptchaApi is initialised"
        )
    elif not isinstance(key, str | bytes):
        faults.append("SECRET_KEY must be text or bytes")
    fallbacks = settings.get("SECRET_KEY_FALLBACKS") or ()
    if not isinstance(fallbacks, list | tuple) or not all(isinstance(key, str | bytes) and key for key in fallbacks):
        # Each character of a single text would become a key.
        faults.append("SECRET_KEY_FALLBACKS must be a list of earlier secret keys, none of them empty")
    return faults


def derive_keys(settings: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the keys for digests. The first signs; captchas that the others signed still verify."""
    return tuple(map(derive_key, (settings["SECRET_KEY"], *(settings.get("SECRET_KEY_FALLBACKS") or ()))))


def have_changed(settings: Mapping[str, Any], keys: tuple[bytes, ...]) -> bool:
    """Return whether the settings no longer give the keys that were derived from them."""
    return bool(find_faults(settings)) or derive_keys(settings) != keys


def weakness_of(key: str | bytes) -> str | None:
    """Return how a secret key can be guessed, with the remedy; None if it cannot."""
    text = key.decode(errors="replace") if isinstance(key, bytes) else key
    if text in _PUBLISHED:
        weakness = "is an example from the documentation, so everybody knows it"
    elif len(text) < _SHORTEST:
        weakness = f"is shorter than {_SHORTEST} characters, so anyone who can read the cache can guess it"
    else:
        return None
    return f"SECRET_KEY {weakness}: set one from secrets.token_hex()"
