"""Keyed digests: what of an answer may leave the process, and how two of them are compared.

Whoever reads the store learns nothing of an answer without the app's secret key, and an entry copied from one captcha
to another does not fit there: the uuid, the source and the identity are part of what is signed.
"""

import hmac
import json
from collections.abc import Sequence
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
    message = _to_json([uuid, source, identity, answer]).encode()
    return hmac.digest(key, message, "sha256").hex()


def pseudonym_of(key: bytes, person: Any) -> str:
    """Return what stands for an address, an identity or an account where it is counted: nobody can tell whose it is.

    :param person: anything that JSON can carry.
    """
    return hmac.digest(key, _to_json(person).encode(), "sha256").hex()[:32]


def is_signed_by_any(keys: Sequence[bytes], digest: str, uuid: str, source: str, identity: Any, answer: str) -> bool:
    """Tell, in a time that does not depend on the answer, whether one of the keys gives this digest."""
    found = False
    for key in keys:
        expected = digest_of(key, uuid, source, identity, answer)
        found |= hmac.compare_digest(expected.encode(), digest.encode())
    return found
