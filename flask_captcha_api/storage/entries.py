"""The entry that the store keeps for a captcha, and its text format.

``1 <key id> <flags> <expires> <source> <digest>``, such as ``1 8b1d0c5e bd 1790000000 login 5f1d0c…``. Everything
before the digest is the terms on which the captcha was issued. The digest covers them, and they decide how the captcha
is verified, even if the settings have changed since.
"""

import re
from dataclasses import dataclass

from ..challenges.folding import EXACT, RULES, Folding

_VERSION = "1"

# The flags, one letter each and in this order, "-" for none:
#   b  bound: the identity of the request counts (anonymous is an identity too)
#   d  and whatever else is in RULES: how the answer was folded
#   w  work: the answer ends with the solution of a puzzle
#   k  kept, followed by one decimal digit: how many more times it may be kept. Its answer is not folded and has no
#      work, so the flags of those do not occur with it
_FOLDING = "".join(f"{rule.flag}?" for rule in RULES.values())
_FLAGS = f"-|(?=[a-z])b?(?:k([0-9])|{_FOLDING}w?)"
_ENTRY = re.compile(rf"{_VERSION} ([0-9a-f]{{8}}) ({_FLAGS}) ([1-9][0-9]{{0,11}}) ([!-~]+) ([0-9a-f]{{64}})")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms on which a captcha was issued.

    :param key_id: the id of the digest's key: 8 hexadecimal digits.
    :param is_bound: whether the identity of the request counts.
    :param folding: how the answer was folded.
    :param has_work: whether the answer ends with the solution of a puzzle, after a dot or alone.
    :param expires: seconds since the epoch, by the clock of the host that issued the captcha.
    :param source: the name of the source.
    :param keeps_left: how many more times a kept captcha may be kept, 0 to 9. None: it is not a kept one.
    """

    key_id: str
    is_bound: bool
    folding: Folding
    has_work: bool = False
    expires: int
    source: str
    keeps_left: int | None = None

    @property
    def text(self) -> str:
        """Return the part of an entry that the digest covers."""
        flags = ("b" if self.is_bound else "") + self.folding.flags + ("w" if self.has_work else "")
        if self.keeps_left is not None:
            flags += f"k{self.keeps_left}"
        return f"{_VERSION} {self.key_id} {flags or '-'} {self.expires} {self.source}"

    def fold(self, text: str) -> str:
        """Return ``text`` without the differences that do not matter. In a puzzle's solution, all of them matter."""
        if not self.has_work:
            return self.folding.fold(text)
        typed, dot, solution = text.rpartition(".")
        return self.folding.fold(typed) + dot + solution


@dataclass(frozen=True)
class Entry:
    """What the store keeps for one captcha.

    :param digest: the keyed digest of terms, uuid, identity and answer: 64 hexadecimal digits.
    """

    terms: Terms
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Entry | None":
        """Parse an entry. Return None if ``text`` is not one: another release, or something else, has written it."""
        match = _ENTRY.fullmatch(text)
        if match is None:
            return None
        key_id, flags, keeps_left, expires, source, digest = match.groups()
        terms = Terms(
            key_id=key_id,
            is_bound="b" in flags,
            folding=EXACT if keeps_left else Folding.from_flags(flags),
            has_work="w" in flags,
            expires=int(expires),
            source=source,
            keeps_left=int(keeps_left) if keeps_left else None,
        )
        return cls(terms, digest)

    def __str__(self) -> str:
        return f"{self.terms.text} {self.digest}"
