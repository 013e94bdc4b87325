"""The life cycle of a captcha: issued once, taken once, compared once."""

import random
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .captchas import Captcha, KeptCaptcha, is_uuid, new_uuid
from .challenges.folding import EXACT, is_acceptable
from .challenges.makers import Challenge
from .challenges.sources import DEFAULT_THEME, UNCOUNTED, Sources
from .exceptions import FormNotOffered, UnknownSource
from .lazy import Lazy
from .outcome import Outcome
from .rendering import FORMS, has_sound
from .rendering.puzzles import Puzzle, PuzzleMaker
from .settings.config import Difficulty, Theme
from .signals import captcha_issued, captcha_verified, send_robust
from .storage.answers import ROUNDING_SECONDS, AnswerStore
from .storage.digests import digest_of, is_digest_of, key_id_of
from .storage.entries import Entry, Terms

#: The most times in a row that a solved captcha may be kept.
MOST_KEEPS = 9

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
class Verification:
    """The result of verifying a captcha.

    :param source: the name of its source; None if the captcha was not found.
    :param identity: that of the request; None: anonymous.
    :param passed: the terms of the captcha if it passed, else None.
    """

    outcome: Outcome
    source: str | None = None
    identity: Any = field(default=None, repr=False)
    passed: Terms | None = None


