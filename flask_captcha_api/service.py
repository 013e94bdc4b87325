"""The rules of a captcha's life: issued once, taken once, compared once.

Holds every rule and no Flask: what comes from a request comes as an argument, and what goes back to a client is built
elsewhere.
"""

import random
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .challenges.folding import fold, is_typable
from .challenges.sources import Sources
from .exceptions import UnknownSource
from .outcome import Outcome
from .rendering import FORMS, has_sound
from .signals import announce, captcha_issued, captcha_verified
from .storage.answers import ROUNDING_SECONDS, AnswerStore
from .storage.digests import digest_of, is_digest_of, key_id_of
from .storage.entries import Entry, Terms

UUID = re.compile(r"[0-9]{23}")

_UNKNOWN_KEY = (
    "a captcha is gone because it was issued with a SECRET_KEY that this process does not have: SECRET_KEY must be the "
    "same in every worker and survive restarts; after a change of it, put the old one into SECRET_KEY_FALLBACKS for as "
    "long as CAPTCHA_TTL"
)
_UNKNOWN_FORMAT = (
    "a captcha is gone because this release cannot read what the cache holds for it: another release wrote it, which "
    "passes CAPTCHA_TTL seconds after an upgrade, or something else writes keys that begin with 'captcha_api:', which "
    "must have a cache of its own"
)


@dataclass(frozen=True)
class Captcha:
    """What a visitor gets; the answer is not part of it.

    :param uuid: 23 decimal digits.
    :param data: the picture or the sound, encoded.
    :param media_type: of ``data``, such as ``image/jpeg``.
    :param expires_in: seconds from now.
    :param has_sound: whether captchas like this one can be had as a sound.
    """

    uuid: str
    data: bytes = field(repr=False)
    media_type: str
    expires_in: int
    has_sound: bool


