"""Keyed digests: what of an answer may leave the process, and how two of them are compared.

Whoever reads the store learns nothing of an answer without the app's secret key, and an entry copied from one captcha
to another does not fit there: the uuid, the source and the identity are part of what is signed.
"""

import hmac
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_PURPOSE = b"flask_captcha_api/1"

_to_json = json.JSONEncoder(sort_keys=True).encode


def derive_key(secret: str | bytes) -> bytes:
    """Derive the key for digests from an app's secret key, so that neither serves the other's purpose."""
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, _PURPOSE, "sha256")


def digest_of(key: bytes, uuid: str, source: str, identity: Any, answer: str) -> str:
    """Return the digest that stands for an answer in the store, in hexadecimal.

    :param identity: anything that JSON can carry; None stands for nobody.
    """
    return _digest(key, [uuid, source, identity, answer])


def pseudonym_of(key: bytes, person: Any) -> str:
    """Return what stands for an address, an identity or an account where it is counted: nobody can tell whose it is.

    :param person: anything that JSON can carry.
    """
    return _digest(key, person)[:32]


def is_signed_by_any(keys: Sequence[bytes], digest: str, uuid: str, source: str, identity: Any, answer: str) -> bool:
    """Tell, in a time that does not depend on the answer, whether one of the keys gives this digest."""
    found = False
    for key in keys:
        expected = digest_of(key, uuid, source, identity, answer)
        found |= hmac.compare_digest(expected.encode(), digest.encode())
    return found


def _digest(key: bytes, message: Any) -> str:
    digest = _keyed(key).copy()
    digest.update(_to_json(message).encode())
    return digest.hexdigest()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """Begin a digest with a key: to set it up takes longer than the message, so each message goes on from a copy."""
    return hmac.new(key, digestmod="sha256")
