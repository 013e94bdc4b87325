"""The outcome of verifying a captcha."""

from enum import Enum


class Outcome(Enum):
    """The outcome of verifying a captcha. Only ``PASSED`` is true in a condition."""

    #: The text solves the captcha, which is now spent.
    PASSED = "passed"
    #: The text does not solve the captcha, or the captcha belongs to another source or identity. It is spent anyway.
    WRONG = "wrong"
    #: There is no such captcha, or not any more: it is unknown, expired or spent, its source was removed, or it was
    #: issued with a SECRET_KEY, or by a release, that this process does not know.
    GONE = "gone"
    #: The uuid or the text is missing or malformed. Nothing was looked up and nothing is spent.
    MALFORMED = "malformed"

    def __bool__(self) -> bool:
        return self is Outcome.PASSED
