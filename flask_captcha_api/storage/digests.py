"""Keyed digests (HMAC-SHA256) of answers and of clients.

Without the app's secret key, the store reveals nothing about an answer. An entry that was modified, or copied to
another captcha, does not verify: the digest covers its terms, the uuid and the identity.
"""

import hmac
import json
from functools import lru_cache
from typing import Any

_PURPOSE = b"flask_captcha_api/1"

_to_json = json.JSONEncoder(sort_keys=True).encode


def derive_key(secret: str | bytes) -> bytes:
    """Derive the key for digests from an app's secret key, so that neither can be used in place of the other."""
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, _PURPOSE, "sha256")


@lru_cache(maxsize=16)
def key_id_of(key: bytes) -> str:
    """Return the id of a key, as entries name it: 8 hexadecimal digits, which reveal no more than a digest does."""
    return hmac.digest(key, b"key id", "sha256").hex()[:8]


def digest_of(key: bytes, terms: str, uuid: str, identity: Any, answer: str) -> str:
    """Return the digest of an answer: 64 hexadecimal digits.

    :param terms: the entry's terms, as text.
    :param identity: any JSON value; None: anonymous.
    :param answer: the folded answer.
    """
    return _digest(key, [terms, uuid, identity, answer])


def is_digest_of(digest: str, key: bytes, terms: str, uuid: str, identity: Any, answer: str) -> bool:
    """Return whether ``digest`` is the digest of the other arguments, compared in constant time."""
    return hmac.compare_digest(digest_of(key, terms, uuid, identity, answer).encode(), digest.encode())


def pseudonym_of(key: bytes, client: Any) -> str:
    """Return the pseudonym under which an address, an identity or an account is counted: 32 hexadecimal digits.

    :param client: any JSON value.
    """
    return _digest(key, client)[:32]


def _digest(key: bytes, message: Any) -> str:
    digest = _keyed_hmac(key).copy()
    digest.update(_to_json(message).encode())
    return digest.hexdigest()


@lru_cache(maxsize=16)
def _keyed_hmac(key: bytes) -> hmac.HMAC:
    """Return an HMAC with no message yet, to be copied: setting up the key takes longer than a message."""
    return hmac.new(key, digestmod="sha256")