class CaptchaService:
    """Issues captchas and verifies them.

    :param keys: for the digests of answers. The first one signs, each verifies what it has signed.
    :param sender: of the signals: the app.
    :param ensure_sync: of the app: makes a signal's receiver that is ``async def`` one that can be called.
    :param log_once: logs a fault of the set-up, unless this process has logged it before.
    """

    def __init__(
        self,
        sources: Sources,
        store: AnswerStore,
        keys: Sequence[bytes],
        *,
        sender: Any,
        ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]],
        log_once: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._store = store
        self._keys = keys
        self._log_once = log_once
        self._announce = partial(announce, sender=sender, ensure_sync=ensure_sync)

    def issue(self, source_name: str, *, form: str = "image", identity: Any = None, language: str = "en") -> Captcha:
        """Make a challenge, render it, keep the digest of its answer, and return the captcha.

        :param language: of a sound.
        :raises NoSound: a LookupError: the source has no sound.
        :raises UnknownSource: a LookupError.
        :raises ValueError: an unknown form, or an identity for a source that binds to nobody.
        :raises StoreUnavailable: nothing was issued.
        """
        source = self._sources.find(source_name)
        if form not in FORMS:
            raise ValueError(f"{form!r} is no form of a captcha: it must be one of {', '.join(FORMS)}")
        if identity is not None and source.settings.jwt == "off":
            raise ValueError(f"source {source_name!r} has jwt 'off', so its captchas cannot be bound to an identity")
        challenge = source.new_challenge()
        rng = random.Random(secrets.randbits(128))  # noqa: S311 - it draws; answers and uuids come from secrets
        data = FORMS[form].render(source.kind, challenge.prompt, source.settings, rng, language)
        uuid = _new_uuid()
        key = self._keys[0]
        terms = Terms(
            key_id=key_id_of(key),
            is_bound=source.settings.jwt != "off",
            digits_only=source.kind.digits_only,
            expires=int(time.time()) + source.settings.ttl,
            source=source.name,
        )
        digest = digest_of(key, str(terms), uuid, identity, fold(challenge.answer, digits_only=terms.digits_only))
        self._store.put(uuid, str(Entry(terms, digest)), source.settings.ttl)
        self._announce(captcha_issued, source=source.name, form=form, identity=identity)
        return Captcha(
            uuid,
            data,
            FORMS[form].media_type(source.settings),
            source.settings.ttl,
            has_sound(source.kind, challenge.prompt, source.settings, language),
        )

    def verify(
        self, uuid: object, text: object, *, source: str | Collection[str] | None = None, identity: Any = None
    ) -> Outcome:
        """Return whether ``text`` solves the captcha. Unless MALFORMED, this spends it, whatever the outcome.

        :param source: the source, or sources, that the captcha must come from; None: any.
        :param identity: whose request this is; None: nobody's.
        :raises StoreUnavailable: it cannot be told, and the captcha may be spent.
        """
        outcome, issued_for = self._verified(uuid, text, source, identity)
        self._announce(captcha_verified, outcome=outcome, source=issued_for, identity=identity)
        return outcome

    def _verified(
        self, uuid: object, text: object, source: str | Collection[str] | None, identity: Any
    ) -> tuple[Outcome, str | None]:
        """Return the outcome, and the source of the captcha where there was one."""
        # Shape, before any store sees the uuid: a stray newline can desynchronise a memcached client.
        if not is_uuid(uuid) or not is_typable(text):
            return Outcome.MALFORMED, None
        # Take, before comparing: of all requests with this uuid, only this one goes on.
        entry = self._store.take(str(uuid))
        # Absent: nothing to compare with.
        if entry is None:
            return Outcome.GONE, None
        return self._compared(entry, str(uuid), str(text), source, identity)

    def _compared(
        self, taken: str, uuid: str, text: str, accepted: str | Collection[str] | None, identity: Any
    ) -> tuple[Outcome, str | None]:
        """Return the outcome for an entry on the terms that it names, and its source unless it is gone."""
        entry = Entry.parse(taken)
        if entry is None:
            self._log_once(_UNKNOWN_FORMAT)
            return Outcome.GONE, None
        terms = entry.terms
        key = next((key for key in self._keys if key_id_of(key) == terms.key_id), None)
        if key is None:
            self._log_once(_UNKNOWN_KEY)
            return Outcome.GONE, None
        if _is_past(terms.expires):
            return Outcome.GONE, None
        try:
            source = self._sources.find(terms.source)
        except UnknownSource:  # it was removed since
            return Outcome.GONE, None
        solved = is_digest_of(
            entry.digest,
            key,
            str(terms),
            uuid,
            identity if terms.is_bound else None,
            fold(text, digits_only=terms.digits_only),
        )
        if not solved and terms.is_bound and source.settings.jwt == "off":
            # It may be the identity that is missing: since the captcha was issued, tokens stopped being read.
            return Outcome.GONE, None
        # A captcha of another source or identity is a wrong one.
        return Outcome.PASSED if solved and _accepts(accepted, source.name) else Outcome.WRONG, source.name


def is_uuid(uuid: object) -> bool:
    """Return whether ``uuid`` has the shape of a captcha's id."""
    return isinstance(uuid, str) and UUID.fullmatch(uuid) is not None


def _new_uuid() -> str:
    """Return 13 digits of epoch milliseconds, then 10 that cannot be guessed."""
    return f"{time.time_ns() // 1_000_000:013d}{secrets.randbelow(10**10):010d}"


def _is_past(expires: int) -> bool:
    """Return whether a captcha has expired, whatever the backend keeps.

    ``expires`` is rounded down, and the store keeps an entry that much longer. The clocks of hosts that share a store
    may differ: a host that is ahead of the issuing one ends captchas early by as much, and one that is behind ends them
    late by as much, unless the backend does so before.
    """
    return time.time() > expires + ROUNDING_SECONDS


def _accepts(accepted: str | Collection[str] | None, source_name: str) -> bool:
    if accepted is None:
        return True
    return source_name == accepted if isinstance(accepted, str) else source_name in accepted