class CaptchaService:
    """Issues captchas and verifies them.

    :param puzzles: makes the work; used only for sources that have any.
    :param keys: for the digests of answers. The first one signs; every one verifies what it has signed.
    :param sender: the sender of the signals: the app.
    :param ensure_sync: ``Flask.ensure_sync`` of the app, for async receivers of signals.
    :param log_once: logs a configuration error, unless this process has logged it before.
    """

    def __init__(
        self,
        sources: Sources,
        store: AnswerStore,
        keys: Sequence[bytes],
        puzzles: Lazy[PuzzleMaker],
        *,
        sender: Any,
        ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]],
        log_once: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._store = store
        self._keys = keys
        self._puzzles = puzzles
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
        theme: Theme = DEFAULT_THEME,
    ) -> Captcha:
        """Make a challenge, render it, store the digest of its answer, and return the captcha.

        :param form: a key of ``FORMS``.
        :param identity: the identity to bind the captcha to, any JSON value; None: anonymous.
        :param language: the language of a sound: one of the package's.
        :param difficulty: for a source with ``auto``: ``calm``, ``normal`` or ``hard``.
        :param theme: for a source with ``auto``: ``light`` or ``dark``.
        :raises FormNotOffered: a LookupError: the source has no captchas of this form.
        :raises UnknownSource: a LookupError.
        :raises ValueError: an unknown form, or an identity for a source whose ``jwt`` is ``off``.
        :raises StoreUnavailable: the captcha was not stored, so none was issued.
        """
        source = self._sources.find(source_name)
        row = FORMS.get(form)
        if row is None:
            raise ValueError(f"form is {form!r}: it must be one of {', '.join(FORMS)}")
        if not row.is_offered(source):
            raise FormNotOffered(f"source {source_name!r} has no captchas of the form {form!r}, by its settings")
        if identity is not None and source.settings.jwt == "off":
            raise ValueError(f"source {source_name!r} has jwt 'off', so its captchas cannot be bound to an identity")
        squarings = row.squarings(source.settings)
        puzzle = self._puzzles.get().make(squarings) if squarings else None
        if row.has_prompt:
            challenge = source.new_challenge()
            rng = random.Random(secrets.randbits(128))  # noqa: S311 - answers and uuids come from secrets
            settings = source.settings_at(difficulty, theme)
            data = row.render(source.kind, challenge.prompt, settings, rng, language)
            may_be_heard = has_sound(source.kind, challenge.prompt, source.settings, language)
        else:
            challenge, data, may_be_heard = None, b"", source.may_have_sound
        terms = Terms(
            key_id=key_id_of(self._keys[0]),
            is_bound=source.settings.jwt != "off",
            folding=row.folding(source),
            has_work=puzzle is not None,
            expires=int(time.time()) + source.settings.ttl,
            source=source.name,
        )
        uuid = self._put(terms, identity, _with_solution(challenge, puzzle), source.settings.ttl)
        self._send(captcha_issued, source=source.name, form=form, identity=identity)
        return Captcha(
            uuid,
            data,
            row.media_type(source.settings),
            source.settings.ttl,
            may_be_heard,
            puzzle.to_json() if puzzle else None,
        )

    def verify(
        self, uuid: object, text: object, *, source: str | Collection[str] | None = None, identity: Any = None
    ) -> Verification:
        """Verify a captcha. Every outcome but MALFORMED spends it.

        :param uuid: the captcha's uuid, as the client sent it.
        :param text: what the visitor typed, as the client sent it.
        :param source: the source, or sources, that the captcha must come from; None: any.
        :param identity: that of the request; None: anonymous.
        :raises StoreUnavailable: the outcome is unknown, and the captcha may be spent.
        """
        verification = self._take_and_compare(uuid, text, source, identity)
        self._send(
            captcha_verified, outcome=verification.outcome, source=verification.source, identity=verification.identity
        )
        return verification

    def keep(self, verification: Verification, keeps: int) -> KeptCaptcha | None:
        """Issue a captcha in place of one that passed: for the same source and identity, and with the same expiry.

        :param verification: what :meth:`verify` returned. Calling this twice with it would make two captchas of one.
        :param keeps: how many times in a row a solved captcha may be kept, 0 to 9. For one that was kept before, what
            it has left counts if that is lower.
        :returns: None if there was no captcha that passed, it may not be kept again, or it is about to expire.
        :raises StoreUnavailable: none was issued.
        """
        terms = verification.passed
        if terms is None:
            return None
        times = keeps if terms.keeps_left is None else min(keeps, terms.keeps_left)
        # No more than the ttl: the clock of the host that issued it may be ahead.
        seconds = min(terms.expires - int(time.time()), self._sources.find(terms.source).settings.ttl)
        if times < 1 or seconds < 1:
            return None
        kept = replace(terms, key_id=key_id_of(self._keys[0]), folding=EXACT, has_work=False, keeps_left=times - 1)
        challenge = Challenge("", secrets.token_hex(16))
        uuid = self._put(kept, verification.identity if terms.is_bound else None, challenge, seconds)
        self._send(captcha_issued, source=terms.source, form="kept", identity=verification.identity)
        return KeptCaptcha(uuid, challenge.answer, seconds)

    def _put(self, terms: Terms, identity: Any, challenge: Challenge, ttl: int) -> str:
        """Store the digest of an answer under a new uuid, and return the uuid.

        :param challenge: holds the answer, which would show in the traceback of an error if it were passed as text.
        :raises StoreUnavailable: it was not stored.
        """
        uuid = new_uuid()
        digest = digest_of(self._keys[0], terms.text, uuid, identity, terms.fold(challenge.answer))
        self._store.put(uuid, str(Entry(terms, digest)), ttl)
        return uuid

    def _take_and_compare(
        self, uuid: object, text: object, source: str | Collection[str] | None, identity: Any
    ) -> Verification:
        # Validate the uuid before it reaches a store: a newline in a key can desynchronise a memcached client.
        if not is_uuid(uuid) or not is_acceptable(text):
            return Verification(Outcome.MALFORMED, identity=identity)
        # Take before comparing: of all requests with this uuid, only one gets this far.
        entry = self._store.take(str(uuid))
        if entry is None:
            return Verification(Outcome.GONE, identity=identity)
        return self._compare(entry, str(uuid), str(text), source, identity)

    def _compare(
        self, taken: str, uuid: str, text: str, accepted: str | Collection[str] | None, identity: Any
    ) -> Verification:
        """Compare by the terms of the entry."""
        gone = Verification(Outcome.GONE, identity=identity)
        entry = Entry.parse(taken)
        if entry is None:
            self._log_once(_UNKNOWN_FORMAT)
            return gone
        terms = entry.terms
        key = next((key for key in self._keys if key_id_of(key) == terms.key_id), None)
        if key is None:
            self._log_once(_UNKNOWN_KEY)
            return gone
        if _has_expired(terms.expires):
            return gone
        try:
            source = self._sources.find(terms.source)
        except UnknownSource:  # removed since the captcha was issued
            return gone
        solved = is_digest_of(
            entry.digest,
            key,
            terms.text,
            uuid,
            identity if terms.is_bound else None,
            terms.fold(text),
        )
        if not solved and terms.is_bound and source.settings.jwt == "off":
            # The source's jwt was set to off since the captcha was issued, so the identity may be what is missing.
            return gone
        if solved and _accepts(accepted, source.name):
            return Verification(Outcome.PASSED, source.name, identity, terms)
        # A captcha of another source or identity counts as wrong.
        return Verification(Outcome.WRONG, source.name, identity)


def _with_solution(challenge: Challenge | None, puzzle: Puzzle | None) -> Challenge:
    """Return what has to be sent: the answer, the solution, or both with a dot between."""
    parts = [part for part in (challenge and challenge.answer, puzzle and puzzle.solution) if part]
    return Challenge("", ".".join(parts))


def _has_expired(expires: int) -> bool:
    """Return whether a captcha has expired, even if the backend still has it.

    ``expires`` is rounded down to a second, so a captcha is valid, and its entry kept, a second longer. If the clocks
    of hosts that share a store differ, captchas expire early on a host whose clock is ahead of the issuing host's, and
    late on one whose clock is behind, unless the backend expires them first.
    """
    return time.time() > expires + ROUNDING_SECONDS


def _accepts(accepted: str | Collection[str] | None, source_name: str) -> bool:
    if accepted is None:
        return True
    return source_name == accepted if isinstance(accepted, str) else source_name in accepted
