"""Entries: what the store keeps of a captcha, as text.

``1 <key id> <flags> <expires> <source> <digest>``, such as ``1 8b1d0c5e bd 1790000000 login 5f1d0c…``: everything but
the digest is the terms on which the captcha was issued, and the digest covers them. So a captcha is verified as it was
issued, whatever the settings say by then.
"""

import re
from dataclasses import dataclass

_VERSION = "1"

# The flags, one letter each and in this order, "-" for none:
#   b  bound: the identity of the request counts (one that is nobody's is an identity too)
#   d  digits only: the answer is a number, and is folded like one
# Reserved: w (work), k (kept), then one decimal digit (keeps left). An entry that has any of them was written by a
# release that knows more than this one, which must not guess what they mean.
_ENTRY = re.compile(
    rf"{_VERSION} (?P<key_id>[0-9a-f]{{8}}) (?P<flags>-|b?d|b) (?P<expires>[1-9][0-9]{{0,11}}) (?P<source>[!-~]+) "
    r"(?P<digest>[0-9a-f]{64})"
)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms on which a captcha was issued. As text, the part of an entry that its digest covers.

    :param key_id: names the key of the digest, in 8 hexadecimal digits.
    :param is_bound: whether the identity of the request counts.
    :param digits_only: how the answer was folded.
    :param expires: in seconds since the epoch, by the clock of the host that issued the captcha.
    :param source: its name.
    """

    key_id: str
    is_bound: bool
    digits_only: bool
    expires: int
    source: str

    def __str__(self) -> str:
        flags = ("b" if self.is_bound else "") + ("d" if self.digits_only else "")
        return f"{_VERSION} {self.key_id} {flags or '-'} {self.expires} {self.source}"


@dataclass(frozen=True)
class Entry:
    """What the store keeps of one captcha.

    :param digest: of terms, uuid, identity and answer; 64 hexadecimal digits.
    """

    terms: Terms
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Entry | None":
        """Return the entry that ``text`` is; None if another release, or something else, has written it."""
        match = _ENTRY.fullmatch(text)
        if match is None:
            return None
        terms = Terms(
            key_id=match["key_id"],
            is_bound="b" in match["flags"],
            digits_only="d" in match["flags"],
            expires=int(match["expires"]),
            source=match["source"],
        )
        return cls(terms, match["digest"])

    def __str__(self) -> str:
        return f"{self.terms} {self.digest}"
