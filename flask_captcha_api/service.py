"""The life cycle of a captcha: issued once, taken once, compared once."""

import random
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .challenges.folding import is_typable
from .challenges.sources import UNCOUNTED, Sources
from .exceptions import UnknownSource
from .outcome import Outcome
from .rendering import FORMS, has_sound
from .settings.config import Difficulty
from .signals import captcha_issued, captcha_verified, send_robust
from .storage.answers import ROUNDING_SECONDS, AnswerStore
from .storage.digests import digest_of, is_digest_of, key_id_of
from .storage.entries import Entry, Terms

UUID = re.compile(r"[0-9]{23}")

_UNKNOWN_KEY = (
    "a captcha is gone because it was issued with a SECRET_KEY that this process does not have: use one SECRET_KEY in "
    "every worker and after restarts; after changing it, keep the old one in SECRET_KEY_FALLBACKS for CAPTCHA_TTL "
    "seconds"
)
_UNKNOWN_FORMAT = (
    "a captcha is gone because this release cannot read its entry in the cache: either another release wrote it, which "
    "ends CAPTCHA_TTL seconds after an upgrade, or another program writes keys that begin with 'captcha_api:', and "
    "needs a cache of its own"
)


@dataclass(frozen=True)
class Captcha:
    """An issued captcha, without its answer.

    :param uuid: 23 decimal digits.
    :param data: the encoded picture or sound.
    :param media_type: of ``data``, such as ``image/jpeg``.
    :param expires_in: seconds until it expires.
    :param has_sound: whether the source's captchas are also available as a sound.
    """

    uuid: str
    data: bytes = field(repr=False)
    media_type: str
    expires_in: int
    has_sound: bool


class CaptchaService:
    """Issues captchas and verifies them.

    :param keys: for the digests of answers. The first one signs; every one verifies what it has signed.
    :param sender: of the signals: the app.
    :param ensure_sync: ``Flask.ensure_sync`` of the app, for async receivers of signals.
    :param log_once: logs a configuration error, unless this process has logged it before.
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
        self._send = partial(send_robust, sender=sender, ensure_sync=ensure_sync)

    def issue(
        self,
        source_name: str,
        *,
        form: str = "image",
        identity: Any = None,
        language: str = "en",
        difficulty: Difficulty = UNCOUNTED,
    ) -> Captcha:
        """Make a challenge, render it, store the digest of its answer, and return the captcha.

        :param form: ``image`` or ``audio``.
        :param identity: the identity to bind the captcha to, any JSON value; None: anonymous.
        :param language: of a sound; a key of ``CATALOGUES``.
        :param difficulty: of a source with ``auto``: ``calm``, ``normal`` or ``hard``.
        :raises NoSound: a LookupError: the source has no sound.
        :raises UnknownSource: a LookupError.
        :raises ValueError: an unknown form, or an identity for a source whose ``jwt`` is ``off``.
        :raises StoreUnavailable: the captcha was not stored, so none was issued.
        """
        source = self._sources.find(source_name)
        if form not in FORMS:
            raise ValueError(f"form is {form!r}: it must be one of {', '.join(FORMS)}")
        if identity is not None and source.settings.jwt == "off":
            raise ValueError(f"source {source_name!r} has jwt 'off', so its captchas cannot be bound to an identity")
        challenge = source.new_challenge()
        rng = random.Random(secrets.randbits(128))  # noqa: S311 - for rendering; answers and uuids come from secrets
        settings = source.settings_at(difficulty)
        data = FORMS[form].render(source.kind, challenge.prompt, settings, rng, language)
        uuid = _new_uuid()
        key = self._keys[0]
        terms = Terms(
            key_id=key_id_of(key),
            is_bound=source.settings.jwt != "off",
            folding=source.folding,
            expires=int(time.time()) + source.settings.ttl,
            source=source.name,
        )
        digest = digest_of(key, str(terms), uuid, identity, terms.folding.fold(challenge.answer))
        self._store.put(uuid, str(Entry(terms, digest)), source.settings.ttl)
        self._send(captcha_issued, source=source.name, form=form, identity=identity)
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
        """Verify a captcha and return the outcome. Every outcome but MALFORMED spends the captcha.

        :param uuid: the captcha's uuid, as the client sent it.
        :param text: what the visitor typed, as the client sent it.
        :param source: the source, or sources, that the captcha must come from; None: any.
        :param identity: that of the request; None: anonymous.
        :raises StoreUnavailable: the outcome is unknown, and the captcha may be spent.
        """
        outcome, issued_for = self._take_and_compare(uuid, text, source, identity)
        self._send(captcha_verified, outcome=outcome, source=issued_for, identity=identity)
        return outcome

    def _take_and_compare(
        self, uuid: object, text: object, source: str | Collection[str] | None, identity: Any
    ) -> tuple[Outcome, str | None]:
        """Return the outcome, and the name of the captcha's source if the captcha was found."""
        # Validate the uuid before it reaches a store: a newline in a key can desynchronise a memcached client.
        if not is_uuid(uuid) or not is_typable(text):
            return Outcome.MALFORMED, None
        # Take before comparing: of all requests with this uuid, only one gets this far.
        entry = self._store.take(str(uuid))
        if entry is None:
            return Outcome.GONE, None
        return self._compare(entry, str(uuid), str(text), source, identity)

    def _compare(
        self, taken: str, uuid: str, text: str, accepted: str | Collection[str] | None, identity: Any
    ) -> tuple[Outcome, str | None]:
        """Return the outcome by the terms of the entry, and the name of its source unless it is gone."""
        entry = Entry.parse(taken)
        if entry is None:
            self._log_once(_UNKNOWN_FORMAT)
            return Outcome.GONE, None
        terms = entry.terms
        key = next((key for key in self._keys if key_id_of(key) == terms.key_id), None)
        if key is None:
            self._log_once(_UNKNOWN_KEY)
            return Outcome.GONE, None
        if _has_expired(terms.expires):
            return Outcome.GONE, None
        try:
            source = self._sources.find(terms.source)
        except UnknownSource:  # removed since the captcha was issued
            return Outcome.GONE, None
        solved = is_digest_of(
            entry.digest,
            key,
            str(terms),
            uuid,
            identity if terms.is_bound else None,
            terms.folding.fold(text),
        )
        if not solved and terms.is_bound and source.settings.jwt == "off":
            # The source's jwt was set to off since the captcha was issued, so the identity may be what is missing.
            return Outcome.GONE, None
        # A captcha of another source or identity counts as wrong.
        return Outcome.PASSED if solved and _accepts(accepted, source.name) else Outcome.WRONG, source.name


def is_uuid(uuid: object) -> bool:
    """Return whether ``uuid`` has the format of a captcha's uuid."""
    return isinstance(uuid, str) and UUID.fullmatch(uuid) is not None


def _new_uuid() -> str:
    """Return 13 digits of epoch milliseconds followed by 10 random digits."""
    return f"{time.time_ns() // 1_000_000:013d}{secrets.randbelow(10**10):010d}"


def _has_expired(expires: int) -> bool:
    """Return whether a captcha has expired, even if the backend still has it.

    ``expires`` is rounded down, and the store keeps an entry that much longer. If the clocks of hosts that share a
    store differ, captchas expire early on a host whose clock is ahead of the issuing host's, and late on one whose
    clock is behind, unless the backend expires them first.
    """
    return time.time() > expires + ROUNDING_SECONDS


def _accepts(accepted: str | Collection[str] | None, source_name: str) -> bool:
    if accepted is None:
        return True
    return source_name == accepted if isinstance(accepted, str) else source_name in accepted
