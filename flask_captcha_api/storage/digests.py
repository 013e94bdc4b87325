"""Keyed digests: what of an answer may leave the process, and how two of them are compared.

Whoever reads the store learns nothing of an answer without the app's secret key, and an entry that is changed or copied
to another captcha does not fit: its terms, the uuid and the identity are part of what is signed.
"""

import hmac
import json
from functools import lru_cache
from typing import Any

_PURPOSE = b"flask_captcha_api/1"

_to_json = json.JSONEncoder(sort_keys=True).encode


def derive_key(secret: str | bytes) -> bytes:
    """Derive the key for digests from an app's secret key, so that neither serves the other's purpose."""
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, _PURPOSE, "sha256")


@lru_cache(maxsize=16)
def key_id_of(key: bytes) -> str:
    """Return what names a key in the store: 8 hexadecimal digits that tell no more about it than a digest does."""
    return hmac.digest(key, b"key id", "sha256").hex()[:8]


def digest_of(key: bytes, terms: str, uuid: str, identity: Any, answer: str) -> str:
    """Return the digest that stands for an answer in the store: 64 hexadecimal digits.

    :param terms: of the entry, as text.
    :param identity: anything that JSON can carry; None stands for nobody.
    :param answer: folded.
    """
    return _digest(key, [terms, uuid, identity, answer])


def is_digest_of(digest: str, key: bytes, terms: str, uuid: str, identity: Any, answer: str) -> bool:
    """Return whether ``digest`` is the one of the rest, in a time that does not depend on the answer."""
    return hmac.compare_digest(digest_of(key, terms, uuid, identity, answer).encode(), digest.encode())


def pseudonym_of(key: bytes, person: Any) -> str:
    """Return what stands for an address, an identity or an account where it is counted: nobody can tell whose it is.

    :param person: anything that JSON can carry.
    """
    return _digest(key, person)[:32]


def _digest(key: bytes, message: Any) -> str:
    digest = _keyed(key).copy()
    digest.update(_to_json(message).encode())
    return digest.hexdigest()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """Begin a digest with a key: to set it up takes longer than the message, so each message goes on from a copy."""
    return hmac.new(key, digestmod="sha256")
