"""What became of an attempt to pass a captcha."""

from enum import Enum


class Outcome(Enum):
    """What became of an attempt; true in a condition only when it passed."""

    #: The text solves the captcha, which is now spent.
    PASSED = "passed"
    #: The text does not solve it, or the captcha belongs to another source or identity. It is spent all the same.
    WRONG = "wrong"
    #: There is no such captcha (any more): unknown, expired or already used, its source was removed, or it was issued
    #: with a SECRET_KEY, or by a release, that this process does not know.
    GONE = "gone"
    #: The uuid or the text is missing or has the wrong shape. Nothing was looked up and nothing is spent.
    MALFORMED = "malformed"

    def __bool__(self) -> bool:
        return self is Outcome.PASSED
