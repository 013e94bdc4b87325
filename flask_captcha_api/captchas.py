"""Captchas as clients have them, without their answers, and the ids that they go by."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

UUID = re.compile(r"[0-9]{23}")
#: How many digits of a uuid are milliseconds since the epoch.
_MILLISECOND_DIGITS = 13


@dataclass(frozen=True)
class Captcha:
    """An issued captcha, without its answer.

    :param uuid: 23 decimal digits.
    :param data: the encoded rendering of the prompt; empty if the form has no prompt.
    :param media_type: the media type of ``data``, such as ``image/jpeg``.
    :param expires_in: seconds until it expires.
    :param has_sound: whether the source's captchas are also available as a sound.
    :param work: what the client's device has to work out, if anything: ``modulus`` and ``base`` in hexadecimal, and
        ``squarings``. The last 16 hexadecimal digits of ``base ** (2 ** squarings) % modulus`` are the text to send;
        with a picture or a sound, they follow the answer and a dot, as in ``40718.`` and the digits.
    """

    uuid: str
    data: bytes = field(repr=False)
    media_type: str
    expires_in: int
    has_sound: bool
    work: Mapping[str, str | int] | None = None


@dataclass(frozen=True)
class KeptCaptcha:
    """A captcha that takes the place of one that passed. Nobody has to solve it: its holder sends it back as it is.

    :param uuid: 23 decimal digits.
    :param text: what to send as the text: 32 hexadecimal digits. It proves that a captcha was solved, so it belongs in
        the form that is shown again, and in no log.
    :param expires_in: seconds until it expires, which is when the solved one would have.
    """

    uuid: str
    text: str = field(repr=False)
    expires_in: int


def new_uuid() -> str:
    """Return 13 digits of epoch milliseconds followed by 10 random digits."""
    # The remainder of so many bits is practically uniform. Unlike randbelow, this asks the kernel once.
    return f"{time.time_ns() // 1_000_000:0{_MILLISECOND_DIGITS}d}{secrets.randbits(96) % 10**10:010d}"


def is_uuid(uuid: object) -> bool:
    """Return whether ``uuid`` has the format of a captcha's uuid."""
    return isinstance(uuid, str) and UUID.fullmatch(uuid) is not None


def issued_at(uuid: str) -> datetime:
    """Return when a captcha that has passed was issued, in UTC, by the clock of the host that issued it."""
    return datetime.fromtimestamp(int(uuid[:_MILLISECOND_DIGITS]) / 1000, timezone.utc)
